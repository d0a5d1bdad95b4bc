import { expect } from 'vitest'
import type { Cluster } from '../control-plane/cluster.ts'
import type { FaultKind } from '../simulator/faults.ts'
import type { ErrorExpectation } from './error-expectations.ts'
import { Scene, type SceneSecret } from './scene.ts'
import { eventually } from './world.ts'

/** Words that a service might say, and that must not be handed on: it may echo the request. */
const wordsOfTheService = 'These are the words of the service'

/**
 * One error, from the first call to the day it is gone: the Secret's end state, who else is affected, what many
 * resyncs call and write, and when it is tried again.
 */
export async function expectErrorIsHandled(
  cluster: Cluster,
  fault: FaultKind,
  code: string,
  expected: ErrorExpectation,
): Promise<void> {
  const { end, says = code, firstCalls = 1, resyncs = 100, laterCalls, otherSyncs = true } = expected
  const mostLater = expected.wokenBySuccess ? firstCalls : 0
  // Denied for the second time, it waits for twice as long.
  const againMs = expected.againMs * (expected.wokenBySuccess ? 2 : 1)
  await using scene = await Scene.create(cluster)
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
  await scene.resyncs(resyncs)

  const later = scene.uploads(sick).length - calls
  const [fewest, most] = laterCalls?.(clock.elapsed() - failedAt) ?? [0, mostLater]
  expect(later).toBeGreaterThanOrEqual(fewest)
  expect(later).toBeLessThanOrEqual(most)
  expect(await scene.status(sick)).toMatchObject({ ...(end ?? { phase: undefined }), uploaded: undefined })
  expect(await scene.writes(sick)).toBe(end === undefined ? 0 : 1)
  expect(await scene.writes(healthy)).toBe(otherSyncs ? 1 : 0)
  expect(scene.uploads(healthy)).toHaveLength(otherSyncs ? 1 : 0)

  if (!laterCalls) {
    clock.leap(failedAt + 0.79 * expected.againMs - clock.elapsed())
    await scene.resyncs(2)
    expect(scene.uploads(sick)).toHaveLength(calls + later)
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
}

/** Annotation, Event, log and metric use one word, and none of them the service's own (I3, I7). */
async function expectToldEverywhere(scene: Scene, secret: SceneSecret, reason: string): Promise<void> {
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
