import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { noAnswer, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { uploadedStatus, userAnnotations } from './observed.ts'
import { World } from './world.ts'

const hour = 3_600_000
const one = 'a/site'
const other = 'b/site'

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

beforeEach(() => {
  world = new World()
})

function refuseTags(): void {
  world.service.fault = ({ action, upload }) =>
    upload?.tags.length ? serviceError({ failure: 'cosmetic', action, code: 'InvalidParameter' }) : undefined
}

const uploads = () => world.service.count('UploadCertificate')

async function synced(secret: string, settings: Parameters<typeof userAnnotations>[0] = {}): Promise<string> {
  world.store.put(secret, userAnnotations(settings), material.first.data)
  await world.settle()
  return world.ids([secret])[0] ?? ''
}

describe('no Secret goes round in circles', () => {
  it('whose own copy is deleted where duplicates are refused', async () => {
    world = new World({ service: { duplicates: 'refused' } })
    world.start()
    await synced(one)
    const id = await synced(other, { repeatable: 'true' })
    world.service.delete(id)
    const before = uploads()
    world.ask(other)
    await world.clock.advance(2 * hour)
    expect(uploads() - before).toBeLessThan(5)
    expect(world.status(other).phase).toBe('Synced')
    world.store.replaceData(other, material.second.data)
    await world.clock.advance(2 * hour)
    expect(world.certificateOf(other)?.chain).toBe(material.second.chainFingerprint)
  })

  it('whose leaf the account has under another chain, without a tag', async () => {
    world = new World({ service: { duplicates: 'refused' } })
    refuseTags()
    world.start()
    await synced(one)
    const before = uploads()
    world.store.put(other, userAnnotations(), material.firstAgain.data)
    await world.clock.advance(2 * hour)
    expect(uploads() - before).toBeLessThan(12)
    expect(world.status(other).phase).toBeDefined()
  })

  it('whose id on record was adopted for its new chain by another Secret, while the service names a third one', async () => {
    world = new World({ service: { names: 'newest' } })
    const certificate = String(material.first.data['tls.crt'])
    world.service.add({ certificate })
    world.start()
    await synced(one)
    world.store.put(other, userAnnotations(), material.firstAgain.data)
    await world.settle()
    expect(world.ids([other])).toEqual(world.ids([one]))
    world.service.add({ certificate })
    const before = uploads()
    world.store.replaceData(one, material.firstAgain.data)
    await world.clock.advance(2 * hour)
    expect(uploads() - before).toBeLessThan(5)
    expect(world.status(one)).toMatchObject({
      phase: 'Synced',
      uploaded: { chainFingerprint: material.firstAgain.chainFingerprint },
    })
  })

  it('whose copy is searched for by an alias that somebody gave to the certificate of another chain', async () => {
    world = new World()
    refuseTags()
    world.start()
    await synced(one)
    for (const key of ['c/1', 'c/2', 'd/3']) {
      world.store.put(key, userAnnotations(), (await material.another()).data)
      await world.settle()
    }
    world.service.lostAnswer = ({ upload }) => {
      const [first] = world.service.certificates
      // In the console.
      if (upload?.repeatable && first) {
        world.service.certificates.splice(0, 1, { ...first, alias: upload.alias ?? '' })
        world.service.certificates.pop()
      }
      return upload?.repeatable ? noAnswer('UploadCertificate') : undefined
    }
    world.store.put(other, userAnnotations({ repeatable: 'true' }), material.firstAgain.data)
    await world.clock.advance(1_000)
    world.service.lostAnswer = undefined
    const before = world.service.calls.length
    await world.clock.advance(2 * hour)
    expect(world.service.calls.length - before).toBeLessThan(12)
    expect(world.certificateOf(other)?.chain).toBe(material.firstAgain.chainFingerprint)
  })

  it('nor waits for ever with an intent of another account on record', async () => {
    world.start()
    await synced(one)
    const status = uploadedStatus(material.first, 'elsewhere', {
      account: 'old@ssl.example.com',
      intent: material.firstAgain.chainFingerprint,
    })
    world.store.put(other, { ...userAnnotations(), ...status }, material.firstAgain.data)
    await world.clock.advance(2 * hour)
    expect(world.certificateOf(other)?.chain).toBe(material.firstAgain.chainFingerprint)
  })
})

describe('a certificate that was called gone', () => {
  it('and is listed again is missed no more, also after a renewal', async () => {
    world.start()
    const id = await synced(one)
    await synced(other)
    world.store.edit(other, { 'tencent-cert-sync.io/paused': 'true' })
    world.service.hides = () => true
    world.ask(one)
    await world.clock.advance(60_000)
    world.service.hides = () => false
    world.store.edit(other, { 'tencent-cert-sync.io/paused': null })
    await world.clock.advance(60_000)
    world.store.replaceData(other, material.second.data)
    await world.clock.advance(60_000)
    expect(world.service.certificates.map((it) => it.certificateId)).toContain(id)
    expect(world.events.reasons(other)).not.toContain('CertificateMissing')
  })

  it('as a copy of its own is made again at once, whoever else has the chain', async () => {
    world = new World({ parts: { inventoryMs: hour } })
    world.start()
    await synced(one)
    const id = await synced(other, { repeatable: 'true' })
    world.service.delete(id)
    await world.clock.advance(3 * hour)
    expect(world.status(other).phase).toBe('Synced')
    expect(world.certificateOf(other)?.chain).toBe(material.first.chainFingerprint)
  })

  it('is found by the inventory although another Secret names an id that no lookup takes', async () => {
    world = new World({ parts: { inventoryMs: hour } })
    world.service.fault = ({ query }) =>
      query?.by === 'ids' && query.ids.includes('bad-id')
        ? serviceError({ failure: 'rejected', action: 'DescribeCertificates', code: 'InvalidParameter' })
        : undefined
    world.start()
    const id = await synced(one)
    const forged = { ...userAnnotations(), ...uploadedStatus(material.second, 'bad-id') }
    world.store.put('evil/site', forged, material.second.data)
    await world.settle()
    world.service.delete(id)
    await world.clock.advance(4 * hour)
    expect(world.certificateOf(one)?.chain).toBe(material.first.chainFingerprint)
  })

  it.each(['on request', 'by the inventory'])(
    'and replaced costs no calls without end when its replacement is not visible: %s',
    async (how) => {
      world = new World({ parts: { inventoryMs: hour } })
      world.start()
      const id = await synced(one)
      const { service } = world
      service.delete(id)
      if (how === 'on request') world.ask(one, 'first')
      await world.until(() => world.certificateOf(one) !== undefined, 5 * hour, 60_000)
      service.hides = () => true
      if (how === 'on request') world.ask(one, 'second')
      await world.clock.advance(9 * hour)
      const before = service.calls.length
      await world.clock.advance(5 * hour)
      expect(service.calls.length - before).toBeLessThan(40)
      expect(service.certificates).toHaveLength(1)
      expect(world.status(one)).toMatchObject({ phase: 'Synced', reason: 'NotVisible' })
    },
  )
})
