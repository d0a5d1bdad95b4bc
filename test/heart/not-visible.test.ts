import { beforeAll, describe, expect, it } from 'vitest'
import { type ServiceBehaviour, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const hour = 3_600_000
const keys = ['a/site', 'b/site', 'c/site', 'd/site', 'e/site']

let material: TestMaterial
let chains: TestChain[]
let world: World

beforeAll(async () => {
  material = await createMaterial()
  chains = await Promise.all(keys.map(() => material.another()))
})

interface Options {
  readonly inventoryMs?: number
  readonly service?: Partial<ServiceBehaviour>
  readonly repeatable?: string
}

/** Secrets with certificates of their own, which from now on the credentials may not see. */
async function hidden(count: number, { inventoryMs, service, repeatable }: Options = {}): Promise<void> {
  world = new World({ parts: inventoryMs === undefined ? {} : { inventoryMs }, ...(service && { service }) })
  world.start()
  for (const [i, chain] of chains.slice(0, count).entries()) {
    world.store.put(keys[i] ?? '', userAnnotations({ repeatable }), chain.data)
  }
  await world.settle()
  // Time enough for an inventory that saw them.
  if (inventoryMs !== undefined) await world.clock.advance(2 * inventoryMs)
  world.service.hides = () => true
}

const uploads = () => world.service.count('UploadCertificate')

describe('an id that was called gone, and is answered by an upload', () => {
  it('is kept, and the status says that it is not visible', async () => {
    await hidden(1)
    const ids = world.ids(['a/site'])
    world.ask('a/site')
    await world.clock.advance(60_000)
    expect(world.status('a/site')).toMatchObject({
      phase: 'Synced',
      reason: 'NotVisible',
      handledRequest: 'now',
    })
    expect(world.ids(['a/site'])).toEqual(ids)
    expect(world.events.reasons('a/site').at(-1)).toBe('NotVisible')
    expect(uploads()).toBe(2)
    expect(world.service.certificates).toHaveLength(1)
  })

  it('proves for a day that absence proves nothing: no request uploads anything', async () => {
    await hidden(1)
    world.ask('a/site', 'first')
    await world.clock.advance(60_000)
    for (let i = 0; i < 10; i++) {
      world.ask('a/site', `again ${i}`)
      await world.clock.advance(2 * hour)
    }
    expect(uploads()).toBe(2)
    expect(world.status('a/site')).toMatchObject({ phase: 'Synced', handledRequest: 'again 9' })
  })

  it('proves it no longer than a day: a request uploads it again', async () => {
    await hidden(1)
    world.ask('a/site', 'first')
    await world.clock.advance(60_000)
    await world.clock.advance(24 * hour - 120_000)
    world.ask('a/site', 'within')
    await world.clock.advance(60_000)
    expect(uploads()).toBe(2)
    await world.clock.advance(60_000)
    world.ask('a/site', 'after')
    await world.clock.advance(60_000)
    expect(uploads()).toBe(3)
    expect(world.status('a/site')).toMatchObject({
      phase: 'Synced',
      reason: 'NotVisible',
      handledRequest: 'after',
    })
  })

  it('proves it for every Secret of the account, when one of another namespace says the same', async () => {
    await hidden(keys.length)
    const ids = world.ids(keys)
    world.ask('a/site')
    await world.clock.advance(60_000)
    for (const key of keys) world.ask(key, 'later')
    await world.clock.advance(60_000)
    expect(world.ids(keys)).toEqual(ids)
    expect(uploads()).toBe(keys.length + 2)
    expect(keys.map((key) => world.status(key).handledRequest)).toEqual(keys.map(() => 'later'))
    expect(keys.map((key) => world.status(key).phase)).toEqual(keys.map(() => 'Synced'))
  })

  it('proves nothing a day later', async () => {
    await hidden(1)
    world.ask('a/site', 'first')
    await world.clock.advance(25 * hour)
    world.service.hides = () => false
    world.service.delete(world.ids(['a/site'])[0] ?? '')
    world.ask('a/site', 'second')
    await world.clock.advance(60_000)
    expect(world.certificateOf('a/site')?.chain).toBe(chains[0]?.chainFingerprint)
    expect(world.status('a/site').reason).toBe('CertificateUploaded')
  })

  it('is said of it until it is seen again', async () => {
    await hidden(1)
    world.ask('a/site', 'first')
    await world.clock.advance(60_000)
    world.service.hides = () => false
    world.ask('a/site', 'second')
    await world.clock.advance(60_000)
    expect(world.status('a/site').phase).toBe('Synced')
    expect(world.status('a/site').reason).toMatch(/^Certificate(Uploaded|Adopted)$/)
    world.store.edit('a/site', { touched: 'yes' })
    await world.clock.advance(60_000)
    expect(world.status('a/site').reason).toMatch(/^Certificate(Uploaded|Adopted)$/)
  })

  it.each([false, true])('is said until an inventory shows it (after a restart: %s)', async (restarts) => {
    await hidden(1, { inventoryMs: hour })
    world.ask('a/site')
    await world.clock.advance(60_000)
    expect(world.status('a/site').reason).toBe('NotVisible')
    if (restarts) world.start()
    await world.clock.advance(3 * hour)
    expect(world.status('a/site').reason).toBe('NotVisible')
    world.service.hides = () => false
    await world.clock.advance(2 * hour)
    expect(world.status('a/site')).toMatchObject({ phase: 'Synced', reason: 'CertificateAdopted' })
  })

  it('says nothing of what other Secrets name: that is uploaded again where it is gone', async () => {
    await hidden(3)
    const [id] = world.ids(['a/site'])
    world.service.hides = (it) => it.certificateId === id
    await world.clock.advance(60_000)
    world.ask('a/site')
    await world.clock.advance(60_000)
    expect(world.status('a/site').reason).toBe('NotVisible')
    world.service.delete(world.ids(['b/site'])[0] ?? '')
    world.ask('b/site')
    await world.clock.advance(60_000)
    expect(world.certificateOf('b/site')?.chain).toBe(chains[1]?.chainFingerprint)
  })

  it('is kept as well where duplicates are refused and the search by chain names it', async () => {
    await hidden(1, { service: { duplicates: 'refused' } })
    const ids = world.ids(['a/site'])
    world.ask('a/site')
    await world.clock.advance(2 * 60_000)
    expect(world.status('a/site')).toMatchObject({ phase: 'Synced', reason: 'NotVisible' })
    expect(world.ids(['a/site'])).toEqual(ids)
  })
})

describe('where the service says that a certificate exists, and not under which id', () => {
  it.each(['leaf', 'chain'] as const)(
    'the status names the id that lookups do not show, and does not ask to delete it (%s)',
    async (compares) => {
      const service = { duplicates: 'refused', canFindByChain: false, compares } as const
      world = new World({ service, parts: { inventoryMs: hour } })
      world.start()
      world.store.put('a/site', userAnnotations(), material.first.data)
      await world.clock.advance(2 * hour)
      const [id] = world.ids(['a/site'])
      world.service.hides = () => true
      await world.until(() => world.status('a/site').reason === 'ExistsElsewhere', 30 * hour, 60_000)
      const { message } = world.status('a/site')
      expect(message).toContain(id)
      expect(message).not.toMatch(/delete/i)
      world.service.hides = () => false
      await world.clock.advance(2 * hour)
      expect(world.status('a/site').phase).toBe('Synced')
      expect(world.ids(['a/site'])).toEqual([id])
    },
  )
})

describe('an id that nobody may look up', () => {
  it('is verified as soon as an inventory shows it', async () => {
    world = new World({ parts: { inventoryMs: hour } })
    world.start()
    world.store.put('a/site', userAnnotations(), material.first.data)
    await world.clock.advance(2 * hour)
    world.service.fault = ({ action }) =>
      action === 'DescribeCertificates'
        ? serviceError({ failure: 'not-allowed', action, code: 'UnauthorizedOperation' })
        : undefined
    world.ask('a/site')
    await world.clock.advance(3 * hour)
    expect(world.status('a/site').reason).toBe('VerifyNotAllowed')
    world.service.fault = undefined
    await world.clock.advance(2 * hour)
    expect(world.status('a/site')).toMatchObject({ phase: 'Synced', reason: 'CertificateUploaded' })
  })
})

describe('an id that the account had already', () => {
  it('and that is answered for one that is gone does not prove that lookups can be trusted', async () => {
    await hidden(3, { service: { serviceMs: 300, names: 'newest' } })
    await world.clock.advance(60_000)
    const ids = world.ids(['a/site', 'b/site'])
    // Somebody else's copy of the same certificate is what the service names.
    world.service.add({ certificate: String(chains[0]?.data['tls.crt']) })
    world.ask('a/site')
    await world.until(() => world.status('a/site').handledRequest === 'now')
    expect(world.ids(['a/site'])).not.toEqual(ids.slice(0, 1))
    const before = world.service.calls.length
    world.ask('b/site')
    world.ask('c/site')
    await world.clock.advance(2 * 60_000)
    const again = world.service.calls.slice(before).filter((it) => it.action === 'UploadCertificate')
    // One at a time.
    expect((again[1]?.at ?? Number.POSITIVE_INFINITY) - (again[0]?.at ?? 0)).toBeGreaterThanOrEqual(300)
  })
})

describe('ids that are gone', () => {
  it('are uploaded one at a time until one of them brings a new id: all asked at once cost one upload', async () => {
    await hidden(keys.length, { service: { serviceMs: 300 } })
    const ids = world.ids(keys)
    for (const key of keys) world.ask(key)
    await world.clock.advance(2 * 60_000)
    expect(uploads()).toBe(keys.length + 1)
    expect(world.ids(keys)).toEqual(ids)
    expect(world.service.certificates).toHaveLength(keys.length)
  })

  it('are all uploaded when the first of them brought a new id', async () => {
    await hidden(keys.length, { service: { serviceMs: 300 } })
    world.service.hides = () => false
    for (const id of world.ids(keys)) world.service.delete(id ?? '')
    const before = world.service.calls.length
    for (const key of keys) world.ask(key)
    await world.clock.advance(2 * 60_000)
    for (const [i, key] of keys.entries()) {
      expect(world.certificateOf(key)?.chain, key).toBe(chains[i]?.chainFingerprint)
    }
    const again = world.service.calls.slice(before).filter((it) => it.action === 'UploadCertificate')
    expect(again).toHaveLength(keys.length)
    // The second one waited for the first one's answer.
    expect((again[1]?.at ?? 0) - (again[0]?.at ?? 0)).toBeGreaterThanOrEqual(300)
  })

  it.each<[string, Options]>([
    ['on request', {}],
    ['by the inventory', { inventoryMs: hour }],
  ])(
    'and wanted as copies of their own make none where they are only not visible: %s',
    async (_, options) => {
      await hidden(1, { ...options, repeatable: 'true' })
      const ids = world.ids(['a/site'])
      if (options.inventoryMs === undefined) world.ask('a/site')
      await world.clock.advance(8 * hour)
      expect(world.service.certificates).toHaveLength(1)
      expect(world.ids(['a/site'])).toEqual(ids)
    },
  )
})

describe('an inventory that sees nothing any more', () => {
  it('costs two uploads a day at most, and no id', async () => {
    await hidden(keys.length, { inventoryMs: hour })
    const ids = world.ids(keys)
    await world.clock.advance(20 * hour)
    expect(uploads()).toBeLessThanOrEqual(keys.length + 2)
    expect(world.ids(keys)).toEqual(ids)
    expect(keys.map((key) => world.status(key).phase)).toEqual(keys.map(() => 'Synced'))
    expect(world.service.certificates).toHaveLength(keys.length)
  })
})
