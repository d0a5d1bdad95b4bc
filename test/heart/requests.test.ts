import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { noAnswer, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { statusAnnotations, userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const describeAction = 'DescribeCertificates'
const minute = 60_000

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

async function synced(): Promise<string> {
  world = new World()
  world.start()
  world.store.put(key, userAnnotations(), material.first.data)
  await world.settle()
  // From now on it proves something that a lookup does not find it.
  await world.clock.advance(minute)
  return world.status(key).uploaded?.certificateId ?? ''
}

function ask(request = 'now'): void {
  world.store.edit(key, { [userKeys.requestedAt]: request })
}

const uploads = () => world.service.count('UploadCertificate')

describe('a chain that was there before', () => {
  it('comes back without a lookup where none is allowed: the upload makes no copy', async () => {
    world = new World({ service: { compares: 'chain' } })
    world.start()
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    world.store.replaceData(key, material.firstAgain.data)
    await world.settle()
    world.service.fault = ({ action }) =>
      action === describeAction
        ? serviceError({ failure: 'not-allowed', action, code: 'UnauthorizedOperation' })
        : undefined
    world.store.replaceData(key, material.first.data)
    world.start()
    await world.settle()
    expect(world.certificateOf(key)?.chain).toBe(material.first.chainFingerprint)
    expect(world.service.certificates).toHaveLength(2)
  })
})

describe('a copy whose intent is on record', () => {
  it('is never made blindly where nobody may look for it', async () => {
    world = new World()
    world.start()
    world.service.fault = ({ action }) =>
      action === describeAction
        ? serviceError({ failure: 'not-allowed', action, code: 'UnauthorizedOperation' })
        : undefined
    world.store.put(key, userAnnotations({ repeatable: 'true' }), material.first.data)
    await world.clock.advance(24 * 60 * minute)
    expect(world.status(key)).toMatchObject({ phase: 'Failed', reason: 'NotAllowed' })
    expect(uploads()).toBe(0)
  })
})

describe('a request to verify the id', () => {
  it('asks once for the id, and is echoed', async () => {
    const id = await synced()
    ask()
    await world.settle()
    world.start()
    await world.settle()
    expect(world.service.count(describeAction)).toBe(1)
    expect(world.status(key)).toMatchObject({ phase: 'Synced', handledRequest: 'now' })
    expect(world.status(key).uploaded?.certificateId).toBe(id)
    expect(uploads()).toBe(1)
  })

  it('asks again when it is a new one', async () => {
    await synced()
    for (const request of ['one', 'two']) {
      ask(request)
      await world.settle()
    }
    expect(world.service.count(describeAction)).toBe(2)
  })

  it('uploads anew what is gone, and does not count it among the previous', async () => {
    const id = await synced()
    world.service.delete(id)
    ask()
    await world.settle()
    expect(world.certificateOf(key)?.chain).toBe(material.first.chainFingerprint)
    expect(world.status(key)).toMatchObject({
      previous: [],
      handledRequest: 'now',
      reason: 'CertificateUploaded',
    })
    expect(uploads()).toBe(2)
  })

  it('uploads anew what is gone although the first status write is lost', async () => {
    const id = await synced()
    world.service.delete(id)
    ask()
    world.store.meanwhile.push(() => world.store.edit(key, { foreign: 'x' }))
    await world.settle()
    expect(world.certificateOf(key)?.chain).toBe(material.first.chainFingerprint)
    expect(world.status(key).handledRequest).toBe('now')
    expect(uploads()).toBe(2)
  })

  it('uploads anew what is gone although the answer to the status write is lost', async () => {
    const id = await synced()
    world.service.delete(id)
    ask()
    world.store.lostAnswers = 1
    await world.settle()
    await world.clock.advance(minute)
    expect(world.certificateOf(key)?.chain).toBe(material.first.chainFingerprint)
    expect(uploads()).toBe(2)
    const events = ['CertificateUploaded', 'CertificateMissing', 'CertificateUploaded']
    expect(world.events.reasons(key)).toEqual(events)
    await world.clock.advance(24 * 60 * minute)
    expect(world.events.reasons(key)).toEqual(events)
  })

  it.each<[string, () => void]>([
    [
      'the service refuses',
      () => {
        world.service.fault = ({ action }) =>
          action === 'UploadCertificate'
            ? serviceError({ failure: 'rejected', action, code: 'FailedOperation.CertificateInvalid' })
            : undefined
      },
    ],
    ['has expired', () => world.clock.stepWall(100 * 365 * 24 * 60 * minute)],
  ])('takes back the id of what is gone and cannot be uploaded anew: it %s', async (_, spoil) => {
    const id = await synced()
    world.service.delete(id)
    spoil()
    ask()
    await world.settle()
    const expectRejected = () =>
      expect(world.status(key)).toMatchObject({
        phase: 'Rejected',
        handledRequest: 'now',
        uploaded: undefined,
      })
    expectRejected()
    world.start()
    await world.settle()
    expectRejected()
  })

  it('is not echoed before its end', async () => {
    await synced()
    world.service.fault = () => noAnswer(describeAction)
    ask()
    await world.clock.advance(5 * minute)
    expect(world.status(key)).toMatchObject({ phase: 'Failed', reason: 'ServiceUnavailable' })
    expect(world.status(key).handledRequest).toBeUndefined()
    world.service.fault = undefined
    await world.clock.advance(15 * minute)
    expect(world.status(key)).toMatchObject({ phase: 'Synced', handledRequest: 'now' })
    expect(uploads()).toBe(1)
  })

  it('keeps the id where nobody may ask for it, and says so until the next request', async () => {
    const id = await synced()
    world.service.fault = ({ action }) =>
      action === describeAction
        ? serviceError({ failure: 'not-allowed', action, code: 'UnauthorizedOperation' })
        : undefined
    ask()
    await world.settle()
    world.store.edit(key, { touched: 'x' })
    await world.settle()
    expect(world.status(key)).toMatchObject({
      phase: 'Synced',
      reason: 'VerifyNotAllowed',
      handledRequest: 'now',
    })
    expect(world.status(key).uploaded?.certificateId).toBe(id)
    expect(world.events.reasons(key)).toEqual(['CertificateUploaded', 'VerifyNotAllowed'])
    world.service.fault = undefined
    ask('again')
    await world.settle()
    expect(world.status(key).reason).toBe('CertificateUploaded')
  })

  it('of a Secret that is not uploaded is handled by its upload', async () => {
    world = new World()
    world.start()
    world.store.put(key, userAnnotations({ requestedAt: 'now' }), material.first.data)
    await world.settle()
    expect(world.status(key)).toMatchObject({ phase: 'Synced', handledRequest: 'now' })
    expect(world.service.calls).toHaveLength(1)
  })

  it('goes past what is remembered: another Secret asked for the same certificate', async () => {
    const id = await synced()
    world.service.delete(id)
    world.store.put('web/other', userAnnotations({ requestedAt: 'now' }), material.first.data)
    await world.settle()
    expect(world.certificateOf('web/other')?.chain).toBe(material.first.chainFingerprint)
  })

  it('that is withdrawn after the id was found gone still ends in an upload', async () => {
    const id = await synced()
    world.service.delete(id)
    world.service.fault = ({ upload }) => (upload ? noAnswer('UploadCertificate') : undefined)
    ask()
    await world.clock.advance(5_000)
    world.store.edit(key, { [userKeys.requestedAt]: null })
    world.service.fault = undefined
    await world.clock.advance(20 * minute)
    expect(world.certificateOf(key)?.chain).toBe(material.first.chainFingerprint)
    expect(world.status(key).phase).toBe('Synced')
  })

  it('about an id that somebody wrote over the true one ends in the true one', async () => {
    const id = await synced()
    world.store.edit(key, {
      ...statusAnnotations({ certificateId: 'tampered' }),
      [userKeys.requestedAt]: 'now',
    })
    await world.settle()
    expect(world.status(key).uploaded?.certificateId).toBe(id)
    expect(world.service.certificates).toHaveLength(1)
  })
})
