import { afterAll, describe, expect, test } from 'vitest'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { chainFingerprint, createAuthority, createLeaf, crossSign } from '../fixtures/certificates.ts'
import { ApiProxy, statusObject } from '../harness/api-proxy.ts'
import { allSynced, createBatch } from '../harness/batch.ts'
import { eventually } from '../harness/eventually.ts'
import { expectEverythingTrue } from '../harness/invariants.ts'
import { type Replica, Replicas } from '../harness/replicas.ts'

/* Leaders come and go while there is work to do. Nothing is lost, nothing done twice, and no second sees an eleventh call. */

const cluster = sharedCluster()
afterAll(() => cluster.close())

const leads = (replica: Replica) => replica.process.metric('tencent_cert_sync_leader')
const timeOf = (line: unknown) => Date.parse(String((line as { time?: string } | undefined)?.time))

/** Tells a figure of interest without making a promise of it. */
const report = (what: string, ms: number) => process.stderr.write(`${what}: ${Math.round(ms)} ms\n`)

async function withReplicas(run: (replicas: Replicas) => Promise<void>): Promise<void> {
  await using replicas = await Replicas.create(cluster)
  await run(replicas)
  for (const { process } of replicas.all) expect(process.stderr).toBe('')
}

async function expectWholeBatch({ world }: Replicas, names: readonly string[]): Promise<void> {
  await allSynced(world, names, 60_000)
  await expectEverythingTrue(world)
  expect(world.simulator.certificates()).toHaveLength(names.length)
  expect(world.simulator.calls().filter(({ result }) => result.startsWith('LimitExceeded'))).toEqual([])
}

describe.concurrent('in the middle of a batch', () => {
  test('a leader that gets SIGTERM finishes its calls and hands over in less than two seconds', () =>
    withReplicas(async (replicas) => {
      const { world } = replicas
      // The times of a real installation.
      const [leader, standby] = await replicas.startTwo({ lease: {} })
      world.simulator.fault({ kind: 'delay', ms: 100, spreadMs: 50 })
      world.simulator.fault({ kind: 'jitter', ms: 20 })
      const names = await createBatch(world, 200)
      await eventually('a part is done', () => leader.calls().length > 60)
      expect(await leader.process.stop()).toBe(0)
      await standby.eventuallyLeads()
      await expectWholeBatch(replicas, names)

      const released = timeOf(leader.said('lease released'))
      const taken = timeOf(standby.said('leading'))
      report('from the release of the lease to the next leader', taken - released)
      const last = Math.max(...leader.calls().map(({ arrivedMs }) => arrivedMs))
      const first = Math.min(...standby.calls().map(({ arrivedMs }) => arrivedMs))
      report('between the last call of one and the first of the other', first - last)
      // The poll is 1.8 s at most; the rest is for a busy machine.
      expect(taken - released).toBeLessThan(5_000)
      expect(standby.said('leading')).toMatchObject({ reason: 'released' })
      expect(leader.calls().filter(({ delivery }) => delivery !== 'answered')).toEqual([])
    }))

  test('a leader that is killed is followed when its lease has run out', () =>
    withReplicas(async (replicas) => {
      const { world } = replicas
      const [leader, standby] = await replicas.startTwo()
      const names = await createBatch(world, 60)
      await eventually('a part is done', () => leader.calls().length > 25)
      await leader.process.kill()
      const killed = Date.now()
      expect(await standby.eventuallyLeads()).toMatchObject({ reason: 'expired' })
      report('from SIGKILL to the next leader, of a lease of 6 s', timeOf(standby.said('leading')) - killed)
      await expectWholeBatch(replicas, names)
    }))

  test('a leader that is killed between a second copy of a leaf and its answer leaves one copy', () =>
    withReplicas(async (replicas) => {
      const { world } = replicas
      const issuer = await createAuthority({ name: 'Issuer' })
      const other = await crossSign(issuer, await createAuthority({ name: 'Other root' }))
      const leaf = await createLeaf({ issuer, commonName: 'shop.example.com' })
      const before = chainFingerprint('SVR', leaf, issuer)
      const after = chainFingerprint('SVR', leaf, other)
      const [leader, standby] = await replicas.startTwo()
      await world.createSecret('shop', { chain: [leaf, issuer] })
      const { uploaded } = await world.eventuallySynced('shop', before)
      world.simulator.fault({ kind: 'kill', pid: leader.process.pid, action: 'UploadCertificate', skip: 1 })
      await world.renewSecret('shop', { chain: [leaf, other] })
      await leader.process.exited
      // What it had is still true, and its intent is on record.
      const left = await world.status('shop')
      expect(left).toMatchObject({ uploaded, intent: after })

      expect(await standby.eventuallyLeads()).toMatchObject({ reason: 'expired' })
      await world.eventuallySynced('shop', after)
      await expectEverythingTrue(world)
      expect(world.simulator.certificates().map((it) => it.chainFingerprint)).toEqual([before, after])
    }))

  test('all replicas are exchanged one by one, as a rolling upgrade does', () =>
    withReplicas(async (replicas) => {
      const { world } = replicas
      const names = await createBatch(world, 120)
      const old = await replicas.startTwo()
      for (const [index, replica] of old.entries()) {
        await replicas.start()
        await eventually('some more are done', () => world.uploads() > 30 * (index + 1))
        expect(await replica.process.stop()).toBe(0)
      }
      await expectWholeBatch(replicas, names)
      const working = await Promise.all(replicas.all.slice(2).map(leads))
      expect(working.sort()).toEqual([0, 1])
    }))

  test('a leader that loses the API server for longer than the deadline ends, and the other one goes on', () =>
    withReplicas(async (replicas) => {
      const { world } = replicas
      await using proxy = await ApiProxy.start(cluster)
      // The times of a real installation: the proxy shares this process with all that is prepared here.
      const [leader, standby] = await replicas.startTwo({ proxy, lease: {} })
      const names = await createBatch(world, 60)
      await eventually('a part is done', () => leader.calls().length > 15)
      await proxy.stop()
      expect(await leader.process.exited).toBe(1)
      expect(leader.said('no longer leading')).toMatchObject({ reason: 'expired' })
      await standby.eventuallyLeads()
      await expectWholeBatch(replicas, names)
    }))
})

describe.concurrent('two replicas', () => {
  test('serve health and metrics, and one of them works, with no more rights than it says', () =>
    withReplicas(async (replicas) => {
      const { world } = replicas
      const [leader, standby] = await replicas.startTwo()
      const names = await createBatch(world, 5)
      await allSynced(world, names)
      expect(await Promise.all([leader, standby].map(leads))).toEqual([1, 0])
      for (const { process } of [leader, standby]) {
        expect((await process.health('/healthz')).status).toBe(200)
        expect((await process.health('/readyz')).status).toBe(200)
      }
      expect(await standby.process.metric('tencent_cert_sync_oldest_unsynced_seconds')).toBe(0)
      expect(await standby.process.metric('tencent_cert_sync_queue_depth')).toBe(0)
      expect(standby.calls()).toEqual([])
      expect(await standby.process.stop()).toBe(0)
      expect(await leader.process.stop()).toBe(0)

      await replicas.auditIsCurrent()
      const requests = await replicas.requests()
      expect(requests.filter(({ responseStatus }) => responseStatus?.code === 403)).toEqual([])
      const ofLeases = requests.filter(({ objectRef }) => objectRef?.resource === 'leases')
      expect(new Set(ofLeases.map(({ verb }) => verb))).toEqual(new Set(['create', 'get', 'update']))
      expect((await standby.writes()).map(({ objectRef }) => objectRef?.resource)).toEqual([])
      expect((await replicas.lease())?.spec).toEqual({
        holderIdentity: '',
        leaseDurationSeconds: 1,
        leaseTransitions: 0,
        acquireTime: expect.stringMatching(/T.*\.\d{6}Z$/),
        renewTime: expect.stringMatching(/T.*\.\d{6}Z$/),
      })
    }))

  test('keep their roles when somebody deletes the lease, or writes to it', () =>
    withReplicas(async (replicas) => {
      const { world, leasePath } = replicas
      const [leader, standby] = await replicas.startTwo()
      const holder = leader.said('leading')?.['holder']
      await world.cluster.admin.request('DELETE', leasePath)
      await eventually('the lease is back', async () => (await replicas.lease()) !== undefined)
      const renewed = async () => (await replicas.lease())?.spec.renewTime
      await world.cluster.admin.request('PATCH', leasePath, {
        body: { metadata: { annotations: { seen: 'yes' } } },
        contentType: 'application/merge-patch+json',
      })
      const before = await renewed()
      await eventually('it is renewed', async () => (await renewed()) !== before)
      const lease = await replicas.lease()
      expect(lease?.spec).toMatchObject({ holderIdentity: holder, leaseTransitions: 0 })
      expect(lease?.metadata.annotations).toEqual({ seen: 'yes' })
      expect(await Promise.all([leader, standby].map(leads))).toEqual([1, 0])
    }))

  test('keep their roles while every call for a Secret hangs for longer than the deadline', () =>
    withReplicas(async (replicas) => {
      const { world } = replicas
      await using proxy = await ApiProxy.start(cluster)
      const [leader, standby] = await replicas.startTwo({ proxy, options: { concurrency: '32' } })
      let letGo = () => {}
      const held = new Promise<void>((resolve) => (letGo = resolve))
      let holding = 0
      proxy.onRequest = async ({ path, watch }) => {
        if (watch || !path.includes('/secrets/')) return undefined
        holding++
        await held
        return undefined
      }
      const names = await createBatch(world, 40)
      // As many as there are connections for them.
      await eventually('they hang', () => holding === 16)
      const renewedAt = async () => Date.parse((await replicas.lease())?.spec.renewTime ?? '')
      const since = await renewedAt()
      await eventually('the lease is renewed for long', async () => (await renewedAt()) > since + 7_000)
      letGo()
      await expectWholeBatch(replicas, names)
      expect(await Promise.all([leader, standby].map(leads))).toEqual([1, 0])
      expect(leader.said('no longer leading')).toBeUndefined()
    }))

  test('keep their roles through an outage shorter than the deadline, and through 403 after it', () =>
    withReplicas(async (replicas) => {
      await using proxy = await ApiProxy.start(cluster)
      const [leader, standby] = await replicas.startTwo({ proxy })
      const isLease = (path: string) => path.includes('/leases')
      let refused = 0
      const troubles = ['cut', { status: 403, body: statusObject(403, 'Forbidden', 'not yet') }] as const
      for (const trouble of troubles) {
        const from = refused
        proxy.onRequest = ({ path }) => {
          if (!isLease(path) || refused >= from + 5) return undefined
          refused++
          return trouble
        }
        await eventually('renewals are refused', () => refused === from + 5)
        const before = (await replicas.lease())?.spec.renewTime
        await eventually('the lease is renewed', async () => {
          return (await replicas.lease())?.spec.renewTime !== before
        })
      }
      expect(await Promise.all([leader, standby].map(leads))).toEqual([1, 0])
      expect(standby.said('leading')).toBeUndefined()
    }))

  test('take turns when each leader gets SIGTERM with nothing to do', () =>
    withReplicas(async (replicas) => {
      let [leader] = await replicas.startTwo()
      for (let round = 0; round < 3; round++) {
        const next = replicas.all.at(-1) as Replica
        expect(await (leader as Replica).process.stop()).toBe(0)
        expect(await next.eventuallyLeads()).toMatchObject({ reason: 'released' })
        leader = next
        await replicas.start()
      }
      expect((await replicas.lease())?.spec.leaseTransitions).toBe(3)
    }))
})
