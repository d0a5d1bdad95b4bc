import { afterAll, describe, expect, test } from 'vitest'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { chainFingerprint, createAuthority, createLeaf } from '../fixtures/certificates.ts'
import { ApiProxy, isSecretPatch } from '../harness/api-proxy.ts'
import { expectEverythingTrue } from '../harness/invariants.ts'
import type { OperatorProcess } from '../harness/operator-process.ts'
import { eventually, World } from '../harness/world.ts'

/* A node is drained, a new version is rolled out: SIGTERM, and a successor at once (I9). */

const cluster = sharedCluster()
const issuer = createAuthority({ name: 'Issuer' })
afterAll(() => cluster.close())

async function staged(run: (world: World, proxy: ApiProxy) => Promise<void>): Promise<void> {
  await using proxy = await ApiProxy.start(cluster)
  await using world = await World.create(cluster)
  await run(world, proxy)
}

/** Creates a Secret; resolves with a function that waits for its id. */
async function put(world: World, name: string): Promise<() => Promise<unknown>> {
  const chain = [await createLeaf({ issuer: await issuer, commonName: `${name}.example.com` }), await issuer]
  await world.createSecret(name, { chain })
  return () => world.eventuallySynced(name, chainFingerprint('SVR', ...chain), { timeoutMs: 30_000 })
}

/** SIGTERM; resolves with the exit code and how long it took, ms. */
async function stopped(operator: OperatorProcess): Promise<{ code: number | null; ms: number }> {
  const start = performance.now()
  const code = await operator.stop()
  return { code, ms: performance.now() - start }
}

describe('SIGTERM', () => {
  test.concurrent('in a batch: what is in flight is finished and written down, nothing else is begun', () =>
    staged(async (world) => {
      const count = 30
      world.simulator.fault({ kind: 'delay', ms: 300 })
      const names = Array.from({ length: count }, (_, index) => `shop-${index}`)
      const synced = await Promise.all(names.map((name) => put(world, name)))
      const operator = world.startOperator()
      await eventually('a second wave of uploads is under way', () => world.uploads() > 10)

      const { code, ms } = await stopped(operator)
      expect(code).toBe(0)
      expect(operator.stderr).toBe('')
      expect(ms).toBeLessThan(30_000)
      const uploaded = world.simulator.certificates().map(({ id }) => id)
      expect(uploaded).toHaveLength(world.uploads())
      expect(uploaded.length).toBeLessThanOrEqual(20)
      const statuses = await Promise.all(names.map((name) => world.status(name)))
      const named = statuses.flatMap((status) => status.uploaded?.certificateId ?? [])
      expect(named.sort()).toEqual(uploaded.sort())

      world.startOperator()
      for (const each of synced) await each()
      await expectEverythingTrue(world)
      expect(world.simulator.certificates()).toHaveLength(count)
      expect(world.uploads()).toBe(count)
    }))

  test.concurrent('with an upload that never ends: it is given up before the grace is over', () =>
    staged(async (world) => {
      const hold = world.simulator.fault({ kind: 'hold', at: 'before-work', action: 'UploadCertificate' })
      const synced = await put(world, 'shop')
      const operator = world.startOperator({ 'shutdown-grace': '7s' })
      await eventually('the service holds the upload', () => hold.holding === 1)

      const { code, ms } = await stopped(operator)
      expect(code).toBe(0)
      expect(operator.stderr).toBe('')
      expect(ms).toBeLessThan(7_000)

      hold.remove()
      world.startOperator()
      await synced()
      await expectEverythingTrue(world)
      expect(world.simulator.certificates()).toHaveLength(1)
    }))

  test.concurrent('with a status write that never ends: it is given up, and repeated by the successor', () =>
    staged(async (world, proxy) => {
      const stalled = Promise.withResolvers<undefined>()
      let writes = 0
      proxy.onRequest = (request) => {
        if (!isSecretPatch(request) || ++writes > 1) return undefined
        return stalled.promise.then(() => 'cut')
      }
      const synced = await put(world, 'shop')
      const through = { kubeconfig: proxy.kubeconfig(world.account), 'shutdown-grace': '7s' }
      const operator = world.startOperator(through)
      await eventually('the status is being written', () => writes === 1)

      const { code, ms } = await stopped(operator)
      expect(code).toBe(0)
      expect(operator.stderr).toBe('')
      expect(ms).toBeLessThan(7_000)

      stalled.resolve(undefined)
      world.startOperator(through)
      await synced()
      await expectEverythingTrue(world)
      expect(world.simulator.certificates()).toHaveLength(1)
    }))

  test.concurrent('while the API server cannot be reached', () =>
    staged(async (world, proxy) => {
      await proxy.stop()
      const operator = world.startOperator({ kubeconfig: proxy.kubeconfig(world.account) })
      const failures = () => operator.log().filter(({ reason }) => reason === 'ConnectionFailed').length
      await eventually('it tries again and again', () => failures() >= 3)
      expect(await operator.health('/healthz')).toMatchObject({ status: 200 })
      expect(await operator.health('/readyz')).toMatchObject({ status: 503 })

      const { code, ms } = await stopped(operator)
      expect(code).toBe(0)
      expect(operator.stderr).toBe('')
      expect(ms).toBeLessThan(10_000)
    }))
})
