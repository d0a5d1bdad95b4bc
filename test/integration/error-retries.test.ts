import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { rungs } from '../../src/ledger/cosmetics-ladder.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { Scene, type SceneSecret } from '../harness/scene.ts'
import { eventually } from '../harness/world.ts'

const cluster = sharedCluster()
afterAll(() => cluster.close())

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

function scenario(name: string, run: (scene: Scene, secret: SceneSecret) => Promise<void>): void {
  test.concurrent(name, async () => {
    await using scene = await Scene.create(cluster)
    await run(scene, await scene.secret('shop'))
    const chains = scene.world.simulator.certificates().map((it) => it.chainFingerprint)
    expect(new Set(chains).size).toBe(chains.length)
  })
}

const answered = (scene: Scene, secret: SceneSecret) =>
  scene.uploads(secret).filter((it) => it.finishedMs !== undefined).length

/** When one Secret's failing call is made again: after each wait, or up to a fifth earlier, and never before. */
const paces: readonly (readonly [string, string, readonly number[]])[] = [
  ['an outage', 'InternalError', [1, 2, 4, 8, 16, 32, 60, 60, 60].map((n) => n * second)],
  [
    'a missing permission',
    'FailedOperation.CAMAuthorizedFail',
    [10, 20, 40, 60, 60, 60].map((n) => n * minute),
  ],
  ['an unknown code', 'Some.NewCode', [10, 20, 40, 80, 160, 320, 360, 360].map((n) => n * minute)],
  ['a full account', 'LimitExceeded', [hour, hour, hour, hour]],
  ['a refusal', 'FailedOperation.CertificateInvalid', [24 * hour, 24 * hour, 24 * hour]],
]

for (const [what, code, waits] of paces) {
  scenario(`${what} (${code}) is tried again at its own pace, with one status write`, async (scene, shop) => {
    scene.world.simulator.fault({ kind: 'error', code })
    await scene.write(shop)
    await scene.startOperator({ resync: '100ms' })
    const { reason } = await scene.eventuallyStatus(shop, 'a reason', (it) => it.reason !== undefined)
    const events = async () =>
      (await cluster.admin.listEvents(shop.namespace, shop.name)).filter((it) => it.reason === reason)
    // Before time leaps: a request that is under way would run into its time-out.
    await eventually('an Event', async () => (await events()).length > 0)
    let failedAt = scene.clock.elapsed()

    for (const [index, wait] of waits.entries()) {
      expect(answered(scene, shop)).toBe(index + 1)
      if (wait >= minute) {
        scene.clock.leap(failedAt + 0.79 * wait - scene.clock.elapsed())
        await scene.resyncs(2)
        expect(scene.uploads(shop)).toHaveLength(index + 1)
      }
      scene.clock.leap(failedAt + wait + 100 - scene.clock.elapsed())
      await eventually('it is tried again', () => answered(scene, shop) > index + 1)
      failedAt = scene.clock.elapsed()
      await scene.resyncs(2)
    }
    expect((await scene.status(shop)).reason).toBe(reason)
    expect(await events()).toHaveLength(1)
    // A refusal is dated, and so written again when it is a new one.
    expect(await scene.writes(shop)).toBe(reason === 'RefusedByService' ? waits.length + 1 : 1)
  })
}

scenario(
  'what the service refused is tried again at once when it changes, not at a restart',
  async (scene, shop) => {
    const { world } = scene
    const fault = world.simulator.fault({ kind: 'error', code: 'FailedOperation.CertificateInvalid' })
    await scene.write(shop)
    await scene.startOperator()
    await scene.eventuallyStatus(shop, 'Rejected', (it) => it.phase === 'Rejected')
    await scene.startOperator({ resync: '100ms' })
    await scene.resyncs(5)
    expect(scene.uploads(shop)).toHaveLength(1)

    // Foreign annotations are no reason.
    await cluster.admin.updateSecret(shop.namespace, shop.name, { annotations: { 'example.com/x': 'y' } })
    await scene.resyncs(5)
    expect(scene.uploads(shop)).toHaveLength(1)

    await world.annotate(shop.name, { requestedAt: 'once more' })
    await scene.eventuallyStatus(shop, 'handled', (it) => it.handledRequest === 'once more')
    expect(scene.uploads(shop)).toHaveLength(2)
    await world.annotate(shop.name, { alias: 'another' })
    await eventually('it is tried with the alias', () => answered(scene, shop) === 3)
    await scene.resyncs(5)
    expect(scene.uploads(shop)).toHaveLength(3)

    fault.remove()
    await world.annotate(shop.name, { alias: 'a third' })
    await scene.eventuallySynced(shop)
  },
)

scenario('a touch of a failing Secret by somebody else never calls early', async (scene, shop) => {
  scene.world.simulator.fault({ kind: 'error', code: 'LimitExceeded' })
  await scene.write(shop)
  await scene.startOperator({ resync: '100ms' })
  await scene.eventuallyStatus(shop, 'QuotaExceeded', (it) => it.reason === 'QuotaExceeded')

  for (let n = 0; n < 10; n++) {
    await cluster.admin.updateSecret(shop.namespace, shop.name, { annotations: { 'example.com/n': `${n}` } })
    await scene.resyncs(1)
  }

  expect(scene.uploads(shop)).toHaveLength(1)
  expect(await scene.writes(shop)).toBe(1)
})

for (const code of ['InvalidParameter.WithDetailReason', 'UnknownParameter', 'UnauthorizedOperation']) {
  scenario(`${code} for tags costs one more call a rung, and is named`, async (scene, shop) => {
    const { simulator } = scene.world
    simulator.fault({ kind: 'error', code, tag: { key: 'cert-sync/cluster' } })
    await scene.world.createSecret(shop.name, {
      chain: shop.sent,
      annotations: { alias: 'a text', certificateUse: 'CLB', tags: 'team=payments', projectId: '42' },
    })
    await scene.startOperator({ resync: '100ms' })

    const status = await scene.eventuallySynced(shop)
    await scene.resyncs(20)

    expect(status).toMatchObject({ reason: 'SettingsRefused', origin: 'Uploaded' })
    expect(status.message).toContain(code)
    const uploads = scene.uploads(shop)
    expect(uploads).toHaveLength(rungs.length)
    const [refused, withoutSettings] = uploads
    const accepted = uploads.at(-1)
    expect(refused).toMatchObject({ alias: 'a text', certificateUse: 'CLB', projectId: 42 })
    expect(refused?.tags).toContainEqual({ TagKey: 'team', TagValue: 'payments' })
    expect(withoutSettings?.alias).toBeUndefined()
    expect(withoutSettings?.tags).not.toContainEqual({ TagKey: 'team', TagValue: 'payments' })
    // The project is no cosmetic: it says where the certificate goes.
    expect(accepted).toMatchObject({ projectId: 42, result: 'Success', repeatable: false })
    expect([accepted?.alias, accepted?.certificateUse, accepted?.tags]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect(await scene.writes(shop)).toBe(1)
  })
}

for (const status of [301, 302, 307, 308]) {
  scenario(`a redirect (${status}) is an error, and its target never hears of it`, async (scene, shop) => {
    const heard: (string | undefined)[] = []
    await using target = createServer((request, response) => {
      heard.push(request.url)
      response.end()
    })
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
    const { simulator } = scene.world
    const location = `http://127.0.0.1:${(target.address() as AddressInfo).port}/elsewhere`
    simulator.fault({ kind: 'redirect', status, location, times: 1 })
    simulator.fault({ kind: 'redirect', status, location: '/elsewhere' })
    await scene.write(shop)
    await scene.startOperator({ resync: '100ms' })

    const told = await scene.eventuallyStatus(shop, 'Failed', (it) => it.phase === 'Failed')
    await scene.resyncs(20)
    expect(told).toMatchObject({ reason: 'UnexpectedError', uploaded: undefined })
    expect(told.message).toContain('redirect')
    expect(simulator.calls()).toHaveLength(1)

    // Now to another path of the same host.
    scene.clock.leap(10 * minute)
    await eventually('the second try', () => answered(scene, shop) === 2)
    await scene.resyncs(20)
    expect(simulator.calls()).toHaveLength(2)
    expect(heard).toEqual([])
    simulator.clearFaults()
    scene.clock.leap(20 * minute)
    await scene.eventuallySynced(shop)
  })
}

scenario('a redirect whose target cannot be read is an error like any other', async (scene, shop) => {
  const { simulator } = scene.world
  // A URL, but its user cannot be decoded.
  simulator.fault({ kind: 'redirect', status: 302, location: 'http://u%zz@127.0.0.1:1/' })
  await scene.write(shop)
  await scene.startOperator({ resync: '100ms' })

  const told = await scene.eventuallyStatus(shop, 'Failed', (it) => it.phase === 'Failed')
  expect(told.message).toContain('redirect')
  await scene.resyncs(20)
  expect(simulator.calls()).toHaveLength(1)

  simulator.clearFaults()
  scene.clock.leap(10 * minute)
  await scene.eventuallySynced(shop)
})

scenario('an answer cut short is known at once, and the same id comes with the next', async (scene, shop) => {
  scene.world.simulator.fault({ kind: 'cut-short', times: 1 })
  await scene.write(shop)
  await scene.startOperator({ resync: '100ms' })

  // Not the time-out of the request: that is 30 s away.
  const told = await scene.eventuallyStatus(shop, 'Failed', (it) => it.phase === 'Failed')
  expect(told).toMatchObject({ reason: 'ServiceUnavailable' })
  expect(told.message).toContain('ConnectionFailed')
  scene.clock.leap(minute)
  await scene.eventuallySynced(shop)
  expect(scene.world.simulator.certificates()).toHaveLength(1)
})
