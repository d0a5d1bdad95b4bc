import { beforeAll, describe, expect, it } from 'vitest'
import { noAnswer, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { statusAnnotations, userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const minute = 60_000

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

/** A world with one opted-in Secret that nobody has looked at yet. */
function fresh(options: ConstructorParameters<typeof World>[0] = {}): World {
  world = new World(options)
  world.store.put(key, userAnnotations(), material.first.data)
  return world
}

function foreignEdit(): void {
  world.store.edit(key, { foreign: String(world.clock.elapsed()) })
}

describe('a status write that comes too late', () => {
  it('costs one GET and one PATCH more, and no upload', async () => {
    // A watch that reports the foreign edit later costs one GET more.
    fresh({ watchMs: 0 }).store.meanwhile.push(foreignEdit)
    world.start()
    await world.settle()
    expect(world.store.gets(key)).toBe(3)
    expect(world.store.writeAttempts(key)).toBe(2)
    expect(world.service.calls).toHaveLength(1)
    expect(world.status(key)).toMatchObject({ phase: 'Synced', reason: 'CertificateUploaded' })
    expect(world.events.reasons(key)).toEqual(['CertificateUploaded'])
  })

  it('still says with which settings the certificate was uploaded', async () => {
    fresh().store.meanwhile.push(() => world.store.edit(key, { 'tencent-cert-sync.io/alias': 'another' }))
    world.start()
    await world.settle()
    expect(world.service.certificates).toMatchObject([{ alias: 'web/site' }])
    expect(world.status(key).reason).toBe('SettingsNotApplied')
  })

  it('still names what was refused', async () => {
    fresh().store.meanwhile.push(foreignEdit)
    world.service.fault = ({ upload }) =>
      upload?.tags.length
        ? serviceError({ failure: 'cosmetic', action: 'UploadCertificate', code: 'InvalidParameter' })
        : undefined
    world.start()
    await world.settle()
    expect(world.service.calls.length).toBeLessThanOrEqual(4)
    expect(world.status(key)).toMatchObject({ phase: 'Synced', reason: 'SettingsRefused' })
    expect(world.status(key).message).toContain('InvalidParameter')
  })

  it('is not repeated for a Secret that was replaced: the new one is looked at', async () => {
    fresh().store.meanwhile.push(() => {
      world.store.delete(key)
      world.store.put(key, userAnnotations(), material.second.data)
    })
    world.start()
    await world.settle()
    expect(world.status(key).uploaded?.chainFingerprint).toBe(material.second.chainFingerprint)
    expect(world.certificateOf(key)?.chain).toBe(material.second.chainFingerprint)
  })

  it('gives the same certificate back to a Secret that was recreated with it', async () => {
    fresh().store.meanwhile.push(() => {
      world.store.delete(key)
      world.store.put(key, userAnnotations(), material.first.data)
    })
    world.start()
    await world.settle()
    expect(world.service.calls).toHaveLength(1)
    expect(world.certificateOf(key)?.chain).toBe(material.first.chainFingerprint)
  })

  it('leaves nothing behind for a Secret that was deleted', async () => {
    fresh().store.meanwhile.push(() => world.store.delete(key))
    world.start()
    await world.settle()
    expect(world.store.keys()).toEqual([])
    expect(world.metrics.secrets.size).toBe(0)
    expect(world.metrics.writes.get('stale')).toBe(1)
  })

  it('is written after a failure too, without another call', async () => {
    fresh().store.meanwhile.push(foreignEdit)
    world.service.fault = () =>
      serviceError({ failure: 'quota', action: 'UploadCertificate', code: 'LimitExceeded' })
    world.start()
    await world.settle()
    expect(world.status(key)).toMatchObject({ phase: 'Failed', reason: 'QuotaExceeded' })
    expect(world.service.calls).toHaveLength(1)
  })
})

describe('a failure that was reported', () => {
  it('is reported again when somebody wipes it, and costs no call', async () => {
    fresh()
    world.service.fault = () => serviceError({ failure: 'rejected', action: 'UploadCertificate', code: 'X' })
    world.start()
    await world.settle()
    const before = world.status(key)
    expect(before.phase).toBe('Rejected')
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    expect(world.status(key)).toEqual(before)
    expect(world.service.calls).toHaveLength(1)
  })
})

describe('a status write that the API server refuses', () => {
  it('is reported once, and retried every minute without a new upload', async () => {
    fresh().store.refusal = () => 'denied by policy'
    world.start()
    await world.clock.advance(62 * minute)
    expect(world.store.writeAttempts(key)).toBeLessThanOrEqual(63)
    expect(world.service.calls).toHaveLength(1)
    expect(world.events.reasons(key)).toEqual(['StatusNotWritable'])
    world.store.refusal = undefined
    await world.clock.advance(1.1 * minute)
    expect(world.status(key).phase).toBe('Synced')
    expect(world.service.calls).toHaveLength(1)
  })

  it('is tried again when somebody changes the annotations, and then at the pace of the budget', async () => {
    fresh().store.refusal = () => 'denied by policy'
    world.start()
    await world.settle()
    for (let i = 0; i < 120; i++) {
      foreignEdit()
      await world.clock.advance(500)
    }
    expect(world.store.writeAttempts(key)).toBeLessThanOrEqual(10)
    expect(world.service.calls).toHaveLength(1)
    expect(world.events.reasons(key)).toEqual(['StatusNotWritable'])
  })

  it('costs one more a minute and one a Secret in ten, where all of a namespace are refused for ever', async () => {
    fresh()
    const keys = Array.from({ length: 40 }, (_, i) => `shop/${i}`)
    for (const each of keys) world.store.put(each, userAnnotations(), material.first.data)
    world.store.refusal = (secret) => (secret.startsWith('shop/') ? 'denied by policy' : undefined)
    world.start()
    await world.settle()
    const attempts = () => keys.reduce((sum, each) => sum + world.store.writeAttempts(each), 0)
    const before = attempts()
    await world.clock.advance(60 * minute)
    expect(attempts() - before).toBeLessThanOrEqual(40 * 6 + 60)
    expect(world.status(key).phase).toBe('Synced')
  })

  it('does not keep a failing Secret from being retried, nor the failure from being reported later', async () => {
    fresh().store.refusal = () => 'denied by policy'
    world.service.fault = () => noAnswer('UploadCertificate')
    world.start()
    await world.clock.advance(60 * minute)
    expect(world.store.writeAttempts(key)).toBeLessThanOrEqual(62)
    world.store.refusal = undefined
    await world.clock.advance(15 * minute)
    expect(world.status(key)).toMatchObject({ phase: 'Failed', reason: 'ServiceUnavailable' })
  })

  it('does not make a second copy of an intent that cannot be put on record', async () => {
    world = new World()
    world.start()
    world.store.put(key, userAnnotations({ repeatable: 'true' }), material.first.data)
    world.store.refusal = () => 'denied by policy'
    await world.clock.advance(60 * minute)
    expect(world.service.certificates).toEqual([])
    world.store.refusal = undefined
    await world.clock.advance(15 * minute)
    expect(world.service.certificates).toHaveLength(1)
  })
})

describe('a fight over the status', () => {
  it('at watch speed is at most ten writes a minute, one Event, and ends in the truth', async () => {
    fresh().start()
    await world.settle()
    const id = world.status(key).uploaded?.certificateId
    const before = world.store.writes(key)
    for (let i = 0; i < 120; i++) {
      world.store.edit(key, statusAnnotations({ certificateId: `stale${i}`, phase: 'Failed' }))
      await world.clock.advance(500)
    }
    expect(world.store.writes(key) - before).toBeLessThanOrEqual(10)
    expect(world.events.reasons(key).filter((it) => it === 'StatusContested')).toHaveLength(1)
    await world.clock.advance(minute)
    expect(world.status(key)).toMatchObject({ phase: 'Synced', uploaded: { certificateId: id } })
    expect(world.service.calls).toHaveLength(1)
  })
})

describe('an API server', () => {
  it('that takes no writes is no fight: the status is there as soon as it takes them', async () => {
    fresh().store.down.add('annotate')
    world.start()
    await world.clock.advance(5 * minute)
    world.store.down.clear()
    await world.clock.advance(minute)
    expect(world.status(key).phase).toBe('Synced')
    expect(world.service.calls).toHaveLength(1)
    expect(world.events.reasons(key)).toEqual(['CertificateUploaded'])
    expect(world.metrics.writes.get('contested')).toBeUndefined()
  })

  it('that asks to wait is not asked before', async () => {
    fresh().store.down.add('get')
    world.store.retryAfterMs = 30_000
    world.start()
    await world.clock.advance(29_000)
    expect(world.store.gets(key)).toBe(1)
    await world.clock.advance(2_000)
    expect(world.store.gets(key)).toBe(2)
  })

  it('that answers no GET is asked ever more slowly, for ever', async () => {
    fresh().store.down.add('get')
    world.start()
    await world.clock.advance(60 * minute)
    const errors = world.metrics.reconciles.get('Error') ?? 0
    expect(errors).toBeGreaterThan(50)
    expect(errors).toBeLessThan(100)
    world.store.down.clear()
    await world.clock.advance(minute)
    expect(world.status(key).phase).toBe('Synced')
  })
})

describe('an hour in which all status writes are refused', () => {
  it('is over within two minutes after its end, and costs no upload and one Event for each Secret', async () => {
    world = new World()
    world.store.refusal = (secret) => (secret.startsWith('blog/') ? undefined : 'a policy')
    world.start()
    const keys = Array.from({ length: 30 }, (_, i) => `${['web', 'shop', 'blog'][i % 3]}/${i}`)
    for (const [i, each] of keys.entries()) {
      world.store.put(each, userAnnotations(), i % 2 ? material.first.data : material.second.data)
      await world.clock.advance(minute)
    }
    await world.clock.advance(30 * minute)
    world.store.refusal = undefined
    await world.until(() => keys.every((each) => world.status(each).phase === 'Synced'), 2 * minute)
    expect(world.service.count('UploadCertificate')).toBe(2)
    const refusals = keys
      .flatMap((each) => world.events.reasons(each))
      .filter((it) => it === 'StatusNotWritable')
    expect(refusals).toHaveLength(20)
  })
})
