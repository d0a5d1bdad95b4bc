import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const other = 'shop/site'
const minute = 60_000
const hour = 60 * minute

let material: TestMaterial
let another: TestChain
let world: World

beforeAll(async () => {
  material = await createMaterial()
  another = await material.another()
})

/** A Secret whose certificate was uploaded just now, and is listed only so much later. */
async function uploaded(
  lagMs: number,
  settings: Parameters<typeof userAnnotations>[0] = {},
): Promise<string> {
  world = new World({ parts: { inventoryMs: hour } })
  world.service.listingLagMs = lagMs
  world.start()
  world.store.put(other, userAnnotations(), another.data)
  await world.clock.advance(30 * minute)
  world.store.put(key, userAnnotations(settings), material.first.data)
  await world.until(() => world.status(key).phase === 'Synced')
  return world.ids([key])[0] ?? ''
}

const calls = (action: string) => world.service.count(action as 'UploadCertificate')

describe('a request within seconds of the upload, where listings show a certificate late,', () => {
  it('is answered by one more lookup when the minute is over; the status stays as it is until then', async () => {
    const id = await uploaded(8_000)
    const [uploads, lookups] = [calls('UploadCertificate'), calls('DescribeCertificates')]
    const before = world.store.writes(key)
    world.ask(key)
    await world.clock.advance(50_000)
    expect(world.store.writes(key)).toBe(before)
    expect(world.status(key)).toMatchObject({ phase: 'Synced', handledRequest: undefined })
    expect(calls('DescribeCertificates') - lookups).toBe(1)
    await world.clock.advance(15_000)
    expect(world.status(key)).toMatchObject({
      phase: 'Synced',
      reason: 'CertificateUploaded',
      handledRequest: 'now',
    })
    expect(world.ids([key])).toEqual([id])
    expect(calls('DescribeCertificates') - lookups).toBe(2)
    expect(calls('UploadCertificate')).toBe(uploads)
  })

  it('costs one lookup a minute however often somebody asks', async () => {
    await uploaded(8_000)
    const lookups = calls('DescribeCertificates')
    for (let i = 0; i < 20; i++) {
      world.ask(key, `${i}`)
      await world.clock.advance(2_000)
    }
    expect(calls('DescribeCertificates') - lookups).toBe(1)
  })

  it('does not keep what is gone elsewhere in the account from being uploaded again', async () => {
    await uploaded(8_000)
    world.ask(key)
    await world.clock.advance(minute)
    world.service.delete(world.ids([other])[0] ?? '')
    await world.clock.advance(5 * hour)
    expect(world.certificateOf(other)?.chain).toBe(another.chainFingerprint)
    expect(world.status(key).reason).toBe('CertificateUploaded')
  })

  it.each([2 * minute, 5 * minute, 20 * minute])(
    'and for Secrets of two namespaces hides nothing once a listing shows them (%d ms late)',
    async (lagMs) => {
      await uploaded(lagMs)
      const [first, second] = ['docs/site', 'blog/site'] as const
      world.store.put(first, userAnnotations(), material.second.data)
      world.store.put(second, userAnnotations(), (await material.another()).data)
      await world.clock.advance(90_000)
      world.ask(first)
      world.ask(second)
      await world.clock.advance(minute)
      expect([first, second].map((it) => world.status(it).reason)).toContain('NotVisible')
      world.service.delete(world.ids([other])[0] ?? '')
      await world.clock.advance(5 * hour)
      expect(world.certificateOf(other)?.chain).toBe(another.chainFingerprint)
      expect([key, first, second].map((it) => world.status(it).reason)).not.toContain('NotVisible')
    },
  )

  it('makes no second copy where the Secret has one of its own and its status was wiped', async () => {
    const id = await uploaded(30_000, { repeatable: 'true' })
    world.wipe(key)
    world.ask(key)
    await world.clock.advance(2 * minute)
    expect(world.ids([key])).toEqual([id])
    expect(world.service.withChain(material.first.chainFingerprint)).toHaveLength(1)
  })

  it('finds out that the certificate is gone when the minute is over', async () => {
    const id = await uploaded(0)
    world.service.delete(id)
    world.ask(key)
    await world.clock.advance(2 * minute)
    expect(world.certificateOf(key)?.chain).toBe(material.first.chainFingerprint)
    expect(world.status(key).handledRequest).toBe('now')
  })
})

describe('a request right after another process took over, where listings show a certificate a minute late,', () => {
  /** Secrets with one certificate, which the process that runs has not seen. */
  async function takenOver(keys: readonly string[]): Promise<string> {
    world = new World()
    world.service.listingLagMs = minute
    world.start()
    for (const each of keys) world.store.put(each, userAnnotations(), material.first.data)
    await world.until(() => keys.every((each) => world.status(each).phase === 'Synced'))
    world.start()
    await world.settle()
    return world.ids(keys)[0] ?? ''
  }

  it('is answered by one more lookup a minute later; the status stays as it is until then', async () => {
    const id = await takenOver([key])
    const writes = world.store.writes(key)
    world.ask(key)
    await world.clock.advance(50_000)
    expect(world.store.writes(key)).toBe(writes)
    await world.clock.advance(15_000)
    expect(world.status(key)).toMatchObject({ reason: 'CertificateUploaded', handledRequest: 'now' })
    expect(world.ids([key])).toEqual([id])
    expect([calls('DescribeCertificates'), calls('UploadCertificate')]).toEqual([2, 1])
  })

  it('finds out in two lookups that the certificate is gone', async () => {
    const id = await takenOver([key])
    world.service.delete(id)
    world.ask(key)
    await world.clock.advance(2 * minute)
    expect(world.certificateOf(key)?.chain).toBe(material.first.chainFingerprint)
    expect(world.status(key).handledRequest).toBe('now')
    expect(calls('DescribeCertificates')).toBe(2)
  })

  it('takes no id back from a Secret of another namespace', async () => {
    const id = await takenOver([key, 'mirror/site'])
    const writes = world.store.writes(key)
    world.ask('mirror/site')
    await world.clock.advance(hour)
    expect(world.ids([key, 'mirror/site'])).toEqual([id, id])
    expect(world.store.writes(key)).toBe(writes)
    expect(world.status('mirror/site').handledRequest).toBe('now')
    expect(calls('UploadCertificate')).toBe(1)
  })
})
