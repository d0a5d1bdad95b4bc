import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { noAnswer, type ServiceBehaviour, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

const keys = Array.from({ length: 5 }, (_, i) => `team${i}/site`)

async function sync(
  chain: TestChain,
  settings: Parameters<typeof userAnnotations>[0] = {},
  service: ConstructorParameters<typeof World>[0] = {},
): Promise<void> {
  world = new World(service)
  for (const key of keys) world.store.put(key, userAnnotations(settings), chain.data)
  world.start()
  await world.settle()
}

const ids = () => keys.map((key) => world.status(key).uploaded?.certificateId)

describe('one certificate in several Secrets', () => {
  it('is one call', async () => {
    await sync(material.first, {}, { service: { serviceMs: 300 } })
    expect(world.service.calls).toHaveLength(1)
    expect(new Set(ids()).size).toBe(1)
    expect(keys.map((key) => world.status(key).phase)).toEqual(keys.map(() => 'Synced'))
  })

  it('was uploaded for one of them and was there already for the others', async () => {
    await sync(material.first)
    const origins = keys.map((key) => world.status(key).origin)
    expect(origins.filter((it) => it === 'Uploaded')).toHaveLength(1)
    expect(origins.filter((it) => it === 'Adopted')).toHaveLength(4)
    for (const key of keys) {
      const { origin, settings, reason } = world.status(key)
      expect(settings !== undefined).toBe(origin === 'Uploaded')
      expect(reason).toBe(`Certificate${origin}`)
    }
  })

  it('is one certificate although the first answer is lost', async () => {
    world = new World()
    let lost = 0
    world.service.lostAnswer = () => (lost++ < 2 ? noAnswer('UploadCertificate') : undefined)
    for (const key of keys) world.store.put(key, userAnnotations(), material.first.data)
    world.start()
    await world.until(() => keys.every((key) => world.status(key).phase === 'Synced'))
    expect(world.service.certificates).toHaveLength(1)
  })

  it('is a copy for each of them where they want one of their own', async () => {
    await sync(material.first, { repeatable: 'true' })
    expect(new Set(ids()).size).toBe(keys.length)
    expect(world.service.certificates).toHaveLength(keys.length)
    world.start()
    await world.settle()
    expect(world.service.certificates).toHaveLength(keys.length)
  })

  it('in another account is uploaded there once, and the old ids are no previous ones', async () => {
    await sync(material.first)
    const account = 'other@ssl.example.com'
    const moved = new World({ parts: { identity: { account, cluster: 'test', version: '1.0.0' } } })
    for (const key of keys) moved.store.put(key, world.store.annotations(key), material.first.data)
    moved.start()
    await moved.settle()
    expect(moved.service.certificates).toHaveLength(1)
    for (const key of keys) {
      expect(moved.status(key)).toMatchObject({ uploaded: { account }, previous: [] })
    }
  })
})

describe('a copy that was asked for', () => {
  it('is new although its answer names the certificate that was there', async () => {
    world = new World({ service: { copiesNameTheOther: true } })
    world.start()
    world.store.put('web/site', userAnnotations(), material.first.data)
    await world.settle()
    world.store.replaceData('web/site', material.firstAgain.data)
    await world.settle()
    expect(world.status('web/site')).toMatchObject({ origin: 'Uploaded', reason: 'CertificateUploaded' })
    expect(world.certificateOf('web/site')?.chain).toBe(material.firstAgain.chainFingerprint)
  })
})

describe("a Secret's own copy", () => {
  const owner = 'web/owner'
  const other = 'shop/other'
  const services: readonly Partial<ServiceBehaviour>[] = [
    { duplicates: 'answered' },
    { duplicates: 'refused', canFindByChain: true },
    { duplicates: 'refused', canFindByChain: false },
    { duplicates: 'refused', canFindByChain: false, compares: 'chain' },
  ]

  it.each(services)(
    'stays its own where the service names it to another one, which gets its own (%o)',
    async (service) => {
      world = new World({ service })
      world.start()
      world.store.put(owner, userAnnotations({ repeatable: 'true' }), material.first.data)
      await world.settle()
      const [own] = world.ids([owner])
      world.store.put(other, userAnnotations(), material.first.data)
      await world.clock.advance(60_000)
      expect(world.status(other).phase).toBe('Synced')
      expect(world.ids([other])).not.toContain(own)
      // What is for everybody serves the next one.
      world.store.put('shop/third', userAnnotations(), material.first.data)
      await world.clock.advance(60_000)
      expect(world.ids(['shop/third'])).toEqual(world.ids([other]))
      world.wipe(owner)
      await world.clock.advance(60_000)
      expect(world.ids([owner])).toEqual([own])
      expect(world.service.withChain(material.first.chainFingerprint)).toHaveLength(2)
    },
  )

  it('is made at once where it is asked for later by whom the ID does not belong to, else with the next certificate', async () => {
    world = new World()
    world.start()
    for (const key of [owner, other]) world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    const [shared] = world.ids([owner])
    const isOwner = (key: string) => world.certificateOf(key)?.tags.some((it) => it.value === key)
    const [tagged = '', adopter = ''] = isOwner(owner) ? [owner, other] : [other, owner]
    world.store.edit(tagged, { [userKeys.repeatable]: 'true' })
    await world.clock.advance(60_000)
    expect(world.ids([tagged, adopter])).toEqual([shared, shared])
    world.store.edit(adopter, { [userKeys.repeatable]: 'true' })
    await world.clock.advance(60_000)
    expect(world.ids([tagged])).toEqual([shared])
    expect(isOwner(adopter)).toBe(true)
    for (const key of [owner, other]) world.store.replaceData(key, material.second.data)
    await world.clock.advance(60_000)
    expect([isOwner(owner), isOwner(other)]).toEqual([true, true])
    expect(world.service.certificates).toHaveLength(4)
  })

  it('stays its own although a new process knows it from a search alone', async () => {
    world = new World({ service: { duplicates: 'refused', canFindByChain: false } })
    world.start()
    world.store.put(owner, userAnnotations({ repeatable: 'true' }), material.first.data)
    await world.settle()
    world.start()
    world.store.put(other, userAnnotations(), material.first.data)
    await world.clock.advance(60_000)
    expect(world.status(other).phase).toBe('Synced')
    expect(world.ids([other])).not.toEqual(world.ids([owner]))
    expect(world.service.withChain(material.first.chainFingerprint)).toHaveLength(2)
  })
})

describe('another chain of a leaf in two Secrets', () => {
  const two = ['web/one', 'web/two']

  async function bothGetTheOtherChain(more: Readonly<Record<string, string>> = {}): Promise<void> {
    for (const key of two) world.store.put(key, userAnnotations(), material.first.data)
    world.start()
    await world.settle()
    for (const key of two) {
      const annotations = { ...world.store.annotations(key), ...more }
      world.store.put(key, annotations, material.firstAgain.data)
    }
  }

  function expectOneCopy(): void {
    const { chainFingerprint } = material.firstAgain
    expect(world.service.withChain(chainFingerprint)).toHaveLength(1)
    const [copy] = world.service.withChain(chainFingerprint)
    for (const key of two) expect(world.status(key).uploaded?.certificateId).toBe(copy?.certificateId)
  }

  it('is one copy although the answer to the first one is lost', async () => {
    world = new World({ service: { serviceMs: 200 } })
    let lost = 0
    world.service.lostAnswer = ({ upload }) =>
      upload?.repeatable && lost++ === 0 ? noAnswer('UploadCertificate') : undefined
    await bothGetTheOtherChain()
    await world.until(() =>
      two.every(
        (key) => world.status(key).uploaded?.chainFingerprint === material.firstAgain.chainFingerprint,
      ),
    )
    expect(lost).toBe(1)
    expectOneCopy()
  })

  it.each([1, 10])('is one copy although both have a new request (slots: %d)', async (slots) => {
    world = new World({ service: { serviceMs: 200 }, parts: { slots } })
    await bothGetTheOtherChain({ [userKeys.requestedAt]: 'now' })
    await world.until(() => two.every((key) => world.status(key).handledRequest === 'now'))
    expectOneCopy()
  })
})

describe('SVR and CA of the same certificates', () => {
  it('never have the same id', async () => {
    world = new World()
    const root = material.first.certificates[1]
    const both = { ...material.first.data, 'ca.crt': Buffer.from(root?.certificatePem ?? '') }
    world.store.put('web/server', userAnnotations(), both)
    world.store.put('web/authority', userAnnotations({ certificateType: 'CA' }), both)
    world.start()
    await world.settle()
    const types = ['web/server', 'web/authority'].map((key) => world.certificateOf(key)?.type)
    expect(types).toEqual(['SVR', 'CA'])
    expect(world.service.certificates).toHaveLength(2)
  })
})

describe('a certificate that the account holds already', () => {
  it.each([true, false])(
    'is adopted although its id has to be looked up (China: %s)',
    async (canFindByChain) => {
      const service = { duplicates: 'refused', canFindByChain } as const
      await sync(material.first, {}, { service })
      const [id] = ids()
      const key = keys[0] ?? ''
      world.store.put(key, userAnnotations(), material.first.data)
      world.start()
      await world.until(() => world.status(key).phase === 'Synced')
      expect(world.status(key)).toMatchObject({
        reason: 'CertificateAdopted',
        uploaded: { certificateId: id },
      })
      expect(world.service.certificates).toHaveLength(1)
    },
  )

  it('is found by its tags where the search by chain is not allowed', async () => {
    await sync(material.first, {}, { service: { duplicates: 'refused', compares: 'chain' } })
    const [key = '', id] = [keys[0], ids()[0]]
    world.service.fault = ({ action }) =>
      action === 'CheckCertificateExist'
        ? serviceError({ failure: 'not-allowed', action, code: 'UnauthorizedOperation' })
        : undefined
    const owner = keys.find((it) => world.status(it).origin === 'Uploaded') ?? key
    world.store.put(owner, userAnnotations(), material.first.data)
    world.start()
    await world.settle()
    expect(world.status(owner)).toMatchObject({ phase: 'Synced', uploaded: { certificateId: id } })
  })

  it('is not mistaken for one of the other type that the search by chain names', async () => {
    world = new World({ service: { duplicates: 'refused' } })
    const root = material.first.certificates[0]
    const both = { ...material.first.data, 'ca.crt': Buffer.from(root?.certificatePem ?? '') }
    world.store.put('web/authority', userAnnotations({ certificateType: 'CA' }), both)
    world.start()
    await world.settle()
    world.store.put('web/server', userAnnotations(), both)
    await world.settle()
    const id = world.status('web/server').uploaded?.certificateId
    world.store.put('web/server', userAnnotations(), both)
    world.start()
    await world.settle()
    expect(world.status('web/server').uploaded?.certificateId).toBe(id)
    expect(world.certificateOf('web/server')?.type).toBe('SVR')
    expect(world.certificateOf('web/authority')?.type).toBe('CA')
  })

  it('and that cannot be found is reported, and adopted as soon as it can be found', async () => {
    world = new World({ service: { duplicates: 'refused', canFindByChain: false } })
    // By hand: no tag of ours says which chain it holds.
    world.service.add({ certificate: String(material.first.data['tls.crt']) })
    const stranger = 'other/site'
    world.start()
    world.store.put(stranger, userAnnotations(), material.first.data)
    // It is searched for twice: it may be listed late.
    await world.until(() => world.status(stranger).phase === 'Failed', 60_000)
    expect(world.status(stranger).reason).toBe('ExistsElsewhere')
    const calls = world.service.calls.length
    await world.clock.advance(5 * 60_000)
    expect(world.service.calls).toHaveLength(calls)
    for (const { certificateId } of [...world.service.certificates]) world.service.delete(certificateId)
    await world.clock.advance(10 * 60_000)
    expect(world.status(stranger).phase).toBe('Synced')
  })
})
