import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestChain, type TestMaterial, testNow } from './material.ts'
import { statusAnnotations, uploadedStatus, userAnnotations } from './observed.ts'
import { World } from './world.ts'

const day = 86_400_000

let material: TestMaterial
/** One that expires in three days. */
let expiring: TestChain
let chains: TestChain[]

beforeAll(async () => {
  material = await createMaterial()
  expiring = await material.another({ notAfter: new Date(testNow + 3 * day) })
  chains = await Promise.all(Array.from({ length: 30 }, () => material.another()))
})

const urgent = 'web/site'

/** A world whose account holds what expires soon, and a lane of one call a second. */
async function withExpiring(): Promise<World> {
  const world = new World({ parts: { slots: 1 } })
  world.start()
  world.store.put(urgent, userAnnotations(), expiring.data)
  await world.settle()
  return world
}

/** The Secrets that were uploaded since, in order. */
function uploadedSince(world: World, before: number): string[] {
  return world.service.calls.slice(before).map((it) => it.upload?.alias ?? '')
}

describe('what replaces a certificate that expires soon', () => {
  it('is uploaded before what a tenant gives a past expiry by annotations', async () => {
    const world = await withExpiring()
    const before = world.service.calls.length
    for (const [i, chain] of chains.entries()) {
      const forged = {
        ...uploadedStatus(material.first, `forged${i}`),
        ...statusAnnotations({ notAfter: '1970-01-01T00:00:00Z' }),
      }
      world.store.put(`evil/${i}`, { ...userAnnotations(), ...forged }, chain.data)
    }
    await world.clock.advance(500)
    world.store.replaceData(urgent, material.second.data)
    const others = await Promise.all(Array.from({ length: 5 }, () => material.another()))
    for (const [i, chain] of others.entries()) world.store.put(`team${i}/site`, userAnnotations(), chain.data)
    await world.clock.advance(16_000)
    const order = uploadedSince(world, before)
    expect(order.slice(0, 3)).toContain(urgent)
    // Nor does a forged expiry go before first uploads of other namespaces.
    const upToLastTeam = order.slice(0, Math.max(...others.map((_, i) => order.indexOf(`team${i}/site`))) + 1)
    expect(order.filter((it) => it.startsWith('team'))).toHaveLength(others.length)
    expect(upToLastTeam.filter((it) => it.startsWith('evil')).length).toBeLessThanOrEqual(others.length + 1)
  })

  it('is not kept back by an annotation that gives it a late expiry', async () => {
    const world = await withExpiring()
    const before = world.service.calls.length
    for (const [i, chain] of chains.slice(0, 10).entries()) {
      world.store.put(`web/${i}`, userAnnotations(), chain.data)
    }
    await world.clock.advance(200)
    world.store.edit(urgent, statusAnnotations({ notAfter: '2099-01-01T00:00:00Z' }))
    world.store.replaceData(urgent, material.second.data)
    await world.clock.advance(6_000)
    expect(uploadedSince(world, before).slice(0, 4)).toContain(urgent)
  })
})
