import { afterAll, describe, expect, test } from 'vitest'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import {
  chainFingerprint,
  createAuthority,
  createLeaf,
  crossSign,
  type TestCertificate,
} from '../fixtures/certificates.ts'
import { ApiProxy, isSecretPatch } from '../harness/api-proxy.ts'
import { allSynced, createBatch } from '../harness/batch.ts'
import { eventually } from '../harness/eventually.ts'
import { expectEverythingTrue } from '../harness/invariants.ts'
import { type Replica, Replicas } from '../harness/replicas.ts'

/*
 * The leader stands still (SIGSTOP) for longer than its lease, another one takes over and finishes, and the first wakes
 * up in the middle of what it was doing. It must not do another thing.
 */

const cluster = sharedCluster()
afterAll(() => cluster.close())

const issuer = await createAuthority({ name: 'Issuer' })

/** Runs with a first replica that leads and a second that stands by. */
async function withTwo(
  run: (replicas: Replicas, leader: Replica, standby: Replica) => Promise<void>,
  { proxy }: { proxy?: ApiProxy } = {},
): Promise<void> {
  await using replicas = await Replicas.create(cluster)
  const [leader, standby] = await replicas.startTwo(proxy && { proxy })
  await run(replicas, leader, standby)
  for (const { process } of replicas.all) expect(process.stderr).toBe('')
}

/**
 * Wakes the paused leader up and sees it end without another call. A write that was on its way to the API server when the
 * process stood still may arrive: that of a status is refused (409), for the next leader has written since, or given up
 * by the API server (504), for its sender is gone.
 */
async function expectNothingMoreFrom(leader: Replica, replicas: Replicas): Promise<void> {
  await replicas.auditIsCurrent()
  const [calls, writes] = [leader.calls().length, (await leader.writes()).length]
  leader.resume()
  expect(await leader.process.exited).toBe(1)
  await replicas.auditIsCurrent()
  expect(leader.calls().slice(calls)).toEqual([])
  const late = (await leader.writes()).slice(writes).map(({ verb, objectRef, responseStatus }) => {
    return `${verb} ${objectRef?.resource}: ${responseStatus?.code}`
  })
  expect(late.filter((it) => !/^(patch secrets: (409|504)$|\w+ events: )/.test(it))).toEqual([])
  expect(leader.said('no longer leading')).toMatchObject({ level: 'error', reason: 'expired' })
}

describe.concurrent('a leader that is paused for longer than its lease', () => {
  test.for([
    { when: 'before the service did the work', at: 'before-work' },
    { when: 'while the answers are on their way', at: 'before-answer' },
  ] as const)('in the middle of a batch, $when, does nothing more', ({ at }) =>
    withTwo(async (replicas, leader, standby) => {
      const { world } = replicas
      const hold = world.simulator.fault({
        kind: 'hold',
        at,
        action: 'UploadCertificate',
        skip: 7,
        times: 10,
      })
      const names = await createBatch(world, 40)
      await eventually('ten uploads are under way', () => hold.holding === 10)
      await leader.pause()

      expect(await standby.eventuallyLeads()).toMatchObject({ reason: 'expired' })
      await eventually('the next leader is well under way', () => standby.calls().length > 12)
      // The service is done with the calls of before, and the answers lie in the sockets of the paused process.
      hold.remove()
      await allSynced(world, names)

      await expectNothingMoreFrom(leader, replicas)
      await expectEverythingTrue(world)
      expect(world.simulator.certificates()).toHaveLength(names.length)
      expect(await standby.process.stop()).toBe(0)
      expect((await replicas.lease())?.spec).toMatchObject({ holderIdentity: '', leaseTransitions: 1 })
    }),
  )

  test.for([0, 1, 2])('at any moment of a batch does nothing more (%d)', (round) =>
    withTwo(async (replicas, leader, standby) => {
      const { world } = replicas
      world.simulator.fault({ kind: 'delay', ms: 60, spreadMs: 50 })
      const names = await createBatch(world, 40)
      await eventually('some are done', () => leader.calls().length > 3 + 7 * round)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 200))
      await leader.pause()
      await standby.eventuallyLeads()
      await allSynced(world, names)
      await expectNothingMoreFrom(leader, replicas)
      await expectEverythingTrue(world)
      expect(world.simulator.certificates()).toHaveLength(names.length)
    }),
  )

  test('with a status write on its way does not overwrite what the next one wrote', async () => {
    await using proxy = await ApiProxy.start(cluster)
    let letGo = () => {}
    const held = new Promise<void>((resolve) => (letGo = resolve))
    let late = 0
    const answered: number[] = []
    proxy.onRequest = async (request) => {
      if (!isSecretPatch(request)) return undefined
      late++
      await held
      return undefined
    }
    proxy.onAnswer = (request, status) => {
      if (isSecretPatch(request)) answered.push(status)
      return undefined
    }
    await withTwo(
      async (replicas, leader, standby) => {
        const { world } = replicas
        const names = await createBatch(world, 12)
        await eventually('status writes are on their way', () => late >= 4)
        await leader.pause()
        await standby.eventuallyLeads()
        await allSynced(world, names)
        const before = await Promise.all(
          names.map((it) => world.cluster.admin.getSecret(world.namespace, it)),
        )
        letGo()
        await eventually('they have arrived', () => answered.length === late)
        expect(new Set(answered)).toEqual(new Set([409]))
        await expectNothingMoreFrom(leader, replicas)
        const after = await Promise.all(names.map((it) => world.cluster.admin.getSecret(world.namespace, it)))
        expect(after).toEqual(before)
        await expectEverythingTrue(world)
      },
      { proxy },
    )
  })

  describe('while it makes a second copy of a leaf', () => {
    test.for([
      { when: 'at the question', skip: 0 },
      { when: 'at the copy', skip: 1 },
    ])('$when, leaves one copy', ({ skip }) =>
      withTwo(async (replicas, leader, standby) => {
        const { world } = replicas
        const leaf = await createLeaf({ issuer, commonName: 'shop.example.com' })
        const other = await crossSign(issuer, await createAuthority({ name: 'Other root' }))
        const before: readonly TestCertificate[] = [leaf, issuer]
        const after: readonly TestCertificate[] = [leaf, other]
        await world.createSecret('shop', { chain: before })
        await world.eventuallySynced('shop', chainFingerprint('SVR', ...before))
        const hold = world.simulator.fault({
          kind: 'hold',
          at: 'before-answer',
          action: 'UploadCertificate',
          skip,
          times: 1,
        })
        await world.renewSecret('shop', { chain: after })
        await eventually('the call is under way', () => hold.holding === 1)
        await leader.pause()
        await standby.eventuallyLeads()
        await world.eventuallySynced('shop', chainFingerprint('SVR', ...after))
        hold.remove()

        await expectNothingMoreFrom(leader, replicas)
        await expectEverythingTrue(world)
        const chains = [before, after].map((it) => chainFingerprint('SVR', ...it))
        expect(world.simulator.certificates().map((it) => it.chainFingerprint)).toEqual(chains)
      }),
    )
  })

  test('with nothing to do ends all the same, and one that waited less goes on', () =>
    withTwo(async (replicas, leader, standby) => {
      await leader.pause()
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      leader.resume()
      const { renewTime } = (await replicas.lease())?.spec ?? {}
      await eventually(
        'it renews the lease',
        async () => (await replicas.lease())?.spec.renewTime !== renewTime,
      )
      expect(standby.said('leading')).toBeUndefined()
      expect(leader.process.running).toBe(true)

      await leader.pause()
      await standby.eventuallyLeads()
      await expectNothingMoreFrom(leader, replicas)
      expect(standby.process.running).toBe(true)
    }))
})
