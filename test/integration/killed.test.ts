import { afterAll, describe, expect, test } from 'vitest'
import { rungs } from '../../src/ledger/cosmetics-ladder.ts'
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
import type { OperatorProcess } from '../harness/operator-process.ts'
import { World } from '../harness/world.ts'
import { type ProfileName, profileNames } from '../simulator/profile.ts'

/*
 * The bundle dies by SIGKILL at the worst moments, and another one takes over at once. Whatever the dead one had done
 * without writing it down, there is one certificate per chain in the end, and the status says which.
 */

const cluster = sharedCluster()
afterAll(() => cluster.close())

type Chain = readonly [TestCertificate, ...TestCertificate[]]

/** A change of the Secret, the chains before (none: it is created) and after it. */
interface Change {
  readonly what: string
  chains(): Promise<{ readonly before?: Chain; readonly after: Chain }>
  /** How many uploads, and how many status writes, go before the one at which the operator dies. */
  readonly skip: number
}

const leafName = 'shop.example.com'
const looks = 'tencent_cert_sync_reconcile_total'

const newLeaf = async (issuer?: TestCertificate): Promise<Chain> => {
  const signer = issuer ?? (await createAuthority({ name: 'Issuer' }))
  return [await createLeaf({ issuer: signer, commonName: leafName }), signer]
}

const renewal = async () => {
  const before = await newLeaf()
  return { before, after: await newLeaf(before[1]) }
}

const otherChain = async () => {
  const [leaf, issuer] = (await newLeaf()) as [TestCertificate, TestCertificate]
  const crossSigned = await crossSign(issuer, await createAuthority({ name: 'Other root' }))
  return { before: [leaf, issuer] as const, after: [leaf, crossSigned] as const }
}

const changes: readonly Change[] = [
  { what: 'first upload', chains: async () => ({ after: await newLeaf() }), skip: 0 },
  { what: 'renewal', chains: renewal, skip: 0 },
  // Such a change takes two uploads and two status writes where the service compares by leaf: it asks, notes the
  // intent, uploads a copy, and writes down its id.
  { what: 'change of the chain alone, at the question', chains: otherChain, skip: 0 },
  { what: 'change of the chain alone, at the copy', chains: otherChain, skip: 1 },
]

interface Stage {
  readonly world: World
  readonly proxy: ApiProxy
  readonly operator: OperatorProcess
}

/** A moment to die at: armed before the change. */
interface Moment {
  readonly when: string
  arm(stage: Stage, skip: number): Promise<void> | void
}

const moments: readonly Moment[] = [
  {
    when: "between the service's commit and its answer",
    arm({ world, operator }, skip) {
      world.simulator.fault({ kind: 'kill', pid: operator.pid, action: 'UploadCertificate', skip })
    },
  },
  {
    when: 'in the middle of the request to the service',
    async arm({ world, operator }, skip) {
      const hold = world.simulator.fault({
        kind: 'hold',
        at: 'before-work',
        action: 'UploadCertificate',
        skip,
      })
      await eventually('the service holds the request', () => hold.holding === 1)
      await operator.kill()
      // The work is done after all, and nobody is there to be told.
      hold.remove()
    },
  },
  {
    when: 'when the status write is on its way to the API server',
    arm({ proxy, operator }, skip) {
      let patches = 0
      proxy.onRequest = async (request) => {
        if (!isSecretPatch(request) || patches++ !== skip) return undefined
        await operator.kill()
        return 'cut'
      }
    },
  },
  {
    when: 'when the API server has done the status write and not answered',
    arm({ proxy, operator }, skip) {
      let patches = 0
      proxy.onAnswer = async (request) => {
        if (!isSecretPatch(request) || patches++ !== skip) return undefined
        await operator.kill()
        return 'cut'
      }
    },
  },
]

const death = (operator: OperatorProcess) =>
  eventually('the operator is killed', () => !operator.running, { timeoutMs: 20_000 })

/** A new process searches for a minute for the copy that the one before it intended, before it makes one. */
const copyMs = 90_000
/** On each rung of the ladder, it looks twice, ten seconds apart. */
const ladderMs = copyMs + rungs.length * 15_000

const cases = changes.flatMap((change) => moments.map((moment) => ({ ...change, ...moment })))

describe('one certificate per chain and a true status', () => {
  test.concurrent.for(cases)(
    '$what, killed $when',
    { timeout: 2 * copyMs },
    async ({ chains, skip, arm }) => {
      await using proxy = await ApiProxy.start(cluster)
      await using world = await World.create(cluster)
      const through = { kubeconfig: proxy.kubeconfig(world.account) }
      const operator = world.startOperator(through)
      const { before, after } = await chains()
      if (before) {
        await world.createSecret('shop', { chain: before })
        await world.eventuallySynced('shop', chainFingerprint('SVR', ...before))
      }

      const armed = arm({ world, proxy, operator }, skip)
      if (before) await world.renewSecret('shop', { chain: after })
      else await world.createSecret('shop', { chain: after })
      await armed
      await death(operator)

      const next = await world.startOperator(through).ready()
      await world.eventuallySynced('shop', chainFingerprint('SVR', ...after), { timeoutMs: copyMs })
      await eventually('it has looked at the Secret', async () => (await next.metric(looks)) > 0)

      expect(await next.stop()).toBe(0)
      expect(operator.stderr + next.stderr).toBe('')
      await expectEverythingTrue(world)
      const expected = [...(before ? [before] : []), after].map((it) => chainFingerprint('SVR', ...it))
      expect(world.simulator.certificates().map((it) => it.chainFingerprint)).toEqual(expected)
    },
  )
})

describe('one certificate per chain and a true status, whatever the service answers to a duplicate', () => {
  /** Successful uploads that a change of the chain alone takes, from one start of the operator. */
  const chainUploads: Readonly<Record<ProfileName, number>> = {
    default: 2,
    'by-chain': 1,
    'repeat-cert-id-only': 2,
    // The question is answered with an error.
    'certificate-exists': 1,
    'international-strict': 2,
    'tags-and-alias-refused': 2,
  }

  test.concurrent.for(profileNames)(
    'profile %s, killed at every commit',
    { timeout: 4 * ladderMs },
    async (profile) => {
      await using world = await World.create(cluster, { profile })
      const { before, after } = await otherChain()
      const renewed = await newLeaf(after[1])
      let operator = world.startOperator()
      const killAtUpload = async (number: number, change: () => Promise<void>) => {
        const { pid } = operator
        world.simulator.fault({ kind: 'kill', pid, action: 'UploadCertificate', skip: number - 1 })
        await change()
        await death(operator)
        operator = world.startOperator()
      }
      const synced = (chain: Chain) =>
        world.eventuallySynced('shop', chainFingerprint('SVR', ...chain), { timeoutMs: ladderMs })

      await killAtUpload(1, () => world.createSecret('shop', { chain: before }))
      await synced(before)
      await killAtUpload(1, () => world.renewSecret('shop', { chain: after }))
      for (let number = 2; number <= chainUploads[profile]; number++) {
        await killAtUpload(number, async () => {})
      }
      await synced(after)
      await killAtUpload(1, () => world.renewSecret('shop', { chain: renewed }))
      const status = await synced(renewed)

      await expectEverythingTrue(world)
      expect(world.simulator.certificates().map((it) => it.chainFingerprint)).toEqual(
        [before, after, renewed].map((it) => chainFingerprint('SVR', ...it)),
      )
      expect(status.previous).toHaveLength(2)
    },
  )
})

test.concurrent('one copy for two Secrets of one leaf, killed when the first has been made', async () => {
  await using world = await World.create(cluster)
  const { before, after } = await otherChain()
  const names = ['one', 'two']
  const synced = (chain: Chain) =>
    Promise.all(names.map((it) => world.eventuallySynced(it, chainFingerprint('SVR', ...chain))))
  const operator = world.startOperator()
  for (const name of names) await world.createSecret(name, { chain: before })
  await synced(before)
  for (const name of names) await world.renewSecret(name, { chain: after })
  await eventually('the copy is in the account', () => world.simulator.certificates().length === 2)
  await operator.kill()

  world.startOperator()
  const ends = await synced(after)
  expect(new Set(ends.map(({ uploaded }) => uploaded?.certificateId)).size).toBe(1)
  await expectEverythingTrue(world)
  expect(world.simulator.certificates()).toHaveLength(2)
})

describe('no eleventh call in any second, and nothing twice', () => {
  const count = 40

  const expectWholeBatch = async (world: World, names: readonly string[]) => {
    await allSynced(world, names)
    await expectEverythingTrue(world)
    expect(world.simulator.certificates()).toHaveLength(count)
    expect(world.simulator.calls().filter(({ result }) => result.startsWith('LimitExceeded'))).toEqual([])
  }

  test.concurrent('killed three times in a batch, each time right after a commit', async () => {
    await using world = await World.create(cluster)
    world.simulator.fault({ kind: 'delay', ms: 100, spreadMs: 50 })
    world.simulator.fault({ kind: 'jitter', ms: 20 })
    const names = await createBatch(world, count)
    for (const skip of [3, 9, 14]) {
      const operator = world.startOperator()
      world.simulator.fault({ kind: 'kill', pid: operator.pid, action: 'UploadCertificate', skip })
      await death(operator)
    }
    world.startOperator()
    await expectWholeBatch(world, names)
  })

  test.concurrent('killed with all ten slots in flight', async () => {
    await using world = await World.create(cluster)
    const names = await createBatch(world, count)
    const operator = world.startOperator()
    // One is answered: a namespace of which none was leaves some slots to others.
    const hold = world.simulator.fault({
      kind: 'hold',
      at: 'before-work',
      action: 'UploadCertificate',
      skip: 1,
    })
    await eventually('ten uploads are under way', () => hold.holding === 10)
    await operator.kill()
    world.startOperator()
    hold.remove()
    await expectWholeBatch(world, names)
  })

  test.concurrent('killed while a batch of renewals is being uploaded', async () => {
    await using world = await World.create(cluster)
    const names = await createBatch(world, count)
    const first = await world.startOperator().ready()
    await expectWholeBatch(world, names)
    const issuer = await createAuthority({ name: 'Next issuer' })
    world.simulator.fault({ kind: 'kill', pid: first.pid, action: 'UploadCertificate', skip: 11 })
    const renewed = names.slice(0, 25)
    await Promise.all(
      renewed.map(async (name) => {
        const leaf = await createLeaf({ issuer, commonName: `${name}.example.com` })
        await world.renewSecret(name, { chain: [leaf, issuer] })
      }),
    )
    await death(first)
    world.startOperator()
    await eventually(
      'every renewal has arrived',
      () => world.simulator.certificates().length >= count + renewed.length,
      { timeoutMs: 30_000 },
    )
    for (const name of renewed) {
      await world.eventuallyStatus(name, 'an id before this one', ({ previous }) => previous.length === 1)
    }
    await expectEverythingTrue(world)
    expect(world.simulator.certificates()).toHaveLength(count + renewed.length)
  })
})
