import { expect } from 'vitest'
import type { Status } from '../../src/sync/status.ts'
import type { Cluster } from '../control-plane/cluster.ts'
import {
  chainFingerprint,
  createAuthority,
  createLeaf,
  type TestCertificate,
} from '../fixtures/certificates.ts'
import type { Call } from '../simulator/call-log.ts'
import type { FaultKind } from '../simulator/faults.ts'
import type { ErrorExpectation } from './error-expectations.ts'
import { InProcessOperator } from './in-process-operator.ts'
import { LeapingClock } from './leaping-clock.ts'
import { eventually, World, type WorldOptions } from './world.ts'

const issuer = await createAuthority({ name: 'Issuer' })

/** A Secret of a scene, each in a namespace of its own. */
export interface SceneSecret {
  readonly name: string
  readonly namespace: string
  readonly leaf: TestCertificate
  /** tls.crt: leaf first. */
  readonly sent: readonly TestCertificate[]
  /** Fingerprint of `sent`. */
  readonly chain: string
}

/** An operator in this process, its clock, its cloud, and Secrets whose uploads go wrong as a test wants. */
export class ErrorScene {
  readonly clock: LeapingClock
  readonly world: World
  #written = 0
  #operator: InProcessOperator | undefined

  private constructor(clock: LeapingClock, world: World) {
    this.clock = clock
    this.world = world
  }

  static async create(cluster: Cluster, options: WorldOptions = {}): Promise<ErrorScene> {
    const clock = new LeapingClock()
    // The rate limit is measured on the operator's clock: what it lets pass before a leap is long ago after it.
    const world = await World.create(cluster, { namespaces: 2, elapsed: () => clock.elapsed(), ...options })
    return new ErrorScene(clock, world)
  }

  get operator(): InProcessOperator {
    if (this.#operator === undefined) throw new Error('the scene has no operator yet')
    return this.#operator
  }

  /** Starts an operator in place of the last one; the lanes are open. */
  async startOperator(overrides: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#operator?.stop()
    this.#operator = await InProcessOperator.start(this.world, this.clock, overrides)
    this.clock.leap(1_000)
  }

  /** Makes ready a Secret that is not there yet, with a certificate of its own. */
  async secret(name: string, namespace = this.world.namespace): Promise<SceneSecret> {
    const leaf = await createLeaf({ issuer, commonName: `${name}.example.com` })
    return { name, namespace, leaf, sent: [leaf, issuer], chain: chainFingerprint('SVR', leaf, issuer) }
  }

  async write(secret: SceneSecret): Promise<void> {
    await this.world.createSecret(secret.name, { chain: secret.sent }, secret.namespace)
    this.#written++
  }

  /** What arrived of a Secret's certificate, answered or not. */
  uploads(secret: SceneSecret): readonly Call[] {
    return this.world.simulator
      .calls('UploadCertificate')
      .filter((it) => it.leafFingerprint === secret.leaf.fingerprint)
  }

  status({ name, namespace }: SceneSecret): Promise<Status> {
    return this.world.status(name, namespace)
  }

  eventuallyStatus(
    { name, namespace }: SceneSecret,
    what: string,
    holds: (status: Status) => boolean,
  ): Promise<Status> {
    return this.world.eventuallyStatus(name, what, holds, { namespace })
  }

  eventuallySynced({ name, namespace, chain }: SceneSecret): Promise<Status> {
    return this.world.eventuallySynced(name, chain, { namespace })
  }

  /** Status writes of a Secret, as the API server counted them. */
  async writes({ name, namespace }: SceneSecret): Promise<number> {
    const requests = await this.world.requests({ verb: 'patch', name })
    return requests.filter((it) => it.objectRef?.namespace === namespace).length
  }

  /** Lets `count` resyncs of the operator (`--resync 100ms`) take place, each looking at every Secret. */
  async resyncs(count: number): Promise<void> {
    const looks = () => this.operator.metric('tencent_cert_sync_reconcile_total')
    for (let seen = await looks(), n = 0; n < count; n++) {
      // A resync varies by a tenth.
      this.clock.leap(111)
      const before = seen
      await eventually('a resync looks at every Secret', async () => {
        seen = await looks()
        return seen >= before + this.#written
      })
    }
  }

  async end(): Promise<void> {
    // Held calls and time-outs must not delay the end.
    this.world.simulator.clearFaults()
    await this.#operator?.stop()
    await this.world.end()
  }
}

/** Words that a service might say, and that must not be handed on: it may echo the request. */
const wordsOfTheService = 'These are the words of the service'

/**
 * One error, from the first call to the day it is gone: the Secret's end state, who else is affected, what 100
 * resyncs call and write, and when it is tried again.
 */
export async function expectErrorIsHandled(
  cluster: Cluster,
  fault: FaultKind,
  code: string,
  expected: ErrorExpectation,
): Promise<void> {
  const { end, says = code, firstCalls = 1, laterCalls = [0, 0], otherSyncs = true, againMs } = expected
  const scene = await ErrorScene.create(cluster)
  try {
    const { world, clock } = scene
    const [sick, healthy] = await Promise.all([
      scene.secret('sick'),
      scene.secret('healthy', world.namespaces[1]),
    ])
    const striking = world.simulator.fault({
      ...(fault.kind === 'error' ? { ...fault, message: wordsOfTheService } : fault),
      action: 'UploadCertificate',
      ...(otherSyncs ? { leafFingerprint: sick.leaf.fingerprint } : {}),
    })
    await scene.write(sick)
    await scene.startOperator({ resync: '100ms' })

    await eventually('the calls are answered', () => {
      return scene.uploads(sick).filter((it) => it.finishedMs !== undefined).length >= firstCalls
    })
    if (end !== undefined) {
      const status = await scene.eventuallyStatus(sick, end.phase, (it) => it.phase === end.phase)
      expect(status).toMatchObject({ ...end, uploaded: undefined, intent: undefined })
      expect(status.message).toContain(says)
      expect(scene.uploads(sick)).toHaveLength(firstCalls)
      await expectToldEverywhere(scene, sick, end.reason)
    }
    const failedAt = clock.elapsed()
    const calls = scene.uploads(sick).length

    await scene.write(healthy)
    if (otherSyncs) await scene.eventuallySynced(healthy)
    await scene.resyncs(100)

    const later = scene.uploads(sick).length - calls
    expect(later).toBeGreaterThanOrEqual(laterCalls[0])
    expect(later).toBeLessThanOrEqual(laterCalls[1])
    expect(await scene.status(sick)).toMatchObject({ ...(end ?? { phase: undefined }), uploaded: undefined })
    expect(await scene.writes(sick)).toBe(end === undefined ? 0 : 1)
    expect(await scene.writes(healthy)).toBe(otherSyncs ? 1 : 0)
    expect(scene.uploads(healthy)).toHaveLength(otherSyncs ? 1 : 0)

    if (laterCalls[1] === 0) {
      clock.leap(failedAt + 0.79 * againMs - clock.elapsed())
      await scene.resyncs(2)
      expect(scene.uploads(sick)).toHaveLength(calls)
    }
    striking.remove()
    clock.leap(againMs)
    await Promise.all([scene.eventuallySynced(sick), scene.eventuallySynced(healthy)])
    expect(
      world.simulator
        .certificates()
        .map((it) => it.leafFingerprint)
        .sort(),
    ).toEqual([sick, healthy].map((it) => it.leaf.fingerprint).sort())
    expect(world.simulator.maxInAnySecond('UploadCertificate')).toBeLessThanOrEqual(10)
  } finally {
    await scene.end()
  }
}

/** Annotation, Event, log and metric use one word, and none of them the service's own (I3, I7). */
async function expectToldEverywhere(scene: ErrorScene, secret: SceneSecret, reason: string): Promise<void> {
  const { admin } = scene.world.cluster
  const { name, namespace } = secret
  await eventually(`an Event says ${reason}`, async () => {
    return (await admin.listEvents(namespace, name)).some((it) => it.reason === reason)
  })
  expect(scene.operator.log()).toContainEqual(expect.objectContaining({ namespace, name, reason }))
  const metrics = await scene.operator.metrics()
  expect(metrics).toMatch(
    new RegExp(`^tencent_cert_sync_secret_[a-z_]+\\{[^}]*name="${name}"[^}]*reason="${reason}"`, 'm'),
  )
  const told = [
    metrics,
    JSON.stringify(scene.operator.log()),
    JSON.stringify(await admin.listEvents(namespace, name)),
    JSON.stringify(await admin.annotations(namespace, name)),
  ].join('\n')
  expect(told).not.toContain(wordsOfTheService)
}
