import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const minute = 60_000
const pages = 70

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

/**
 * A world in which a search for a copy of the Secret's own finds many certificates that are not it: the search is fuzzy, and
 * an alias may have the suffix in its middle. With 500 a page that takes 35,000 certificates: somebody in the console, or
 * thousands of Secrets.
 */
async function flooded(): Promise<World> {
  const rehearsal = new World()
  rehearsal.start()
  rehearsal.store.put(key, userAnnotations({ repeatable: 'true' }), material.first.data)
  await rehearsal.settle()
  const [suffix = ''] = /[0-9a-f]{16}$/.exec(rehearsal.certificateOf(key)?.alias ?? '') ?? []
  const world = new World()
  world.service.pageSize = 1
  const certificate = String(material.second.data['tls.crt'])
  for (let i = 0; i < pages; i++) world.service.add({ certificate, alias: `flood ${suffix} ${i}` })
  world.start()
  world.store.put(key, userAnnotations({ repeatable: 'true' }), material.first.data)
  return world
}

describe('a search with more pages than a key may have calls in a row', () => {
  it('goes on where it was after each back-off, and ends', async () => {
    const world = await flooded()
    await world.until(() => world.status(key).phase === 'Synced', 120 * minute, minute)
    expect(world.service.withChain(material.first.chainFingerprint)).toHaveLength(1)
    const offsets = world.service.calls.flatMap(({ query }) =>
      query && 'offset' in query ? [query.offset] : [],
    )
    expect(offsets).toEqual(Array.from({ length: pages }, (_, i) => i))
  })
})
