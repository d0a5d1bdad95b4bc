import { beforeAll, describe, expect, it } from 'vitest'
import type { UploadRequest } from '../../src/ports/ssl-service.ts'
import { type Fault, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const minute = 60_000
const ownership = ['cert-sync/cluster', 'cert-sync/secret']
const chain = 'cert-sync/chain'

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

const tagKeys = ({ tags }: Pick<UploadRequest, 'tags'>) => tags.map((it) => it.key).sort()

/** An account that refuses some uploads for their cosmetics. */
function refusing(refused: (upload: UploadRequest) => boolean): Fault {
  return ({ upload }) =>
    upload && refused(upload)
      ? serviceError({ failure: 'cosmetic', action: 'UploadCertificate', code: 'InvalidParameter.Odd' })
      : undefined
}

const refusesChainTag = refusing((upload) => tagKeys(upload).includes(chain))

function create(fault?: Fault): void {
  world = new World()
  world.service.fault = fault
  world.start()
}

/** A Secret with a certificate of its own is uploaded; the calls that it took. */
async function upload(secret: string, settings: Parameters<typeof userAnnotations>[0] = {}): Promise<number> {
  const before = world.service.calls.length
  world.store.put(secret, userAnnotations(settings), (await material.another()).data)
  await world.settle()
  expect(world.status(secret).phase, secret).toBe('Synced')
  return world.service.calls.length - before
}

describe("a user's cosmetics that are refused", () => {
  it.each<[string, Parameters<typeof userAnnotations>[0], (upload: UploadRequest) => boolean]>([
    ['alias', { alias: 'bad' }, ({ alias }) => alias === 'bad'],
    ['certificate-use', { certificateUse: 'BAD' }, ({ use }) => use === 'BAD'],
    ['tags', { tags: 'bad=1' }, (it) => tagKeys(it).includes('bad')],
  ])('cost one call more and none of the tags of the operator: %s', async (name, settings, refused) => {
    create(refusing(refused))
    expect(await upload(key, settings)).toBe(2)
    const certificate = world.certificateOf(key)
    expect(certificate && tagKeys(certificate)).toEqual([chain, ...ownership])
    expect(certificate?.use).toBeUndefined()
    expect(world.status(key).reason).toBe('SettingsRefused')
    expect(world.status(key).message).toContain('InvalidParameter.Odd')
    expect(world.status(key).message).toContain(name.replace('certificate-', ''))
  })

  it('cost nobody else anything, however many they are', async () => {
    create(refusing(({ alias }) => alias === 'bad'))
    for (let i = 0; i < 6; i++) await upload(`evil${i % 3}/${i}`, { alias: 'bad' })
    expect(await upload(key, { tags: 'team=shop' })).toBe(1)
    expect(world.certificateOf(key)).toMatchObject({ alias: key })
    expect(tagKeys(world.certificateOf(key) ?? { tags: [] })).toEqual([chain, ...ownership, 'team'])
  })

  it('are sent again when they or the certificate change', async () => {
    create(refusing(({ alias }) => alias === 'bad'))
    await upload(key, { alias: 'bad' })
    world.service.fault = undefined
    world.store.replaceData(key, material.second.data)
    await world.settle()
    expect(world.certificateOf(key)?.alias).toBe('bad')
  })

  it('leave a copy its suffix and its tags', async () => {
    create(refusing(({ alias, tags }) => alias?.startsWith('bad') || tags.some((it) => it.key === 'bad')))
    await upload(key, { repeatable: 'true', alias: 'bad', tags: 'bad=1' })
    expect(world.certificateOf(key)?.alias).toMatch(/^[0-9a-f]{16}$/)
    expect(tagKeys(world.certificateOf(key) ?? { tags: [] })).toEqual([chain, ...ownership])
  })
})

describe('a chain tag that is refused', () => {
  it('costs the ownership tags nothing', async () => {
    create(refusesChainTag)
    expect(await upload(key, { tags: 'team=shop' })).toBeLessThanOrEqual(3)
    expect(tagKeys(world.certificateOf(key) ?? { tags: [] })).toEqual(expect.arrayContaining(ownership))
    expect(tagKeys(world.certificateOf(key) ?? { tags: [] })).not.toContain(chain)
  })

  it('is sent no more once three Secrets of two namespaces were uploaded without', async () => {
    create(refusesChainTag)
    for (const secret of ['a/one', 'a/two', 'b/one']) expect(await upload(secret)).toBeGreaterThan(1)
    expect(await upload(key)).toBe(1)
    expect(tagKeys(world.certificateOf(key) ?? { tags: [] })).toEqual(ownership)
    expect(await upload('web/other', { tags: 'team=shop' })).toBe(1)
    expect(tagKeys(world.certificateOf('web/other') ?? { tags: [] })).toEqual([...ownership, 'team'])
  })

  it('is still sent for others although all Secrets of one namespace were uploaded without', async () => {
    create(refusesChainTag)
    for (let i = 0; i < 8; i++) await upload(`evil/${i}`)
    world.service.fault = undefined
    expect(await upload(key)).toBe(1)
    expect(tagKeys(world.certificateOf(key) ?? { tags: [] })).toEqual([chain, ...ownership])
  })

  it('is still sent for others where the Secrets that were uploaded without are deleted', async () => {
    create(refusesChainTag)
    for (const secret of ['evil/a', 'evil/b']) {
      await upload(secret)
      world.store.delete(secret)
    }
    await upload('web/first')
    world.service.fault = undefined
    expect(await upload(key)).toBe(1)
    expect(tagKeys(world.certificateOf(key) ?? { tags: [] })).toEqual([chain, ...ownership])
  })

  it('is still sent by others where nothing came of leaving it out', async () => {
    create(() => serviceError({ failure: 'cosmetic', action: 'UploadCertificate', code: 'InvalidParameter' }))
    for (const secret of ['a/one', 'a/two', 'b/one', 'b/two']) {
      world.store.put(secret, userAnnotations(), (await material.another()).data)
      await world.settle()
    }
    world.service.fault = undefined
    expect(await upload(key)).toBe(1)
    expect(tagKeys(world.certificateOf(key) ?? { tags: [] })).toEqual([chain, ...ownership])
  })

  it('is tried again by one upload every ten minutes, and by all when it is taken', async () => {
    create(refusesChainTag)
    for (const secret of ['a/one', 'a/two', 'b/one']) await upload(secret)
    await world.clock.advance(11 * minute)
    const calls: number[] = []
    for (let i = 0; i < 5; i++) calls.push(await upload(`web/still${i}`))
    // One of them tried, and stepped down again.
    expect(calls.filter((it) => it > 1)).toHaveLength(1)
    world.service.fault = undefined
    await world.clock.advance(11 * minute)
    for (const secret of ['web/now', 'web/then']) {
      expect(await upload(secret)).toBe(1)
      expect(tagKeys(world.certificateOf(secret) ?? { tags: [] })).toContain(chain)
    }
  })

  it('is not taken because a certificate that was there already is answered: its tags are not read', async () => {
    create()
    const known = await material.another()
    world.service.fault = (call) => {
      const isKnown = call.upload?.certificate.trim() === String(known.data['tls.crt']).trim()
      return isKnown ? undefined : refusesChainTag(call)
    }
    for (const secret of ['a/one', 'a/two', 'b/one']) await upload(secret)
    world.service.add({ certificate: String(known.data['tls.crt']) })
    await world.clock.advance(11 * minute)
    world.store.put(key, userAnnotations(), known.data)
    await world.settle()
    expect(world.status(key).reason).toBe('CertificateAdopted')
    expect(await upload('web/next')).toBe(1)
  })
})

describe('an account that takes no cosmetics at all', () => {
  const refusesAll = refusing((upload) => upload.alias !== undefined || upload.tags.length > 0)

  it('gets every certificate, and says so (I13)', async () => {
    create(refusesAll)
    expect(await upload(key, { alias: 'mine', tags: 'team=shop' })).toBeLessThanOrEqual(4)
    expect(world.certificateOf(key)).toMatchObject({ alias: '', tags: [], use: undefined })
    expect(world.status(key).reason).toBe('SettingsRefused')
    const calls = world.service.calls.length
    for (let i = 0; i < 3; i++) {
      world.start()
      await world.settle()
    }
    expect(world.service.calls).toHaveLength(calls)
  })

  it('costs no Secret more than one call after a few', async () => {
    create(refusesAll)
    for (const secret of ['a/one', 'a/two', 'b/one', 'b/two']) await upload(secret)
    for (let i = 0; i < 5; i++) expect(await upload(`web/${i}`)).toBe(1)
  })

  it('never gets one request twice', async () => {
    create(refusesAll)
    await upload(key)
    const sent = world.service.calls.map(({ upload: it }) => JSON.stringify([it?.alias, it?.tags, it?.use]))
    expect(new Set(sent).size).toBe(sent.length)
  })
})
