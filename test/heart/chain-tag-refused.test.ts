import { beforeAll, describe, expect, it } from 'vitest'
import { serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

interface Scene {
  readonly repeatable?: string
  /** What the Secret holds, one after the other; a process dies on the way to the last. */
  readonly chains: (material: TestMaterial) => readonly TestChain[]
}

const scenes: Readonly<Record<string, Scene>> = {
  'a first copy of its own': { repeatable: 'true', chains: ({ first }) => [first] },
  'a renewal with a copy of its own': { repeatable: 'true', chains: ({ first, second }) => [first, second] },
  'a chain-only change': { chains: ({ first, firstAgain }) => [first, firstAgain] },
  'a roll-back to an earlier chain': { chains: ({ first, firstAgain }) => [first, firstAgain, first] },
}

/** An account whose policy allows every tag but `cert-sync/chain`, where everything but the last chain is synced. */
async function steady({ repeatable, chains }: Scene): Promise<World> {
  const world = new World({ service: { names: 'newest' } })
  world.service.fault = ({ upload }) =>
    upload?.tags.some((it) => it.key === 'cert-sync/chain')
      ? serviceError({ failure: 'cosmetic', action: 'UploadCertificate', code: 'UnauthorizedOperation' })
      : undefined
  world.start()
  for (const chain of chains(material).slice(0, -1)) {
    give(world, chain, repeatable)
    await world.settle()
  }
  return world
}

function give(world: World, chain: TestChain, repeatable: string | undefined): void {
  if (world.store.keys().includes(key)) world.store.replaceData(key, chain.data)
  else world.store.put(key, userAnnotations({ repeatable }), chain.data)
}

describe.each(Object.entries(scenes))('where the account refuses the chain tag, %s', (_, scene) => {
  it('is one certificate wherever a process dies', async () => {
    const chains = scene.chains(material)
    const last = chains.at(-1) as TestChain
    for (let operation = 1; ; operation++) {
      const world = await steady(scene)
      // A new process has to learn what the account refuses.
      world.start()
      world.process.dieAt(operation)
      give(world, last, scene.repeatable)
      await world.settle()
      const died = world.process.dead
      if (died) {
        world.start()
        // For each of the requests that are refused: longer than a copy may be listed late.
        await world.clock.advance(120_000)
      }
      for (const { chainFingerprint } of chains) {
        const count = world.service.withChain(chainFingerprint).length
        expect.soft(count, `of one chain, death at operation ${operation}`).toBe(1)
      }
      expect.soft(world.status(key).phase, `operation ${operation}`).toBe('Synced')
      expect.soft(world.certificateOf(key)?.chain, `operation ${operation}`).toBe(last.chainFingerprint)
      if (!died) break
    }
  })
})
