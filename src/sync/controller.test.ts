import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from './annotation-keys.ts'
import { createMaterial, type TestMaterial } from './testing/material.ts'
import { statusAnnotations, userAnnotations } from './testing/observed.ts'
import { World } from './testing/world.ts'

const key = 'web/site'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

/** A world with one Secret that is synced. */
async function synced(options: ConstructorParameters<typeof World>[0] = {}): Promise<World> {
  const world = new World(options)
  world.start()
  world.store.put(key, userAnnotations(), material.first.data)
  await world.settle()
  expect(world.status(key).phase).toBe('Synced')
  return world
}

describe('a Secret that is opted in', () => {
  it('gets the id of its certificate, at the price of two GETs, one call and one write', async () => {
    const world = await synced()
    expect(world.certificateOf(key)?.chain).toBe(material.first.chainFingerprint)
    expect(world.service.calls).toHaveLength(1)
    expect(world.store.gets(key)).toBe(2)
    expect(world.store.writeAttempts(key)).toBe(1)
    expect(world.events.reasons(key)).toEqual(['CertificateUploaded'])
  })

  it('is uploaded with type, alias, use, project and tags as its annotations say', async () => {
    const world = new World()
    world.start()
    const settings = { alias: '{domain}', certificateUse: 'CLB', projectId: '7', tags: 'team=shop' }
    world.store.put(key, userAnnotations(settings), material.first.data)
    await world.settle()
    expect(world.service.calls[0]?.upload).toMatchObject({ repeatable: false, type: 'SVR' })
    expect(world.service.certificates).toMatchObject([
      {
        alias: 'a.example.com',
        use: 'CLB',
        projectId: 7,
        tags: [
          { key: 'team', value: 'shop' },
          { key: 'cert-sync/cluster', value: 'test' },
          { key: 'cert-sync/secret', value: 'web/site' },
        ],
      },
    ])
  })

  it('is uploaded without a key as a CA', async () => {
    const world = new World()
    world.start()
    world.store.put(key, userAnnotations({ certificateType: 'CA' }), material.authority.data)
    await world.settle()
    expect(world.service.calls[0]?.upload).not.toHaveProperty('privateKey')
    expect(world.status(key).uploaded?.chainFingerprint).toBe(material.authority.chainFingerprint)
  })

  it('gets the new id when it is renewed, and the old one among the previous', async () => {
    const world = await synced()
    const old = world.status(key).uploaded?.certificateId
    world.store.replaceData(key, material.second.data)
    await world.settle()
    expect(world.certificateOf(key)?.chain).toBe(material.second.chainFingerprint)
    expect(world.status(key).previous.map((it) => it.certificateId)).toEqual([old])
  })

  it('is uploaded in its newest form when it changes while it waits for a slot', async () => {
    const world = new World()
    world.start()
    world.store.put(key, userAnnotations(), material.first.data)
    await world.clock.advance(500)
    expect(world.waitingForSlots()).toBe(1)
    world.store.replaceData(key, material.second.data)
    await world.settle()
    expect(world.service.certificates.map((it) => it.chain)).toEqual([material.second.chainFingerprint])
  })

  it('has its expiry and state among the metrics until it is gone', async () => {
    const world = await synced()
    const notAfter = material.first.leaf.notAfter.getTime()
    expect(world.metrics.secrets.get(key)).toEqual({
      notAfter,
      uploadedNotAfter: notAfter,
      phase: 'Synced',
      reason: 'CertificateUploaded',
    })
    world.store.delete(key)
    await world.settle()
    expect(world.metrics.secrets.size).toBe(0)
  })
})

describe('nothing changed', () => {
  it("is nothing written: the operator's own write costs no GET (I5)", async () => {
    const world = await synced()
    expect(world.store.gets(key)).toBe(2)
    await world.clock.advance(60_000)
    expect(world.store.gets(key)).toBe(2)
  })

  it('over twenty resyncs and lists costs one GET each, and no call and no write', async () => {
    const world = await synced({ parts: { resyncMs: 60_000 } })
    const gets = world.store.gets(key)
    await world.clock.advance(20 * 66_000)
    const resyncs = world.store.gets(key) - gets
    expect(resyncs).toBeGreaterThanOrEqual(18)
    expect(resyncs).toBeLessThanOrEqual(25)
    expect(world.service.calls).toHaveLength(1)
    expect(world.store.writeAttempts(key)).toBe(1)
    expect(world.events.all).toHaveLength(1)
  })

  it('since the last process is no call and no write for the next', async () => {
    const world = await synced()
    for (let i = 0; i < 3; i++) {
      world.start()
      await world.settle()
    }
    expect(world.service.calls).toHaveLength(1)
    expect(world.store.writeAttempts(key)).toBe(1)
  })

  it('is a relist that finds the state the operator wrote', async () => {
    const world = await synced()
    for (const change of world.store.list()) world.controller.onChange(change)
    await world.settle()
    expect(world.store.gets(key)).toBe(2)
  })
})

describe('a Secret that is not ours', () => {
  it('costs nothing where nobody opted in (I10)', async () => {
    const world = new World()
    world.start()
    world.store.put(key, { some: 'annotation' }, material.first.data)
    await world.settle()
    expect([world.store.gets(key), world.service.calls.length, world.store.writeAttempts(key)]).toEqual([
      0, 0, 0,
    ])
  })

  it('is left as it is when it opts out, and is no upload when it opts in again', async () => {
    const world = await synced()
    const before = world.status(key)
    world.store.edit(key, { [userKeys.upload]: null })
    await world.settle()
    expect(world.status(key)).toEqual(before)
    expect(world.metrics.secrets.size).toBe(0)
    world.store.edit(key, { [userKeys.upload]: 'true' })
    await world.settle()
    expect(world.service.calls).toHaveLength(1)
    expect(world.metrics.secrets.size).toBe(1)
  })

  it('is looked at no more once it is gone', async () => {
    const world = await synced({ parts: { resyncMs: 60_000 } })
    world.store.delete(key)
    await world.settle()
    const gets = world.store.gets(key)
    await world.clock.advance(600_000)
    expect(world.store.gets(key)).toBe(gets)
  })
})

describe('the other annotations of the user', () => {
  it('freeze it: a paused Secret is neither uploaded nor written', async () => {
    const world = await synced()
    world.store.edit(key, { [userKeys.paused]: 'true' })
    world.store.replaceData(key, material.second.data)
    await world.settle()
    expect(world.service.calls).toHaveLength(1)
    expect(world.store.writeAttempts(key)).toBe(1)
    world.store.edit(key, { [userKeys.paused]: null })
    await world.settle()
    expect(world.certificateOf(key)?.chain).toBe(material.second.chainFingerprint)
  })

  it('say once that they are not applied when they change later, without an upload', async () => {
    const world = await synced()
    world.store.edit(key, { [userKeys.alias]: 'another', [userKeys.tags]: 'a=b' })
    await world.settle()
    world.store.edit(key, { touched: 'by somebody' })
    await world.settle()
    expect(world.service.calls).toHaveLength(1)
    expect(world.status(key)).toMatchObject({ phase: 'Synced', reason: 'SettingsNotApplied' })
    expect(world.events.reasons(key)).toEqual(['CertificateUploaded', 'SettingsNotApplied'])
  })

  it('that do not parse are told once, and forgotten when they are corrected', async () => {
    const world = await synced()
    world.store.edit(key, { [userKeys.projectId]: 'seven' })
    await world.settle()
    world.store.edit(key, { touched: 'by somebody' })
    await world.settle()
    expect(world.status(key)).toMatchObject({ phase: 'Rejected', reason: 'InvalidAnnotation' })
    expect(world.events.reasons(key)).toEqual(['CertificateUploaded', 'InvalidAnnotation'])
    world.store.edit(key, { [userKeys.projectId]: null })
    await world.settle()
    expect(world.status(key)).toMatchObject({ phase: 'Synced', reason: 'CertificateUploaded' })
    expect(world.service.calls).toHaveLength(1)
  })
})

describe('status keys that somebody takes away', () => {
  it.each([
    'certificateId',
    'account',
    'fingerprint',
    'chainFingerprint',
    'notAfter',
    'origin',
    'settings',
    'phase',
    'reason',
    'message',
  ] as const)('come back without a second certificate: %s', async (name) => {
    for (const restarted of [false, true]) {
      const world = await synced()
      const id = world.status(key).uploaded?.certificateId
      const taken = Object.keys(statusAnnotations({ [name]: '' }))
      world.store.edit(key, Object.fromEntries(taken.map((it) => [it, null])))
      if (restarted) world.start()
      await world.settle()
      expect(world.status(key).uploaded?.certificateId).toBe(id)
      expect(Object.keys(world.store.annotations(key))).toEqual(expect.arrayContaining(taken))
      expect(world.service.certificates).toHaveLength(1)
    }
  })

  it('come back all together', async () => {
    for (const restarted of [false, true]) {
      const world = await synced()
      const id = world.status(key).uploaded?.certificateId
      world.store.put(key, userAnnotations(), material.first.data)
      if (restarted) world.start()
      await world.settle()
      expect(world.status(key).uploaded?.certificateId).toBe(id)
      expect(world.service.certificates).toHaveLength(1)
    }
  })

  it('come back true when somebody wrote another id over the true one', async () => {
    const world = await synced()
    const id = world.status(key).uploaded?.certificateId
    world.store.edit(key, statusAnnotations({ certificateId: 'tampered' }))
    await world.settle()
    expect(world.status(key).uploaded?.certificateId).toBe(id)
    expect(world.status(key).previous).toEqual([])
    expect(world.service.calls).toHaveLength(1)
  })
})

describe('an id that somebody writes over the true one', () => {
  it('is replaced by the true one, also by a process that did not upload it', async () => {
    const world = await synced()
    const id = world.status(key).uploaded?.certificateId
    world.start()
    await world.settle()
    world.store.edit(key, statusAnnotations({ certificateId: 'tampered' }))
    await world.settle()
    expect(world.status(key).uploaded?.certificateId).toBe(id)
    expect(world.service.calls).toHaveLength(1)
  })

  it('does not make the settings on record those of now', async () => {
    const world = await synced()
    const { settings } = world.status(key)
    world.store.edit(key, { [userKeys.alias]: 'another' })
    await world.settle()
    world.store.edit(key, statusAnnotations({ certificateId: 'tampered' }))
    await world.settle()
    expect(world.status(key)).toMatchObject({ settings, reason: 'SettingsNotApplied' })
  })
})

describe('what the gauges say', () => {
  it('is how old the oldest change is that is not synced, while it waits', async () => {
    const world = new World()
    world.start()
    world.store.put(key, userAnnotations(), material.first.data)
    await world.clock.advance(700)
    const gauges = world.controller.gauges()
    expect(gauges.oldestUnsyncedMs()).toBe(700)
    expect(gauges.queueDepths()).toMatchObject({ work: 0, UploadCertificate: 1 })
    expect(world.controller.idleMs()).toBe(0)
    await world.settle()
    expect(gauges.oldestUnsyncedMs()).toBe(0)
    expect(gauges.slots()).toBe(10)
    expect(gauges.accountHeld()).toBe(false)
  })

  it('is nothing unsynced about a Secret that is rejected or gone', async () => {
    const world = new World()
    world.start()
    world.store.put(key, userAnnotations({ projectId: 'x' }), material.first.data)
    world.store.put('web/gone', userAnnotations(), material.second.data)
    await world.clock.advance(100)
    world.store.delete('web/gone')
    await world.settle()
    expect(world.controller.gauges().oldestUnsyncedMs()).toBe(0)
  })
})
