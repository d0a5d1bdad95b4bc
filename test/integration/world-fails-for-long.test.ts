import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { readStatus } from '../../src/contract/status.ts'
import { startControlPlane } from '../control-plane/control-plane.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { chainFingerprint, createAuthority, createLeaf } from '../fixtures/certificates.ts'
import { ApiProxy } from '../harness/api-proxy.ts'
import { InProcessOperator } from '../harness/in-process-operator.ts'
import { expectEverythingTrue } from '../harness/invariants.ts'
import { PassingTime } from '../harness/passing-time.ts'
import { eventually, World } from '../harness/world.ts'

/* Minutes and hours of failure, on a clock that is moved by hand: the composition root runs in this process. */

const cluster = sharedCluster()
const issuer = createAuthority({ name: 'Issuer' })
afterAll(() => cluster.close())

let time: PassingTime
let cleanUp: (() => unknown)[]
beforeEach(() => {
  time = new PassingTime()
  cleanUp = [() => time.end()]
})
afterEach(async () => {
  for (const each of cleanUp.reverse()) await each()
})

const minutes = 60_000

async function createWorld(on = cluster): Promise<World> {
  const world = await World.create(on, { elapsed: () => time.clock.elapsed() })
  cleanUp.push(() => world[Symbol.asyncDispose]())
  return world
}

async function startOperator(world: World, options: Record<string, string> = {}): Promise<InProcessOperator> {
  const operator = await InProcessOperator.start(world, time.clock, { 'log-level': 'info', ...options })
  cleanUp.push(() => operator.stop())
  return operator
}

/** Creates or renews a Secret; resolves with a function that says whether it has the id of what it holds now. */
async function put(world: World, name: string, how: 'create' | 'renew' = 'create') {
  const chain = [await createLeaf({ issuer: await issuer, commonName: `${name}.example.com` }), await issuer]
  await (how === 'create' ? world.createSecret(name, { chain }) : world.renewSecret(name, { chain }))
  return async () => {
    const { phase, uploaded } = await world.status(name)
    return phase === 'Synced' && uploaded?.chainFingerprint === chainFingerprint('SVR', ...chain)
  }
}

const uploadsOf = ({ simulator }: World, name: string) =>
  simulator.calls('UploadCertificate').filter(({ alias }) => alias?.endsWith(`/${name}`)).length

test('the API server is down for five minutes: alive all the time, unready after three, well afterwards', async () => {
  const controlPlane = await startControlPlane()
  cleanUp.push(() => controlPlane.stop())
  const world = await createWorld(controlPlane)
  const operator = await startOperator(world)
  await time.until('the first is synced', await put(world, 'first'), { withinMs: 10_000 })
  const hold = world.simulator.fault({ kind: 'hold', at: 'before-work', action: 'UploadCertificate' })
  const secondSynced = await put(world, 'second')
  await eventually('the second is being uploaded', () => hold.holding === 1)

  await controlPlane.stopApiServer('SIGKILL')
  // It is uploaded, and there is nobody to tell.
  hold.remove()
  const downSince = time.clock.elapsed()
  let unreadyAfterMs: number | undefined
  await time.pass(5 * minutes, 5_000, async () => {
    expect(await operator.health('/healthz')).toBe(200)
    if ((await operator.health('/readyz')) === 200) expect(unreadyAfterMs).toBeUndefined()
    else unreadyAfterMs ??= time.clock.elapsed() - downSince
  })
  expect(unreadyAfterMs).toBeGreaterThan(2 * minutes)
  expect(unreadyAfterMs).toBeLessThanOrEqual(3 * minutes + 10_000)

  await controlPlane.startApiServer()
  const isReady = async () => (await operator.health('/readyz')) === 200
  await time.until('it is ready', isReady, { withinMs: 1 * minutes })
  await time.until('the second is synced', secondSynced, { withinMs: 2 * minutes })
  await time.until('a renewal is synced', await put(world, 'first', 'renew'), { withinMs: 10_000 })
  await time.until('a new one is synced', await put(world, 'third'), { withinMs: 10_000 })
  await expectEverythingTrue(world)
  expect(uploadsOf(world, 'second')).toBe(1)
  expect(world.uploads()).toBe(4)
})

test('an outage of 1,000 Secrets: calls slow down to one in 8 s, and to full speed when it is over', async () => {
  const count = 1_000
  const world = await createWorld()
  const outage = world.simulator.fault({ kind: 'http-status', status: 503 })
  for (let from = 0; from < count; from += 50) {
    const names = Array.from({ length: 50 }, (_, index) => `shop-${from + index}`)
    await Promise.all(names.map((name) => put(world, name)))
  }
  const operator = await startOperator(world)
  const lines = (reason: string) => operator.log().filter((line) => line['reason'] === reason)
  await time.until('the service is silent', () => lines('ServiceSilent').length > 0, {
    withinMs: 5 * minutes,
  })
  expect(await operator.metric('tencent_cert_sync_service_silent')).toBe(1)
  await time.pass(2 * minutes, 5_000)
  const before = world.uploads()

  await time.pass(20 * minutes, 5_000)
  const probes = world.uploads() - before
  expect(probes).toBeGreaterThanOrEqual(20)
  expect(probes).toBeLessThanOrEqual((20 * 60) / 8 + 1)
  expect(await operator.metric('tencent_cert_sync_account_held')).toBe(0)
  expect(await operator.health('/healthz')).toBe(200)

  outage.remove()
  const isServed = async () => {
    if (world.simulator.certificates().length < count) return false
    const secrets = await cluster.admin.listSecrets(world.namespace)
    return secrets.every(({ metadata }) => readStatus(metadata.annotations ?? {}).phase === 'Synced')
  }
  // Eight seconds to the next call, a hundred at ten a second: nobody waits out a back-off of the outage.
  await time.until('everything is synced', isServed, { withinMs: 180_000 })
  await expectEverythingTrue(world)
  expect(world.uploads()).toBe(before + probes + count)
  expect(lines('ServiceSilent')).toHaveLength(1)
  expect(lines('ServiceAnswers')).toHaveLength(1)
  expect(lines('AccountHeld')).toHaveLength(0)
}, 240_000)

test('a limit lower than ours for ten minutes: slots go down, and come back', async () => {
  const world = await createWorld()
  world.simulator.setRateLimit(3)
  const synced = await Promise.all(Array.from({ length: 40 }, (_, index) => put(world, `shop-${index}`)))
  const operator = await startOperator(world)
  const slots = () => operator.metric('tencent_cert_sync_upload_slots')
  let fewest = 10
  for (const each of synced) {
    const isSynced = async () => {
      fewest = Math.min(fewest, await slots())
      return each()
    }
    await time.until('it is synced', isSynced, { withinMs: 1 * minutes })
  }
  expect(fewest).toBeLessThanOrEqual(5)
  expect(operator.log().filter(({ decision }) => decision === 'Failed')).toEqual([])
  const throttled = world.simulator.calls().filter(({ result }) => result !== 'Success')
  // Ten at first; then each slot that is given back asks once too often.
  expect(throttled.length).toBeLessThanOrEqual(20)

  world.simulator.setRateLimit(10)
  await time.until('all slots are back', async () => (await slots()) === 10, { withinMs: 100_000 })
  await expectEverythingTrue(world)
})

test('a watch that is dead without anybody saying so is noticed within 90 s', async () => {
  const world = await createWorld()
  const proxy = await ApiProxy.start(cluster)
  cleanUp.push(() => proxy[Symbol.asyncDispose]())
  const operator = await startOperator(world, { kubeconfig: proxy.kubeconfig(world.account) })
  await time.until('the first is synced', await put(world, 'first'), { withinMs: 10_000 })
  proxy.stallWatches()
  const renewed = await put(world, 'first', 'renew')
  const tookMs = await time.until('the renewal is synced', renewed, { withinMs: 95_000 })
  expect(tookMs).toBeGreaterThan(10_000)
  expect(await operator.health('/readyz')).toBe(200)
  await expectEverythingTrue(world)
  expect(world.uploads()).toBe(2)
})
