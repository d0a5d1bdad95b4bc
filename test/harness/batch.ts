import { createAuthority, createLeaf } from '../fixtures/certificates.ts'
import type { World } from './world.ts'

/** Creates opted-in Secrets at once, each with a certificate of its own; their names. */
export async function createBatch(world: World, count: number): Promise<string[]> {
  const issuer = await createAuthority({ name: 'Issuer of a batch' })
  const names = Array.from({ length: count }, (_, index) => `shop-${index}`)
  await Promise.all(
    names.map(async (name) => {
      const leaf = await createLeaf({ issuer, commonName: `${name}.example.com` })
      await world.createSecret(name, { chain: [leaf, issuer] })
    }),
  )
  return names
}

/** Resolves when every one of these Secrets is synced. */
export async function allSynced(world: World, names: readonly string[], timeoutMs = 30_000): Promise<void> {
  for (const name of names) {
    await world.eventuallyStatus(name, 'Synced', ({ phase }) => phase === 'Synced', { timeoutMs })
  }
}
