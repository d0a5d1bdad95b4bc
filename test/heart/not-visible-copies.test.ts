import { beforeAll, describe, expect, it } from 'vitest'
import { noAnswer, type ServiceBehaviour, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const hour = 3_600_000
const minute = 60_000
const own = { repeatable: 'true' }

let material: TestMaterial
let chains: TestChain[]
let world: World

beforeAll(async () => {
  material = await createMaterial()
  chains = await Promise.all([0, 1, 2, 3].map(() => material.another()))
})

/** Secrets that are synced one after the other. */
async function synced(
  secrets: readonly (readonly [string, TestChain, Parameters<typeof userAnnotations>[0]?])[],
  service: Partial<ServiceBehaviour> = {},
): Promise<void> {
  world = new World({ parts: { inventoryMs: hour }, service })
  world.start()
  for (const [key, chain, settings] of secrets) {
    world.store.put(key, userAnnotations(settings), chain.data)
    await world.settle()
  }
}

/** Listings are empty for twenty minutes around an inventory. */
async function emptyForTwentyMinutes(): Promise<void> {
  await world.clock.advance(hour - 5 * minute)
  world.service.hides = () => true
  await world.clock.advance(25 * minute)
  world.service.hides = () => false
  await world.clock.advance(8 * hour)
}

describe('copies of their own that lookups do not show any more', () => {
  it.each(['a/y', 'b/y'])('are not made again, whoever has the other (%s)', async (other) => {
    const [one, two] = chains as [TestChain, TestChain]
    await synced([
      ['a/x', one, own],
      [other, two, own],
    ])
    world.service.hides = () => true
    await world.clock.advance(4 * 24 * hour)
    expect(world.service.certificates).toHaveLength(2)
  })

  it.each([{}, own])('are not made again beside one of the same chain (%j)', async (settings) => {
    await synced([
      ['a/x', material.first, settings],
      ['b/y', material.first, own],
    ])
    world.service.hides = () => true
    await world.clock.advance(4 * 24 * hour)
    expect(world.service.certificates).toHaveLength(2)
    world.service.hides = () => false
    await world.clock.advance(26 * hour)
    expect(world.service.certificates).toHaveLength(2)
    expect(world.status('b/y').phase).toBe('Synced')
    expect(world.certificateOf('b/y')?.tags.some(({ value }) => value === 'b/y')).toBe(true)
  })

  it.each([[['a/1', 'a/2', 'a/3', 'a/4']], [['a/1', 'b/2', 'c/3', 'd/4']]])(
    'survive twenty minutes in which listings are empty: %j',
    async (keys) => {
      await synced(keys.map((key, i) => [key, chains[i] as TestChain, own] as const))
      const ids = world.ids(keys)
      await emptyForTwentyMinutes()
      expect(world.service.certificates).toHaveLength(4)
      expect(world.ids(keys)).toEqual(ids)
    },
  )

  it('are not made again by the next process', async () => {
    await synced([['a/x', material.first, own]])
    const { service } = world
    service.hides = () => true
    service.fault = ({ action }) => (action === 'UploadCertificate' ? noAnswer(action) : undefined)
    await world.until(() => world.status('a/x').uploaded === undefined, 5 * hour, 10_000)
    world.start()
    service.fault = undefined
    await world.clock.advance(2 * hour)
    expect(service.certificates).toHaveLength(1)
    expect(world.status('a/x')).toMatchObject({ phase: 'Failed', reason: 'NotVisible' })
    service.hides = () => false
    await world.clock.advance(hour)
    expect(service.certificates).toHaveLength(1)
    expect(world.status('a/x').phase).toBe('Synced')
  })

  it('and that were called gone are taken when an inventory shows them again', async () => {
    await synced([['a/x', material.first, own]])
    const { service } = world
    service.delete(String(world.ids(['a/x'])[0]))
    await world.until(() => world.certificateOf('a/x') !== undefined, 5 * hour, 10_000)
    service.hides = () => true
    await world.clock.advance(2.5 * hour)
    expect(world.status('a/x').reason).toBe('CertificateMissing')
    service.hides = () => false
    await world.clock.advance(30 * hour)
    expect(service.certificates).toHaveLength(1)
    expect(world.status('a/x').phase).toBe('Synced')
  })
})

describe.each([{ duplicates: 'answered' }, { duplicates: 'refused' }] as const)(
  'two chains of one leaf where duplicates are $duplicates',
  (service) => {
    const two = () =>
      synced(
        [
          ['a/x', material.first],
          ['b/y', material.firstAgain],
        ] as const,
        service,
      )

    it('cost no further copy while lookups show neither', async () => {
      await two()
      world.service.hides = () => true
      await world.clock.advance(26 * hour)
      expect(world.service.certificates).toHaveLength(2)
      world.service.hides = () => false
      await world.clock.advance(26 * hour)
      expect(world.service.certificates).toHaveLength(2)
      expect(world.certificateOf('b/y')?.chain).toBe(material.firstAgain.chainFingerprint)
    })

    it('survive twenty minutes in which listings are empty', async () => {
      await two()
      await emptyForTwentyMinutes()
      expect(world.service.certificates).toHaveLength(2)
    })

    it('cost one further copy where only that of the second is hidden', async () => {
      await two()
      world.service.hides = ({ chain }) => chain === material.firstAgain.chainFingerprint
      await world.clock.advance(4 * 24 * hour)
      expect(world.service.certificates.length).toBeLessThanOrEqual(3)
      expect(world.status('b/y').phase).toBe('Synced')
    })
  },
)

describe('a copy that waits for what lookups do not show', () => {
  /** Status writes of each Secret on the third day. */
  async function writesOnTheThirdDay(secrets: readonly string[]): Promise<number[]> {
    await world.clock.advance(48 * hour)
    const before = secrets.map((key) => world.store.writes(key))
    await world.clock.advance(24 * hour)
    return secrets.map((key, i) => world.store.writes(key) - (before[i] ?? 0))
  }

  it.each([
    ['of another chain', () => material.firstAgain, {}],
    ['of its own', () => material.first, own],
  ] as const)('changes no status on the way to the next lookup: %s', async (_, chain, settings) => {
    await synced([
      ['a/x', material.first],
      ['a/y', chain(), settings],
    ])
    world.service.hides = () => true
    for (const writes of await writesOnTheThirdDay(['a/x', 'a/y'])) expect(writes).toBeLessThan(5)
    expect(world.status('a/y')).toMatchObject({ phase: 'Failed', reason: 'NotVisible' })
  })

  it('does not report a refusal of days ago again', async () => {
    await synced([['a/y', material.first]])
    world.service.hides = () => true
    world.service.fault = ({ action, upload }) =>
      upload
        ? serviceError({ failure: 'rejected', action, code: 'FailedOperation.CertificateInvalid' })
        : undefined
    world.store.put('a/x', userAnnotations(), material.firstAgain.data)
    await world.until(() => world.status('a/x').reason === 'RefusedByService')
    world.service.fault = undefined
    expect(await writesOnTheThirdDay(['a/x'])).toEqual([0])
    expect(world.status('a/x')).toMatchObject({ phase: 'Failed', reason: 'NotVisible' })
  })
})

it('a copy that was made for one that is gone, and is deleted as well, is made again', async () => {
  await synced([
    ['a/x', material.first],
    ['b/y', material.firstAgain],
  ])
  for (const request of ['first', 'second']) {
    world.service.delete(String(world.ids(['b/y'])[0]))
    world.ask('b/y', request)
    await world.clock.advance(5 * minute)
    expect(world.certificateOf('b/y')?.chain, request).toBe(material.firstAgain.chainFingerprint)
  }
  expect(world.service.certificates).toHaveLength(2)
})
