import { beforeAll, describe, expect, it } from 'vitest'
import type { ServiceBehaviour } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const keys = ['shop/site', 'web/site'] as const

/** Those under which every Secret can find what another one uploaded. */
const behaviours: Readonly<Record<string, Partial<ServiceBehaviour>>> = {
  'by leaf, answered with the oldest id': { compares: 'leaf' },
  'by leaf, answered with the newest id': { compares: 'leaf', names: 'newest' },
  'by chain, answered with the id': { compares: 'chain' },
  'by leaf, CertificateExists, in China': { compares: 'leaf', duplicates: 'refused' },
  'by chain, CertificateExists, in China': { compares: 'chain', duplicates: 'refused' },
}

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

describe.each(Object.entries(behaviours))('two Secrets with one certificate, %s', (_, behaviour) => {
  const scenarios: Readonly<Record<string, (material: TestMaterial) => readonly TestChain[]>> = {
    'their first upload': ({ first }) => [first],
    'their renewal': ({ first, second }) => [first, second],
    'their chain-only change': ({ first, firstAgain }) => [first, firstAgain],
  }

  it.each(Object.entries(scenarios))(
    'share it wherever the process dies on the way of %s',
    async (_, chains) => {
      for (let operation = 1; ; operation++) {
        const world = new World({ service: behaviour })
        world.start()
        for (const chain of chains(material).slice(0, -1)) await write(world, chain)
        world.process.dieAt(operation)
        await write(world, chains(material).at(-1) as TestChain)
        const died = world.process.dead
        if (died) {
          world.start()
          // Longer than a copy may be listed late.
          await world.clock.advance(90_000)
        }
        expectShared(world, chains(material), `operation ${operation}`)
        if (!died) break
      }
    },
  )

  it('share the copy that one of them made in an earlier life of the operator', async () => {
    const { first, firstAgain } = material
    const world = new World({ service: behaviour })
    world.start()
    await write(world, first)
    world.store.replaceData('web/site', firstAgain.data)
    await world.settle()
    world.start()
    await world.settle()
    world.store.replaceData('shop/site', firstAgain.data)
    await world.settle()
    expectShared(world, [first, firstAgain], 'after the restart')
  })
})

async function write(world: World, chain: TestChain): Promise<void> {
  for (const key of keys)
    world.store.put(key, { ...userAnnotations(), ...annotations(world, key) }, chain.data)
  await world.settle()
}

function annotations(world: World, key: string): Readonly<Record<string, string>> {
  return world.store.keys().includes(key) ? world.store.annotations(key) : {}
}

function expectShared(world: World, chains: readonly TestChain[], point: string): void {
  const chain = chains.at(-1) as TestChain
  for (const each of chains) {
    expect.soft(world.service.withChain(each.chainFingerprint).length, `of one chain, ${point}`).toBe(1)
  }
  for (const key of keys) {
    expect.soft(world.status(key).phase, `${key}, ${point}`).toBe('Synced')
    expect.soft(world.certificateOf(key)?.chain, `${key}, ${point}`).toBe(chain.chainFingerprint)
  }
}
