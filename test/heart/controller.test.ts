import { beforeAll, describe, expect, it, vi } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { NotLeadingError } from '../../src/ports/not-leading-error.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { statusAnnotations, userAnnotations } from './observed.ts'
import { World } from './world.ts'

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
          { key: 'cert-sync/chain', value: expect.stringContaining(material.first.chainFingerprint) },
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

  it('is in no metric any more when it says that it opts out', async () => {
    const world = await synced()
    expect(world.metrics.secrets.size).toBe(1)
    world.store.edit(key, { [userKeys.upload]: 'false' })
    await world.settle()
    expect(world.metrics.secrets.size).toBe(0)
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

  it('that do not parse are reported once, and no longer when they are corrected', async () => {
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
    const world = new World({ watchMs: 0 })
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
    expect(gauges.heldReasons()).toEqual([])
    expect(gauges.serviceSilent()).toBe(false)
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

describe('a standby', () => {
  /** One that has stood by for ten minutes, with a Secret that waits for the leader. */
  async function standingBy(): Promise<World> {
    const world = new World()
    world.store.put(key, userAnnotations(), material.first.data)
    world.start({ standBy: true })
    for (let i = 0; i < 10; i++) {
      world.store.replaceData(key, material.second.data)
      world.store.replaceData(key, material.first.data)
      await world.clock.advance(60_000)
    }
    return world
  }

  it('reads nothing, calls nothing and writes nothing', async () => {
    const world = await standingBy()
    expect([world.store.gets(key), world.service.calls.length, world.store.writeAttempts(key)]).toEqual([
      0, 0, 0,
    ])
  })

  it('is not late with what the leader has to do, nor stuck', async () => {
    const world = await standingBy()
    const gauges = world.controller.gauges()
    expect(gauges.oldestUnsyncedMs()).toBe(0)
    expect(gauges.queueDepths()['work']).toBe(0)
    expect(world.controller.idleMs()).toBe(0)
  })

  it('that takes over has the keys at hand, and its time begins then', async () => {
    const world = await standingBy()
    world.controller.start()
    await world.clock.advance(500)
    expect(world.store.gets(key)).toBe(1)
    expect(world.controller.gauges().oldestUnsyncedMs()).toBe(500)
    await world.settle()
    expect(world.status(key).phase).toBe('Synced')
    expect(world.controller.gauges().oldestUnsyncedMs()).toBe(0)
    expect(world.service.calls).toHaveLength(1)
  })

  it('calls at once when the leader before has waited for it, and a second later otherwise', async () => {
    for (const quiet of [true, false]) {
      const world = await standingBy()
      world.controller.start({ quiet })
      await world.clock.advance(990)
      expect(world.service.calls).toHaveLength(quiet ? 1 : 0)
      await world.clock.advance(20)
      expect(world.service.calls).toHaveLength(1)
    }
  })
})

describe('a controller that is stopped', () => {
  it('is drained a second after its last call, and never before its lanes opened', async () => {
    const world = await synced()
    world.store.replaceData(key, material.second.data)
    await world.clock.advance(10)
    expect(world.service.calls).toHaveLength(2)
    const stopped = world.controller.stop(1_000)
    let drained = false
    void stopped.then(() => world.controller.drained()).then(() => (drained = true))
    await world.clock.advance(980)
    expect(drained).toBe(false)
    await world.clock.advance(20)
    expect(drained).toBe(true)

    const idle = new World()
    idle.start()
    drained = false
    void idle.controller
      .stop(0)
      .then(() => idle.controller.drained())
      .then(() => (drained = true))
    await idle.clock.advance(999)
    expect(drained).toBe(false)
    await idle.clock.advance(1)
    expect(drained).toBe(true)
  })

  it('that is abandoned makes no further call and no write, whatever is under way', async () => {
    const world = new World({ service: { serviceMs: 5_000 } })
    world.start()
    world.store.put(key, userAnnotations(), material.first.data)
    await world.clock.advance(2_000)
    expect(world.service.calls).toHaveLength(1)
    world.controller.abandon()
    await Promise.all([world.controller.stop(0), world.clock.advance(60_000)])
    expect(world.service.calls).toHaveLength(1)
    expect(world.store.writeAttempts(key)).toBe(0)
  })
})

describe('a fence that is closed', () => {
  const closed = async (): Promise<never> => {
    throw new NotLeadingError()
  }

  it('ends a reconcile without a status, an Event, a repetition or a word', async () => {
    for (const broken of ['call', 'write'] as const) {
      const world = new World()
      if (broken === 'call') vi.spyOn(world.service, 'upload').mockImplementation(closed)
      else vi.spyOn(world.store, 'annotate').mockImplementation(closed)
      world.start()
      world.store.put(key, userAnnotations(), material.first.data)
      await world.clock.advance(600_000)
      expect(world.status(key).phase).toBeUndefined()
      expect(world.events.all).toEqual([])
      expect(world.log.lines.filter((it) => it.level !== 'debug')).toEqual([])
      expect(world.store.gets(key)).toBe(2)
    }
  })
})
