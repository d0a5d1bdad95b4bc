import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import type { FailureClass } from '../../src/ports/service-error.ts'
import { noAnswer, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { uploadedStatus, userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const other = 'web/other'
const third = 'web/third'
const foreign = 'shop/site'
const minute = 60_000
const hour = 60 * minute

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

/** A world in which Secrets share one certificate; its id. */
async function shared(keys: readonly string[], parts: { inventoryMs?: number } = {}): Promise<string> {
  world = new World({ parts })
  for (const each of keys) world.store.put(each, userAnnotations(), material.first.data)
  world.start()
  await world.settle()
  const [id = ''] = world.ids(keys)
  expect(world.ids(keys)).toEqual(keys.map(() => id))
  return id
}

const uploads = () => world.service.count('UploadCertificate')

/** All of these name one certificate that the account holds, and there is no second one. */
function expectOneCertificate(keys: readonly string[]): void {
  const [only, ...more] = world.service.withChain(material.first.chainFingerprint)
  expect(more).toEqual([])
  expect(only).toBeDefined()
  expect(world.ids(keys)).toEqual(keys.map(() => only?.certificateId))
  expect(keys.map((it) => world.status(it).phase)).toEqual(keys.map(() => 'Synced'))
}

describe('an id that turns out to be gone', () => {
  it('is gone for every Secret that names it, whoever asked', async () => {
    const keys = [key, other, third]
    const id = await shared(keys)
    world.service.delete(id)
    world.ask(key)
    await world.clock.advance(minute)
    expectOneCertificate(keys)
    expect(uploads()).toBe(2)
    for (const each of keys) expect(world.status(each).previous).toEqual([])
  })

  it('takes two lookups ten minutes apart where several namespaces name it; the status says so meanwhile', async () => {
    const keys = [key, foreign]
    const id = await shared(keys)
    await world.clock.advance(minute)
    world.service.delete(id)
    world.ask(key)
    await world.clock.advance(9 * minute)
    expect(world.ids(keys)).toEqual([id, id])
    expect(world.status(key)).toMatchObject({ phase: 'Synced', handledRequest: undefined })
    expect(world.status(key).message).toContain('second lookup')
    expect(world.events.reasons(key)).toHaveLength(1)
    await world.clock.advance(2 * minute)
    expectOneCertificate(keys)
    expect(world.status(key)).toMatchObject({ reason: 'CertificateUploaded', handledRequest: 'now' })
    expect(world.service.count('DescribeCertificates')).toBe(2)
    expect(uploads()).toBe(2)
  })

  it('is replaced for every Secret although each of them is asked at once', async () => {
    const keys = [key, other, third]
    const id = await shared(keys)
    world.service.delete(id)
    for (const each of keys) world.ask(each)
    await world.clock.advance(minute)
    expectOneCertificate(keys)
    expect(uploads()).toBe(2)
    for (const each of keys) expect(world.status(each).handledRequest).toBe('now')
  })

  it('is replaced in a paused Secret when it is paused no more, without another upload', async () => {
    const keys = [key, other]
    const id = await shared(keys)
    world.store.edit(other, { [userKeys.paused]: 'true' })
    await world.settle()
    world.service.delete(id)
    world.ask(key)
    await world.clock.advance(minute)
    expect(world.ids([other])).toEqual([id])
    world.store.edit(other, { [userKeys.paused]: null })
    await world.settle()
    expectOneCertificate(keys)
    expect(uploads()).toBe(2)
  })

  it('is gone for a Secret that is restored with it two days later', async () => {
    const id = await shared([key])
    world.service.delete(id)
    world.ask(key)
    await world.clock.advance(48 * hour)
    world.store.put(
      other,
      { ...userAnnotations(), ...uploadedStatus(material.first, id) },
      material.first.data,
    )
    await world.clock.advance(minute)
    expectOneCertificate([key, other])
  })

  it('is gone for a Secret that rolls back to its chain', async () => {
    world = new World({ service: { compares: 'chain' } })
    world.start()
    for (const each of [key, other]) world.store.put(each, userAnnotations(), material.first.data)
    await world.settle()
    const [id = ''] = world.ids([key])
    world.store.replaceData(other, material.firstAgain.data)
    await world.settle()
    world.service.delete(id)
    world.ask(key)
    await world.clock.advance(minute)
    world.store.replaceData(other, material.first.data)
    await world.clock.advance(minute)
    expectOneCertificate([key, other])
  })

  it.each<FailureClass>(['quota', 'outage', 'not-allowed', 'caller', 'unknown'])(
    'is in no status while its chain cannot be uploaded anew (%s), and the new id is as soon as it can',
    async (failure) => {
      const keys = [key, other]
      const id = await shared(keys)
      world.service.delete(id)
      world.service.fault = ({ action }) =>
        action === 'UploadCertificate'
          ? serviceError({ failure, action, code: `Code.${failure}` })
          : undefined
      world.ask(key)
      await world.clock.advance(2 * minute)
      expect(world.status(key)).toMatchObject({ phase: 'Failed', uploaded: undefined })
      expect(world.ids(keys)).not.toContain(id)
      world.start()
      await world.clock.advance(2 * minute)
      expect(world.ids([key])).not.toContain(id)
      world.service.fault = undefined
      await world.clock.advance(7 * hour)
      expectOneCertificate(keys)
    },
  )

  it('is asked for with Repeatable=false first, even where the Secret wants a copy of its own', async () => {
    world = new World()
    world.start()
    world.store.put(key, userAnnotations({ repeatable: 'true' }), material.first.data)
    await world.settle()
    const [id = ''] = world.ids([key])
    const before = world.service.calls.length
    world.service.delete(id)
    world.ask(key)
    await world.clock.advance(minute)
    const again = world.service.calls.slice(before).flatMap(({ upload }) => (upload ? [upload] : []))
    expect(again[0]?.repeatable).toBe(false)
    expectOneCertificate([key])
  })
})

describe('what is remembered of an id', () => {
  it.each([{}, { inventoryMs: hour }])(
    'does not outlive its certificate for a Secret that is recreated 20 hours later (%o)',
    async (parts) => {
      const id = await shared([key], parts)
      world.store.delete(key)
      world.service.delete(id)
      await world.clock.advance(20 * hour)
      world.store.put(key, userAnnotations(), material.first.data)
      await world.clock.advance(minute)
      expectOneCertificate([key])
    },
  )

  it('does not outlive its certificate for a status that is wiped 72 hours later', async () => {
    world = new World({ parts: { resyncMs: 10 * hour } })
    world.store.put(key, userAnnotations(), material.first.data)
    world.start()
    await world.clock.advance(72 * hour)
    world.service.delete(world.ids([key])[0] ?? '')
    world.wipe(key)
    await world.clock.advance(minute)
    expectOneCertificate([key])
  })

  it('is enough within the hour: a wiped status costs no call', async () => {
    const id = await shared([key])
    await world.clock.advance(hour / 2)
    world.wipe(key)
    await world.settle()
    expect(world.ids([key])).toEqual([id])
    expect(world.service.calls).toHaveLength(1)
  })
})

describe('an id that is there', () => {
  it.each(['web', 'evil'])(
    'stays with its Secret although %s/copy asks at a moment when lookups do not show it',
    async (namespace) => {
      const id = await shared([key, foreign])
      await world.clock.advance(minute)
      const { 'tls.crt': publicChain } = material.first.data
      const status = uploadedStatus(material.first, id)
      world.service.hides = () => true
      world.store.put(
        `${namespace}/copy`,
        { ...userAnnotations({ requestedAt: 'now' }), ...status },
        { 'tls.crt': publicChain },
      )
      await world.settle()
      expect(world.service.count('DescribeCertificates')).toBe(1)
      world.service.hides = () => false
      const writes = world.store.writes(key)
      await world.clock.advance(hour)
      expect(world.ids([key, foreign])).toEqual([id, id])
      expect(world.store.writes(key)).toBe(writes)
      expect(world.service.count('DescribeCertificates')).toBe(2)
    },
  )

  it('is not called gone by a lookup that fails', async () => {
    const id = await shared([key, other])
    world.service.fault = ({ action }) => (action === 'DescribeCertificates' ? noAnswer(action) : undefined)
    world.ask(key)
    await world.clock.advance(hour)
    world.service.fault = undefined
    await world.clock.advance(hour)
    expect(world.ids([key, other])).toEqual([id, id])
    expect(uploads()).toBe(1)
  })
})
