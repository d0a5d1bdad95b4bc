import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { noAnswer, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { uploadedStatus, userAnnotations } from './observed.ts'
import { World, type WorldOptions } from './world.ts'

const minute = 60_000
const hour = 60 * minute
const keys = ['a/site', 'b/site', 'c/site']

let material: TestMaterial
let chains: TestChain[]
let world: World

beforeAll(async () => {
  material = await createMaterial()
  chains = await Promise.all(keys.map(() => material.another()))
})

/** Three Secrets that are synced, in a process that has made an inventory or two. */
async function synced(parts: WorldOptions['parts'] = { inventoryMs: hour }): Promise<void> {
  world = new World({ parts })
  world.start()
  for (const [i, chain] of chains.entries()) world.store.put(keys[i] ?? '', userAnnotations(), chain.data)
  await world.clock.advance(2.5 * hour)
  expect(keys.map((key) => world.status(key).phase)).toEqual(keys.map(() => 'Synced'))
}

const uploads = () => world.service.count('UploadCertificate')
const lookups = () => world.service.count('DescribeCertificates')
const queries = (by: string) => world.service.calls.filter(({ query }) => query?.by === by)

describe('an inventory', () => {
  it('lists the certificates of this cluster by their tag, once an interval', async () => {
    await synced()
    const before = queries('tags').length
    await world.clock.advance(10 * hour)
    const listings = queries('tags').slice(before)
    expect(listings.length).toBeGreaterThanOrEqual(8)
    expect(listings.length).toBeLessThanOrEqual(13)
    for (const { query } of listings) {
      expect(query).toMatchObject({ tags: [{ key: 'cert-sync/cluster', value: 'test' }], offset: 0 })
    }
  })

  it('writes nothing and uploads nothing where all is as it was', async () => {
    await synced()
    const events = world.events.all.length
    const writes = keys.map((key) => world.store.writes(key))
    await world.clock.advance(24 * hour)
    expect(uploads()).toBe(3)
    expect(lookups()).toBeLessThanOrEqual(35)
    expect(keys.map((key) => world.store.writes(key))).toEqual(writes)
    expect(world.events.all).toHaveLength(events)
  })

  it.each<[string, WorldOptions['parts']]>([
    ['where it is off', {}],
    ['in a dry run', { inventoryMs: hour, dryRun: true }],
  ])('makes no call %s', async (_, parts) => {
    world = new World({ parts: parts ?? {} })
    world.start()
    world.store.put('a/site', userAnnotations(), material.first.data)
    await world.clock.advance(24 * hour)
    expect(lookups()).toBe(0)
    expect(world.controller.gauges().inventoryOverdue()).toBe(false)
  })

  it('is not made by who does not lead, nor by who is stopped', async () => {
    world = new World({ parts: { inventoryMs: hour } })
    world.store.put('a/site', userAnnotations(), material.first.data)
    world.start({ standBy: true })
    await world.clock.advance(5 * hour)
    expect(world.service.calls).toEqual([])
    world.controller.start()
    await world.settle()
    const stopped = world.controller.stop(10_000)
    await world.clock.advance(10_000)
    await stopped
    const calls = world.service.calls.length
    await world.clock.advance(5 * hour)
    expect(world.service.calls).toHaveLength(calls)
    expect(world.clock.pending()).toBe(0)
  })

  it('that is never completed is overdue in who leads, until one is completed', async () => {
    world = new World({ parts: { inventoryMs: hour } })
    world.store.put('a/site', userAnnotations(), material.first.data)
    world.service.fault = ({ query }) => (query ? noAnswer('DescribeCertificates') : undefined)
    world.start({ standBy: true })
    const isOverdue = () => world.controller.gauges().inventoryOverdue()
    await world.clock.advance(5 * hour)
    expect(isOverdue()).toBe(false)
    world.controller.start()
    await world.clock.advance(2.9 * hour)
    expect(isOverdue()).toBe(false)
    await world.clock.advance(0.2 * hour)
    expect(isOverdue()).toBe(true)
    world.service.fault = undefined
    await world.until(() => !isOverdue(), 2 * hour, minute)
    world.service.fault = ({ query }) => (query ? noAnswer('DescribeCertificates') : undefined)
    await world.clock.advance(4 * hour)
    expect(isOverdue()).toBe(true)
    world.controller.abandon()
    expect(isOverdue()).toBe(false)
  })

  it('of many pages keeps nobody waiting who asks for a lookup', async () => {
    world = new World({ parts: { inventoryMs: hour, slots: 1 } })
    world.service.pageSize = 1
    for (let i = 0; i < 60; i++) {
      const tags = [{ key: 'cert-sync/cluster', value: 'test' }]
      world.service.add({ certificate: String(material.second.data['tls.crt']), tags })
    }
    world.start()
    world.store.put('a/site', userAnnotations(), material.first.data)
    await world.until(() => queries('tags').length >= 5, 3 * hour, 500)
    world.ask('a/site')
    await world.clock.advance(4_000)
    expect(world.status('a/site').handledRequest).toBe('now')
    expect(queries('tags').length).toBeLessThan(60)
    await world.clock.advance(2 * minute)
    expect(queries('tags').length).toBeGreaterThanOrEqual(61)
  })

  it('comes after the Secrets: what has to be uploaded goes first', async () => {
    world = new World({ parts: { inventoryMs: hour, slots: 1 } })
    // One a second: longer than the inventory waits for anything else.
    for (let i = 0; i < 12; i++) {
      world.store.put(`a/${i}`, userAnnotations(), (await material.another()).data)
    }
    world.start()
    await world.until(() => lookups() > 0)
    expect(uploads()).toBe(12)
  })
})

describe('a certificate that somebody deletes', () => {
  it('is uploaded again within two intervals, and the status says why', async () => {
    await synced()
    const [first, second, third] = world.ids(keys)
    world.service.delete(second ?? '')
    await world.clock.advance(2 * hour)
    expect(world.certificateOf('b/site')?.chain).toBe(chains[1]?.chainFingerprint)
    expect(world.status('b/site')).toMatchObject({ phase: 'Synced', previous: [] })
    expect(world.events.reasons('b/site')).toContain('CertificateMissing')
    expect(world.ids(keys)).toEqual([first, expect.any(String), third])
    expect(uploads()).toBe(4)
  })

  it('is reported as missing, and its id is in no status while it cannot be uploaded again', async () => {
    await synced()
    world.service.fault = ({ action }) => (action === 'UploadCertificate' ? noAnswer(action) : undefined)
    world.service.delete(world.ids(['b/site'])[0] ?? '')
    await world.clock.advance(2.5 * hour)
    expect(world.status('b/site')).toMatchObject({ phase: 'Failed', uploaded: undefined })
    expect(world.events.reasons('b/site')).toContain('CertificateMissing')
    world.service.fault = undefined
    await world.clock.advance(8 * hour)
    expect(world.status('b/site').phase).toBe('Synced')
  })

  it('is missed although a tenant writes down an id that the service fails to look up', async () => {
    await synced()
    world.store.put('evil/site', { ...userAnnotations(), ...uploadedStatus(material.first, 'odd') }, {})
    world.service.fault = ({ action, query }) =>
      query?.by === 'ids' && query.ids.includes('odd')
        ? serviceError({ failure: 'outage', action, code: 'InternalError' })
        : undefined
    const [first, second, third] = world.ids(keys)
    world.service.delete(second ?? '')
    await world.clock.advance(2.5 * hour)
    expect(world.ids(keys)).toEqual([first, expect.any(String), third])
    expect(world.certificateOf('b/site')?.chain).toBe(chains[1]?.chainFingerprint)
    expect(queries('ids').some(({ query }) => query?.by === 'ids' && query.ids.includes('odd'))).toBe(true)
  })

  it('was adopted, and carries no tag of ours: it is missed all the same', async () => {
    world = new World({ parts: { inventoryMs: hour } })
    const foreign = world.service.add({
      certificate: String(material.first.data['tls.crt']),
      alias: 'by hand',
    })
    world.start()
    for (const key of ['a/site', 'b/site']) world.store.put(key, userAnnotations(), material.first.data)
    await world.clock.advance(2.5 * hour)
    expect(world.ids(['a/site', 'b/site'])).toEqual([foreign, foreign])
    expect(world.service.certificates).toHaveLength(1)
    world.service.delete(foreign)
    await world.clock.advance(2.5 * hour)
    expect(world.certificateOf('a/site')?.chain).toBe(material.first.chainFingerprint)
    expect(world.ids(['b/site'])).toEqual(world.ids(['a/site']))
    expect(world.service.certificates).toHaveLength(1)
  })

  it('is not uploaded for a paused Secret', async () => {
    await synced()
    const [id] = world.ids(['a/site'])
    world.store.edit('a/site', { [userKeys.paused]: 'true' })
    world.service.delete(id ?? '')
    await world.clock.advance(5 * hour)
    expect(world.ids(['a/site'])).toEqual([id])
    expect(uploads()).toBe(3)
  })

  it('again and again is uploaded at once, after six hours, and then daily', async () => {
    await synced()
    const start = world.clock.elapsed()
    const before = world.service.calls.length
    for (let halfHour = 0; halfHour < 2 * 60; halfHour++) {
      for (const { certificateId } of world.service.withChain(chains[0]?.chainFingerprint ?? '')) {
        world.service.delete(certificateId)
      }
      await world.clock.advance(hour / 2)
    }
    const hours = world.service.calls
      .slice(before)
      .filter((it) => it.action === 'UploadCertificate')
      .map((it) => (it.at - start) / hour)
    expect(hours[0]).toBeLessThan(3)
    for (const [i, at] of hours.entries()) {
      if (i > 0) expect(at - (hours[i - 1] ?? 0)).toBeGreaterThanOrEqual(i === 1 ? 5.9 : 23)
    }
    expect(hours.length).toBeGreaterThanOrEqual(3)
    expect(hours.length).toBeLessThanOrEqual(4)
    expect(world.status('b/site').phase).toBe('Synced')
  })
})

describe('an id that a listing lacks', () => {
  /** Whether the call under way is a listing, and not a lookup of ids. */
  const isListing = () => world.service.calls.at(-1)?.query?.by === 'tags'

  it('is not gone when it can be looked up', async () => {
    await synced()
    const ids = world.ids(keys)
    world.service.hides = ({ certificateId }) => isListing() && certificateId === ids[1]
    await world.clock.advance(24 * hour)
    expect(uploads()).toBe(3)
    expect(world.ids(keys)).toEqual(ids)
    expect(world.events.reasons('b/site')).toEqual(['CertificateUploaded'])
  })

  it('is not gone when it is back within ten minutes', async () => {
    await synced()
    const ids = world.ids(keys)
    world.service.hides = ({ certificateId }) => certificateId === ids[1]
    const before = queries('ids').length
    await world.until(() => queries('ids').length > before, 3 * hour, 1_000)
    await world.clock.advance(5 * minute)
    world.service.hides = () => false
    await world.clock.advance(12 * hour)
    expect(uploads()).toBe(3)
    expect(world.ids(keys)).toEqual(ids)
    expect(world.events.reasons('b/site')).toEqual(['CertificateUploaded'])
  })

  it('is looked up by two calls at least ten minutes apart before it is gone', async () => {
    await synced()
    const [, id = ''] = world.ids(keys)
    world.service.delete(id)
    const before = world.service.calls.length
    await world.until(() => uploads() > 3, 3 * hour, 1_000)
    const asked = world.service.calls
      .slice(before)
      .filter(({ query }) => query?.by === 'ids' && query.ids.includes(id))
    expect(asked.length).toBeGreaterThanOrEqual(2)
    expect((asked.at(-1)?.at ?? 0) - (asked[0]?.at ?? 0)).toBeGreaterThanOrEqual(10 * minute)
  })

  it('is not gone where the listing is not the same on each page', async () => {
    await synced()
    const [, id] = world.ids(keys)
    world.service.pageSize = 1
    // From the second page on, one is missing, and the total is another.
    world.service.hides = ({ certificateId }) => {
      const query = world.service.calls.at(-1)?.query
      return query?.by === 'tags' && query.offset > 0 && certificateId === id
    }
    const lookedUp = queries('ids').length
    await world.clock.advance(5 * hour)
    expect(
      queries('ids')
        .slice(lookedUp)
        .flatMap(({ query }) => (query?.by === 'ids' ? query.ids : [])),
    ).toContain(id)
    expect(uploads()).toBe(3)
    expect(world.events.reasons('b/site')).toEqual(['CertificateUploaded'])
  })

  it('is nothing where listings fail half-way', async () => {
    await synced()
    const ids = world.ids(keys)
    world.service.pageSize = 1
    world.service.fault = ({ query, action }) =>
      query?.by === 'tags' && query.offset > 0 ? noAnswer(action) : undefined
    await world.clock.advance(24 * hour)
    expect(uploads()).toBe(3)
    expect(world.ids(keys)).toEqual(ids)
  })
})

describe('odd ids that a tenant writes down', () => {
  const faults = {
    refused: { failure: 'rejected', code: 'InvalidParameter' },
    unanswered: { failure: 'outage', code: 'InternalError' },
  } as const

  it.each(
    (['refused', 'unanswered'] as const).flatMap((fault) =>
      [14, 30, 99].map((count) => [fault, count] as const),
    ),
  )('keep nobody from noticing that a certificate is gone: %s, %i of them', async (fault, count) => {
    await synced()
    world.service.fault = ({ action, query }) =>
      query?.by === 'ids' && query.ids.some((id) => id.startsWith('odd'))
        ? serviceError({ action, ...faults[fault] })
        : undefined
    for (let i = 0; i < count; i++) {
      const claim = uploadedStatus(material.first, `odd${i}`)
      world.store.put(`evil/${i}`, { ...userAnnotations(), ...claim }, material.first.data)
    }
    await world.clock.advance(1.5 * hour)
    world.service.delete(world.ids(['b/site'])[0] ?? '')
    await world.until(() => world.certificateOf('b/site') !== undefined, 2 * hour, minute)
  })
})

describe('many ids', () => {
  it('that no listing names are looked up a hundred at a time', async () => {
    const many = 230
    world = new World({ parts: { inventoryMs: hour } })
    const certificate = String(material.first.data['tls.crt'])
    for (let i = 0; i < many; i++) {
      const id = world.service.add({ certificate })
      world.store.put(
        `n${i}/site`,
        { ...userAnnotations(), ...uploadedStatus(material.first, id) },
        material.first.data,
      )
    }
    world.start()
    await world.clock.advance(2.5 * hour)
    const byIds = queries('ids')
    expect(byIds.length).toBeGreaterThan(0)
    for (const { query } of byIds) expect(query?.by === 'ids' && query.ids.length).toBeLessThanOrEqual(100)
    // Two to four inventories, three calls each.
    expect(byIds.length).toBeLessThanOrEqual(12)
    expect(uploads()).toBe(0)
  })
})

describe('what an inventory saw', () => {
  it('is known a day after the upload: a wiped status costs no upload', async () => {
    await synced()
    const ids = world.ids(keys)
    await world.clock.advance(48 * hour)
    world.wipe('a/site')
    await world.clock.advance(minute)
    expect(world.ids(keys)).toEqual(ids)
    expect(uploads()).toBe(3)
  })

  it('is known to a process that never uploaded it: a wiped status costs no upload', async () => {
    await synced()
    const ids = world.ids(keys)
    world.start()
    await world.clock.advance(3 * hour)
    world.wipe('a/site')
    await world.clock.advance(minute)
    expect(world.ids(keys)).toEqual(ids)
    expect(uploads()).toBe(3)
  })
})
