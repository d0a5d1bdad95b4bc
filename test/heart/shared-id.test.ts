import { beforeAll, describe, expect, it } from 'vitest'
import type { ServiceBehaviour } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const other = 'shop/site'

const behaviours: readonly (readonly [string, Partial<ServiceBehaviour>])[] = [
  ['by leaf, answered with the oldest id', { compares: 'leaf' }],
  ['by leaf, answered with the newest id', { compares: 'leaf', names: 'newest' }],
  ['by leaf, CertificateExists, in China', { compares: 'leaf', duplicates: 'refused' }],
  ['by chain, answered with the id', { compares: 'chain' }],
]

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

async function give(secret: string, chain: TestChain): Promise<void> {
  if (world.store.keys().includes(secret)) world.store.replaceData(secret, chain.data)
  else world.store.put(secret, userAnnotations(), chain.data)
  await world.settle()
}

function expectOneOfEach(...chains: readonly TestChain[]): void {
  for (const { chainFingerprint } of chains) {
    expect(world.service.withChain(chainFingerprint).length, chainFingerprint).toBeLessThanOrEqual(1)
  }
}

function expectHolds(secret: string, chain: TestChain): void {
  expect(world.status(secret).phase).toBe('Synced')
  expect(world.certificateOf(secret)?.chain).toBe(chain.chainFingerprint)
}

describe.each(behaviours)('two Secrets with two chains of one leaf, %s', (_, service) => {
  it.each([false, true])(
    'that come to the same chain share its certificate (restart: %s)',
    async (restart) => {
      const { first, firstAgain } = material
      world = new World({ service })
      world.start()
      await give(key, first)
      await give(other, firstAgain)
      if (restart) world.start()
      await give(other, first)
      expectHolds(key, first)
      expectHolds(other, first)
      expect(world.ids([other])).toEqual(world.ids([key]))
      expectOneOfEach(first, firstAgain)
    },
  )

  it('that change places have one certificate for each chain', async () => {
    const { first, firstAgain } = material
    world = new World({ service })
    world.start()
    await give(key, first)
    await give(other, first)
    for (let round = 0; round < 3; round++) {
      await give(key, firstAgain)
      await give(other, firstAgain)
      await give(key, first)
      await give(other, first)
    }
    await give(other, firstAgain)
    expectHolds(key, first)
    expectHolds(other, firstAgain)
    expectOneOfEach(first, firstAgain)
  })

  it('of which the second has never seen the first chain make no copy of it', async () => {
    const { first, firstAgain, firstAlone } = material
    world = new World({ service })
    world.start()
    await give(key, first)
    await give(other, firstAgain)
    await give(other, firstAlone)
    await give(other, first)
    await give(key, firstAlone)
    expectHolds(other, first)
    expectHolds(key, firstAlone)
    expectOneOfEach(first, firstAgain, firstAlone)
  })
})

describe.each(behaviours)('whichever chains two Secrets come to, one after the other, %s', (_, service) => {
  it('there is one certificate of each', async () => {
    const chains = [material.first, material.firstAgain, material.firstAlone]
    const moves = [key, other].flatMap((secret) => chains.map((chain) => ({ secret, chain })))
    for (const one of moves) {
      for (const two of moves) {
        for (const three of moves) {
          world = new World({ service })
          world.start()
          for (const { secret, chain } of [one, two, three]) await give(secret, chain)
          const names = [one, two, three].map((it) => `${it.secret} ${chains.indexOf(it.chain)}`)
          for (const { chainFingerprint } of chains) {
            const count = world.service.withChain(chainFingerprint).length
            expect(count, names.join(', ')).toBeLessThanOrEqual(1)
          }
        }
      }
    }
  })
})

describe('a Secret that is deleted', () => {
  it('leaves its chain known: the next one that comes to it makes no copy', async () => {
    const { first, firstAgain } = material
    world = new World()
    world.start()
    await give(key, first)
    await give(other, firstAgain)
    world.store.delete(key)
    await world.settle()
    await give(other, first)
    expectHolds(other, first)
    expectOneOfEach(first, firstAgain)
  })
})
