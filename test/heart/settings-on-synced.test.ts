import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { noAnswer, serviceError } from '../fakes/certificate-service.ts'
import { createLeaf } from '../fixtures/certificates.ts'
import { chainOf, createMaterial, notAfter, notBefore, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const upload = 'UploadCertificate'

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

async function synced(settings: Parameters<typeof userAnnotations>[0] = {}): Promise<void> {
  world = new World()
  world.start()
  world.store.put(key, userAnnotations(settings), material.first.data)
  await world.settle()
  expect(world.status(key).phase).toBe('Synced')
}

describe('a cosmetic setting that becomes unusable after the upload', () => {
  it.each<[string, keyof typeof userKeys, string]>([
    ['alias', 'alias', '{nonsense}'],
    ['tag', 'tags', 'no-equals-sign'],
    ['certificate-use', 'certificateUse', 'no;such'],
  ])(
    'is named once, costs no call, and is forgotten when it is corrected: %s',
    async (name, setting, bad) => {
      await synced()
      const ids = world.ids([key])
      world.store.edit(key, { [userKeys[setting]]: bad })
      await world.settle()
      expect(world.status(key).phase).toBe('Synced')
      expect(world.status(key).message).toContain(name)
      const events = world.events.all.slice(1)
      expect(events).toHaveLength(1)
      expect(events[0]?.message).toContain(name)

      for (let i = 0; i < 10; i++) {
        world.store.edit(key, { touched: `${i}` })
        await world.clock.advance(1_000)
      }
      world.start()
      await world.settle()
      expect(world.events.all).toHaveLength(2)

      world.store.edit(key, { [userKeys[setting]]: null })
      await world.settle()
      expect(world.status(key).reason).toBe('CertificateUploaded')
      expect(world.ids([key])).toEqual(ids)
      expect(world.service.calls).toHaveLength(1)
    },
  )
})

describe('settings that the service refused', () => {
  it.each<[string, () => void, () => void]>([
    [
      'an annotation that does not parse',
      () => world.store.edit(key, { [userKeys.projectId]: 'x' }),
      () => world.store.edit(key, { [userKeys.projectId]: null }),
    ],
    [
      'a lookup that fails',
      () => {
        world.service.fault = () => noAnswer('DescribeCertificates')
        world.ask(key)
      },
      () => {
        world.service.fault = undefined
      },
    ],
    [
      'another certificate that cannot be uploaded',
      () => world.store.replaceData(key, { 'tls.crt': Buffer.from('x'), 'tls.key': Buffer.from('x') }),
      () => world.store.replaceData(key, material.first.data),
    ],
  ])('stay refused after %s has come and gone', async (_, come, go) => {
    world = new World()
    world.service.fault = (call) =>
      call.upload?.alias === 'bad'
        ? serviceError({ failure: 'cosmetic', action: upload, code: 'InvalidParameter.Alias' })
        : undefined
    world.start()
    world.store.put(key, userAnnotations({ alias: 'bad' }), material.first.data)
    await world.settle()
    const before = world.status(key)
    expect(before).toMatchObject({ phase: 'Synced', reason: 'SettingsRefused' })
    come()
    await world.clock.advance(10_000)
    expect(world.status(key).phase).not.toBe('Synced')
    go()
    await world.clock.advance(120_000)
    expect(world.status(key)).toMatchObject({ phase: 'Synced', reason: 'SettingsRefused' })
    expect(world.status(key).message).toBe(before.message)
    expect(world.service.count(upload)).toBe(2)
  })
})

describe('a Secret that is a copy of another one, status and all', () => {
  it.each([false, true])('gets an id of its own with repeatable (restart: %s)', async (restart) => {
    await synced({ repeatable: 'true' })
    const [original] = world.ids([key])
    world.store.put('web/copy', world.store.annotations(key), material.first.data)
    if (restart) world.start()
    await world.clock.advance(60_000)
    expect(world.ids([key])).toEqual([original])
    expect(world.status('web/copy').phase).toBe('Synced')
    expect(world.certificateOf('web/copy')?.chain).toBe(material.first.chainFingerprint)
    expect(world.ids(['web/copy'])).not.toEqual([original])
    expect(world.service.certificates).toHaveLength(2)
  })

  it('shares the id without repeatable, and costs no call', async () => {
    await synced()
    world.store.put('web/copy', world.store.annotations(key), material.first.data)
    await world.settle()
    expect(world.ids(['web/copy'])).toEqual(world.ids([key]))
    expect(world.service.calls).toHaveLength(1)
  })
})

describe('an alias', () => {
  it('that is empty, for want of a domain, is not sent', async () => {
    const nameless = chainOf(await createLeaf({ commonName: '', notBefore, notAfter }))
    world = new World()
    world.start()
    world.store.put(key, userAnnotations({ alias: '{domain}' }), nameless.data)
    await world.settle()
    expect(world.status(key).phase).toBe('Synced')
    expect(world.service.calls.map((it) => it.upload?.alias?.trim())).not.toContain('')
  })
})

describe('one certificate in two forms', () => {
  /** What OpenSSL puts behind the certificate in a TRUSTED CERTIFICATE: here, nothing that is trusted. */
  const noTrust = Buffer.from('3000', 'hex')

  it.each<[string, Buffer]>([
    ['TRUSTED CERTIFICATE', noTrust],
    ['TRUSTED CERTIFICATE', Buffer.alloc(0)],
    ['X509 CERTIFICATE', Buffer.alloc(0)],
  ])('is sent once: CERTIFICATE and %s', async (label, trust) => {
    const base64 = Buffer.concat([material.first.leaf.der, trust]).toString('base64')
    const again = `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`
    world = new World()
    world.start()
    const both = {
      ...material.first.data,
      'tls.crt': Buffer.from(`${material.first.data['tls.crt']}${again}`),
    }
    world.store.put(key, userAnnotations(), both)
    await world.settle()
    const sent = world.service.calls[0]?.upload?.certificate.match(/BEGIN/g)
    expect(sent).toHaveLength(material.first.certificates.length)
    expect(world.status(key).uploaded?.chainFingerprint).toBe(material.first.chainFingerprint)
  })
})

describe("an EC key in the Secret's own form", () => {
  const sec1 = () => ({
    ...material.first.data,
    'tls.key': Buffer.from(material.first.leaf.keyPemTraditional),
  })
  const forms = () =>
    world.service.calls.map((it) => /BEGIN (.*)-----/.exec(it.upload?.privateKey ?? '')?.[1])

  function refusing(code: string, refused: (key: string) => boolean): void {
    world = new World()
    world.service.fault = (call) =>
      refused(call.upload?.privateKey ?? '')
        ? serviceError({
            failure: 'rejected',
            action: upload,
            code: `FailedOperation.${code}`,
            perhapsKeyForm: code === 'CertificateParseError',
          })
        : undefined
    world.start()
  }

  it('is sent once more as PKCS#8 when it does not parse', async () => {
    refusing('CertificateParseError', (it) => it.includes('BEGIN EC PRIVATE KEY'))
    world.store.put(key, userAnnotations(), sec1())
    await world.settle()
    expect(forms()).toEqual(['EC PRIVATE KEY', 'PRIVATE KEY'])
    expect(world.status(key)).toMatchObject({ phase: 'Synced', reason: 'CertificateUploaded' })
    expect(world.events.reasons(key)).toEqual(['CertificateUploaded'])
  })

  it('is rejected when it does not parse as PKCS#8 either', async () => {
    refusing('CertificateParseError', () => true)
    world.store.put(key, userAnnotations(), sec1())
    await world.clock.advance(600_000)
    expect(forms()).toEqual(['EC PRIVATE KEY', 'PRIVATE KEY'])
    expect(world.status(key)).toMatchObject({ phase: 'Rejected', reason: 'RefusedByService' })
  })

  it('is not sent again for another refusal', async () => {
    refusing('CertificateInvalid', () => true)
    world.store.put(key, userAnnotations(), sec1())
    await world.clock.advance(600_000)
    expect(forms()).toEqual(['EC PRIVATE KEY'])
  })

  it('is not sent again where it was PKCS#8 already', async () => {
    refusing('CertificateParseError', () => true)
    world.store.put(key, userAnnotations(), material.first.data)
    await world.clock.advance(600_000)
    expect(forms()).toEqual(['PRIVATE KEY'])
  })
})
