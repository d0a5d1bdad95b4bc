import { generateKeyPairSync } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import type { ServiceAction } from '../../src/ports/ssl-service.ts'
import { noAnswer, serviceError } from '../fakes/certificate-service.ts'
import type { SecretData } from '../fakes/secret-store.ts'
import { createLeaf } from '../fixtures/certificates.ts'
import { createMaterial, notAfter, notBefore, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const minute = 60_000
const upload = 'UploadCertificate'
const lookup = 'DescribeCertificates'

/** What no text of an error may bring into the open. */
const keyMaterial = '-----BEGIN PRIVATE KEY-----'

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

async function synced(annotations = userAnnotations()): Promise<void> {
  world = new World()
  world.start()
  world.store.put(key, annotations, material.first.data)
  await world.settle()
  expect(world.status(key).phase).toBe('Synced')
}

/** A bug of ours, or of a library: nothing that anybody expects. */
function throws(action: ServiceAction): void {
  world.service.fault = (call) => {
    if (call.action === action) throw new TypeError(`cannot read ${keyMaterial}`)
    return undefined
  }
}

function expectNothingLeaked(): void {
  const said = JSON.stringify([world.store.annotations(key), world.events.all, world.log.lines])
  expect(said).not.toContain(keyMaterial)
}

/** Back-off doubles to a minute or more: ten minutes hold no more attempts than this. */
const attemptsInTenMinutes = 25

/** Lets ten minutes go by, unless it is clear before that the process goes round in circles. */
async function tenMinutes(): Promise<void> {
  const end = world.clock.elapsed() + 10 * minute
  const circles = () => Math.max(world.service.calls.length, world.store.gets(key)) > 200
  while (world.clock.elapsed() < end && !circles()) await world.clock.advance(1_000)
}

/** A certificate with an SM2 key in SEC1 form: a P-256 certificate whose public key, of the same length, is replaced. */
async function sm2Data(): Promise<SecretData> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'SM2' })
  const donor = await createLeaf({ commonName: 'sm2.example.com', notBefore, notAfter })
  const before = donor.certificate.publicKey.export({ type: 'spki', format: 'der' })
  const after = publicKey.export({ type: 'spki', format: 'der' })
  const der = Buffer.from(donor.der)
  after.copy(der, der.indexOf(before))
  const pem = (label: string, bytes: Buffer) =>
    Buffer.from(`-----BEGIN ${label}-----\n${bytes.toString('base64')}\n-----END ${label}-----\n`)
  return {
    'tls.crt': pem('CERTIFICATE', der),
    'tls.key': pem('EC PRIVATE KEY', privateKey.export({ type: 'sec1', format: 'der' })),
  }
}

describe('a throw after a permit', () => {
  it.each<[ServiceAction, () => void]>([
    [upload, () => world.store.put(key, userAnnotations(), material.first.data)],
    [lookup, () => world.store.put(key, userAnnotations({ repeatable: 'true' }), material.first.data)],
  ])('backs off, is a status with a reason, and ends when its cause does: %s', async (action, put) => {
    world = new World()
    world.start()
    throws(action)
    put()
    await tenMinutes()
    expect(world.service.count(action)).toBeLessThanOrEqual(attemptsInTenMinutes)
    expect(world.store.gets(key)).toBeLessThanOrEqual(3 * attemptsInTenMinutes)
    expect(world.status(key).phase).toBe('Failed')
    expect(world.events.reasons(key)).toEqual([world.status(key).reason])
    expectNothingLeaked()
    world.service.fault = undefined
    await world.clock.advance(7 * 60 * minute)
    expect(world.status(key).phase).toBe('Synced')
  })

  it('of a lookup that was asked for backs off, and keeps the id', async () => {
    await synced()
    const ids = world.ids([key])
    throws(lookup)
    world.ask(key)
    await tenMinutes()
    expect(world.service.count(lookup)).toBeLessThanOrEqual(attemptsInTenMinutes)
    expect(world.store.gets(key)).toBeLessThanOrEqual(3 * attemptsInTenMinutes)
    expect(world.status(key).phase).toBe('Failed')
    expect(world.status(key).reason).toBeDefined()
    expect(world.ids([key])).toEqual(ids)
    expectNothingLeaked()
  })

  it('backs off whatever touches the Secret, and not for another certificate', async () => {
    world = new World()
    world.start()
    throws(upload)
    world.store.put(key, userAnnotations(), material.first.data)
    await world.clock.advance(minute)
    const before = world.service.calls.length
    for (let i = 0; i < 100; i++) {
      world.store.edit(key, { touched: `${i}` })
      await world.clock.advance(100)
    }
    expect(world.service.calls.length - before).toBeLessThanOrEqual(2)
    world.service.fault = undefined
    world.store.replaceData(key, material.second.data)
    await world.clock.advance(5_000)
    expect(world.certificateOf(key)?.chain).toBe(material.second.chainFingerprint)
  })

  it('of one Secret costs another one nothing', async () => {
    world = new World({ parts: { slots: 1 } })
    world.start()
    world.service.fault = (call) => {
      if (call.upload?.alias === key) throw new TypeError('x')
      return undefined
    }
    world.store.put(key, userAnnotations(), material.first.data)
    await world.clock.advance(5_000)
    world.store.put('shop/site', userAnnotations(), material.second.data)
    await world.clock.advance(5_000)
    expect(world.status('shop/site').phase).toBe('Synced')
  })
})

describe('a key that cannot be re-encoded in its own form', () => {
  it('is uploaded as PKCS#8, and never makes the process loop', async () => {
    world = new World()
    world.start()
    world.store.put(key, userAnnotations(), await sm2Data())
    await tenMinutes()
    expect(world.store.gets(key)).toBeLessThanOrEqual(3 * attemptsInTenMinutes)
    expect(world.status(key).phase).toBe('Synced')
    expect(world.service.calls[0]?.upload?.privateKey).toContain('BEGIN PRIVATE KEY')
  })
})

describe('status writes that fail', () => {
  it('back off, and so do the lookups that come before them', async () => {
    await synced()
    world.store.down.add('annotate')
    world.ask(key)
    await tenMinutes()
    expect(world.service.count(lookup)).toBeLessThanOrEqual(attemptsInTenMinutes)
    expect(world.store.gets(key)).toBeLessThanOrEqual(3 * attemptsInTenMinutes)
    world.store.down.clear()
    await world.clock.advance(2 * minute)
    expect(world.status(key)).toMatchObject({ phase: 'Synced', handledRequest: 'now' })
  })

  it.each<[string, Record<string, string>]>([
    ['of a new Secret', userAnnotations()],
    ['of a copy of its own', userAnnotations({ repeatable: 'true' })],
    ['of a new Secret with a request', userAnnotations({ requestedAt: 'now' })],
  ])('cost one upload and back off: %s', async (_, annotations) => {
    world = new World()
    world.start()
    world.store.down.add('annotate')
    world.store.put(key, annotations, material.first.data)
    await tenMinutes()
    expect(world.service.calls.length).toBeLessThanOrEqual(1)
    expect(world.store.gets(key)).toBeLessThanOrEqual(3 * attemptsInTenMinutes)
    world.store.down.clear()
    await world.clock.advance(2 * minute)
    expect(world.status(key).phase).toBe('Synced')
    expect(world.service.certificates).toHaveLength(1)
  })

  it('after failed calls make none of them come early', async () => {
    world = new World()
    world.start()
    world.store.down.add('annotate')
    world.service.fault = () => noAnswer(upload)
    world.store.put(key, userAnnotations(), material.first.data)
    await tenMinutes()
    // A service that does not answer is probed every eight seconds, whoever waits.
    const probes = (10 * minute) / 8_000
    expect(world.service.calls.length).toBeLessThanOrEqual(attemptsInTenMinutes + probes)
    expect(world.store.gets(key)).toBeLessThanOrEqual(6 * (attemptsInTenMinutes + probes))
  })

  it('after an id was found to be gone cost one upload', async () => {
    await synced()
    world.service.delete(world.ids([key])[0] ?? '')
    world.store.down.add('annotate')
    world.ask(key)
    await tenMinutes()
    expect(world.service.count(upload)).toBeLessThanOrEqual(2)
    expect(world.service.count(lookup)).toBeLessThanOrEqual(2)
    world.store.down.clear()
    await world.clock.advance(2 * minute)
    expect(world.certificateOf(key)?.chain).toBe(material.first.chainFingerprint)
    expect(world.service.certificates).toHaveLength(1)
  })
})

describe('a status that a policy refuses', () => {
  async function touched(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      world.store.edit(key, { touched: `${i}` })
      await world.clock.advance(500)
    }
  }

  it('while requested-at is open costs one call, whatever touches the Secret (I7)', async () => {
    await synced()
    world.store.refusal = () => 'denied by policy'
    world.ask(key)
    await world.settle()
    await touched(100)
    expect(world.service.count(lookup)).toBe(1)
    expect(world.service.count(upload)).toBe(1)
    world.store.refusal = undefined
    await world.clock.advance(11 * minute)
    expect(world.status(key)).toMatchObject({ phase: 'Synced', handledRequest: 'now' })
  })

  it('costs another call for another request', async () => {
    await synced()
    world.store.refusal = () => 'denied by policy'
    for (const request of ['one', 'two']) {
      world.ask(key, request)
      await touched(10)
    }
    expect(world.service.count(lookup)).toBe(2)
  })

  it('costs one call where nobody may look', async () => {
    await synced()
    world.store.refusal = () => 'denied by policy'
    world.service.fault = ({ action }) =>
      action === lookup
        ? serviceError({ failure: 'not-allowed', action, code: 'UnauthorizedOperation' })
        : undefined
    world.ask(key)
    await touched(100)
    expect(world.service.count(lookup)).toBe(1)
  })

  it('costs one lookup and one upload where the id is gone', async () => {
    await synced()
    world.service.delete(world.ids([key])[0] ?? '')
    world.store.refusal = () => 'denied by policy'
    world.ask(key)
    await touched(100)
    expect(world.service.count(lookup)).toBeLessThanOrEqual(2)
    expect(world.service.count(upload)).toBeLessThanOrEqual(2)
    world.store.refusal = undefined
    await world.clock.advance(11 * minute)
    expect(world.status(key)).toMatchObject({ phase: 'Synced', handledRequest: 'now' })
    expect(world.certificateOf(key)?.chain).toBe(material.first.chainFingerprint)
    expect(world.service.count(upload)).toBe(2)
  })

  it('costs one call of a certificate that is rejected', async () => {
    world = new World()
    world.start()
    world.store.refusal = () => 'denied by policy'
    world.service.fault = () =>
      serviceError({ failure: 'rejected', action: upload, code: 'FailedOperation.CertificateInvalid' })
    world.store.put(key, userAnnotations({ requestedAt: 'now' }), material.first.data)
    await touched(100)
    expect(world.service.calls).toHaveLength(1)
    world.store.edit(key, { [userKeys.requestedAt]: 'again' })
    await touched(10)
    expect(world.service.calls).toHaveLength(2)
  })
})
