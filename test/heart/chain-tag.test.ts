import { beforeAll, describe, expect, it } from 'vitest'
import type { Tag } from '../../src/ports/ssl-service.ts'
import { type ServiceBehaviour, type StoredCertificate, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const minute = 60_000
const key = 'web/site'

/** The international site: a duplicate is refused, and no search by chain is served. */
const abroad: Partial<ServiceBehaviour> = { duplicates: 'refused', canFindByChain: false }

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

const pem = ({ data }: TestChain) => String(data['tls.crt'] ?? data['ca.crt'])

/** The tag that says which chain a certificate holds. */
function chainTag({ chainFingerprint, leaf }: TestChain): Tag {
  return { key: 'cert-sync/chain', value: `${chainFingerprint}:${leaf.notBefore.getTime() / 1_000}` }
}

function ownershipTags(secret: string, cluster = 'test'): Tag[] {
  return [
    { key: 'cert-sync/cluster', value: cluster },
    { key: 'cert-sync/secret', value: secret },
  ]
}

function tagsOf(certificate: StoredCertificate | undefined): Record<string, string> {
  return Object.fromEntries((certificate?.tags ?? []).map(({ key, value }) => [key, value]))
}

describe('an upload', () => {
  it('carries its chain, type and beginning in a tag beside those of its owner', async () => {
    world = new World()
    world.start()
    world.store.put(key, userAnnotations({ tags: 'team=shop' }), material.first.data)
    await world.settle()
    expect(tagsOf(world.certificateOf(key))).toEqual({
      team: 'shop',
      ...tagsOf({ tags: [...ownershipTags(key), chainTag(material.first)] } as unknown as StoredCertificate),
    })
  })

  it('of a CA does, too', async () => {
    world = new World()
    world.start()
    world.store.put(key, userAnnotations({ certificateType: 'CA' }), material.authority.data)
    await world.settle()
    expect(world.certificateOf(key)?.tags).toContainEqual(chainTag(material.authority))
  })

  it('of a copy carries the chain of the copy', async () => {
    world = new World()
    world.start()
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    world.store.replaceData(key, material.firstAgain.data)
    await world.settle()
    expect(world.service.certificates.map((it) => it.tags)).toEqual([
      expect.arrayContaining([chainTag(material.first)]),
      expect.arrayContaining([chainTag(material.firstAgain)]),
    ])
  })

  it("never carries a user's tag of that name", async () => {
    world = new World()
    world.start()
    world.store.put(key, userAnnotations({ tags: 'cert-sync/chain=forged' }), material.first.data)
    await world.settle()
    expect(tagsOf(world.certificateOf(key))['cert-sync/chain']).toBe(chainTag(material.first).value)
    expect(world.status(key).reason).toBe('SettingsRefused')
  })
})

describe('on the international site, a certificate that the account holds', () => {
  /** A world whose account holds chains as our operator, or another one, tagged them. */
  function holding(...held: readonly (readonly [TestChain, readonly Tag[]])[]): string[] {
    world = new World({ service: abroad, parts: { inventoryMs: 60 * minute } })
    // What the service says of dates must not matter where the tag is exact.
    world.service.listingShiftHours = 8
    const ids = held.map(([chain, tags]) =>
      world.service.add({ certificate: pem(chain), alias: 'x', tags: [...tags, chainTag(chain)] }),
    )
    world.start()
    return ids
  }

  const queries = () => world.service.calls.map(({ query }) => query?.by)

  it.each<[string, readonly Tag[]]>([
    ['for this Secret', ownershipTags(key)],
    ['for another Secret', ownershipTags('shop/site')],
    ['by another cluster', ownershipTags(key, 'other')],
  ])('is adopted by its tag when it was uploaded %s', async (_, tags) => {
    const [id] = holding([material.first, tags])
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    expect(world.status(key)).toMatchObject({ phase: 'Synced', origin: 'Adopted' })
    expect(world.ids([key])).toEqual([id])
    expect(world.service.certificates).toHaveLength(1)
  })

  it('gets its id without its key where an inventory has shown it', async () => {
    const [id] = holding([material.first, ownershipTags(key)])
    await world.clock.advance(minute)
    expect(queries()).toEqual(['tags'])
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    expect(world.ids([key])).toEqual([id])
    expect(world.service.count('UploadCertificate')).toBe(0)
  })

  it('has its key sent once where no inventory has shown it, and is adopted by its tag then', async () => {
    const [id] = holding([material.first, ownershipTags(key)])
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    expect(world.ids([key])).toEqual([id])
    const calls = world.service.calls.map(({ action, upload, query }) => ({
      action,
      carriesKey: upload?.privateKey !== undefined,
      by: query?.by,
    }))
    expect(calls).toEqual([
      { action: 'UploadCertificate', carriesKey: true, by: undefined },
      { action: 'DescribeCertificates', carriesKey: false, by: 'tags' },
    ])
  })

  it('is not confused with another chain of its leaf', async () => {
    const ids = holding([material.first, ownershipTags(key)], [material.firstAgain, ownershipTags(key)])
    for (const [i, chain] of [material.first, material.firstAgain].entries()) {
      world.store.put(`web/${i}`, userAnnotations(), chain.data)
      await world.settle()
    }
    expect(world.ids(['web/0', 'web/1'])).toEqual(ids)
    expect(world.service.certificates).toHaveLength(2)
  })

  it('is not taken for a chain that it does not hold', async () => {
    const [id] = holding([material.first, ownershipTags(key)])
    world.store.put(key, userAnnotations(), material.firstAgain.data)
    await world.clock.advance(10 * 60_000)
    expect(world.ids([key])).not.toContain(id)
  })

  it('is found on whichever page of the listing it is', async () => {
    holding()
    world.service.pageSize = 2
    for (let i = 0; i < 7; i++) {
      const chain = await material.another()
      world.service.add({ certificate: pem(chain), tags: [...ownershipTags(key), chainTag(chain)] })
    }
    const tags = [...ownershipTags(key), chainTag(material.first)]
    const id = world.service.add({ certificate: pem(material.first), tags })
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    expect(world.ids([key])).toEqual([id])
  })
})

describe('two certificates of ours with one chain', () => {
  function twice(service: Partial<ServiceBehaviour>, more: { inventoryMs?: number } = {}): string[] {
    world = new World({ service, parts: more })
    const tags = [...ownershipTags(key), chainTag(material.first)]
    const ids = [1, 2].map(() => world.service.add({ certificate: pem(material.first), alias: key, tags }))
    world.start()
    return ids
  }

  it('are one too many, and not ambiguous: the smaller id is taken', async () => {
    const [smaller] = twice(abroad)
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    expect(world.status(key).phase).toBe('Synced')
    expect(world.ids([key])).toEqual([smaller])
  })

  it.each(['oldest', 'newest'] as const)(
    'are both current: the status keeps the id that it names (the service names the %s)',
    async (names) => {
      const ids = twice({ names }, { inventoryMs: 3_600_000 })
      world.store.put(key, userAnnotations(), material.first.data)
      await world.settle()
      const [taken] = world.ids([key])
      expect(ids).toContain(taken)
      const writes = world.store.writes(key)
      await world.clock.advance(3 * 3_600_000)
      expect(world.store.writes(key)).toBe(writes)
      world.ask(key)
      await world.settle()
      expect(world.ids([key])).toEqual([taken])
      expect(world.service.certificates).toHaveLength(2)
    },
  )
})

describe('an account in which nothing may be searched by tags', () => {
  it('gets the copy that a chain-only change needs all the same, and one', async () => {
    world = new World()
    world.service.fault = ({ query }) =>
      query?.by === 'tags'
        ? serviceError({
            failure: 'not-allowed',
            action: 'DescribeCertificates',
            code: 'UnauthorizedOperation',
            countsForAccount: false,
          })
        : undefined
    world.start()
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    world.store.replaceData(key, material.firstAgain.data)
    await world.clock.advance(60_000)
    expect(world.status(key).phase).toBe('Synced')
    expect(world.certificateOf(key)?.chain).toBe(material.firstAgain.chainFingerprint)
    expect(world.service.certificates).toHaveLength(2)
  })
})
