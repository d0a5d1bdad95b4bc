import type { Status } from '../../src/contract/status.ts'
import type { Cluster } from '../control-plane/cluster.ts'
import {
  chainFingerprint,
  createAuthority,
  createLeaf,
  type TestCertificate,
} from '../fixtures/certificates.ts'
import type { Call } from '../simulator/call-log.ts'
import { InProcessOperator } from './in-process-operator.ts'
import { LeapingClock } from './leaping-clock.ts'
import { eventually, World, type WorldOptions } from './world.ts'

const issuer = await createAuthority({ name: 'Issuer' })

/** A Secret of a scene, with a certificate of its own. */
export interface SceneSecret {
  readonly name: string
  readonly namespace: string
  readonly leaf: TestCertificate
  /** tls.crt: leaf first. */
  readonly sent: readonly TestCertificate[]
  /** Fingerprint of `sent`. */
  readonly chain: string
}

/** An operator in this process, its clock, its cloud, and Secrets: a world in which hours pass at once. */
export class Scene {
  readonly clock: LeapingClock
  readonly world: World
  #written = 0
  #operator: InProcessOperator | undefined

  private constructor(clock: LeapingClock, world: World) {
    this.clock = clock
    this.world = world
  }

  static async create(cluster: Cluster, options: WorldOptions = {}): Promise<Scene> {
    const clock = new LeapingClock()
    // The rate limit is measured on the operator's clock: what it lets pass before a leap is long ago after it.
    const world = await World.create(cluster, { namespaces: 2, elapsed: () => clock.elapsed(), ...options })
    return new Scene(clock, world)
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

  async [Symbol.asyncDispose](): Promise<void> {
    // Held calls and time-outs must not delay the end.
    this.world.simulator.clearFaults()
    await this.#operator?.stop()
    await this.world[Symbol.asyncDispose]()
  }
}
