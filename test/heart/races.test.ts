import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { createMaterial, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const serviceMs = 2_000

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

beforeEach(() => {
  world = new World({ service: { serviceMs } })
})

/** Puts the Secret and goes on until its upload is under way. */
async function underWay(): Promise<void> {
  world.start()
  world.store.put(key, userAnnotations(), material.first.data)
  await world.until(() => world.service.calls.length === 1)
}

/** Puts the Secret and goes on until it waits for a slot. */
async function waiting(): Promise<void> {
  world.start()
  world.store.put(key, userAnnotations(), material.first.data)
  await world.until(() => world.waitingForSlots() === 1, 1_000)
}

describe('while its upload is under way, a Secret that', () => {
  it('is deleted leaves nothing behind', async () => {
    await underWay()
    world.store.delete(key)
    await world.settle()
    expect(world.metrics.secrets.size).toBe(0)
    expect(world.events.all).toEqual([])
    expect(world.controller.gauges().oldestUnsyncedMs()).toBe(0)
  })

  it('is deleted and recreated with another certificate gets the id of that one', async () => {
    await underWay()
    world.store.delete(key)
    world.store.put(key, userAnnotations(), material.second.data)
    await world.settle()
    expect(world.certificateOf(key)?.chain).toBe(material.second.chainFingerprint)
    expect(world.status(key).previous).toEqual([])
  })

  it('is recreated is looked at in every resync', async () => {
    world = new World({ service: { serviceMs }, parts: { resyncMs: 60_000 } })
    await underWay()
    world.store.delete(key)
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    const gets = world.store.gets(key)
    await world.clock.advance(200_000)
    expect(world.store.gets(key)).toBeGreaterThan(gets)
    expect(world.metrics.secrets.has(key)).toBe(true)
  })

  it('is renewed gets the id of the renewal in the end', async () => {
    await underWay()
    world.store.replaceData(key, material.second.data)
    await world.settle()
    expect(world.certificateOf(key)?.chain).toBe(material.second.chainFingerprint)
    expect(world.service.calls).toHaveLength(2)
  })

  it('opts out is not written', async () => {
    await underWay()
    world.store.edit(key, { [userKeys.upload]: null })
    await world.settle()
    expect(world.store.writes(key)).toBe(0)
    expect(world.metrics.secrets.size).toBe(0)
  })

  it('is paused is not written', async () => {
    await underWay()
    world.store.edit(key, { [userKeys.paused]: 'true' })
    await world.settle()
    expect(world.store.writes(key)).toBe(0)
  })

  it('is touched by others is uploaded once', async () => {
    await underWay()
    for (let i = 0; i < 10; i++) {
      world.store.edit(key, { touched: `${i}` })
      await world.clock.advance(100)
    }
    await world.settle()
    expect(world.service.calls).toHaveLength(1)
    expect(world.status(key).phase).toBe('Synced')
  })
})

describe('while it waits for a slot, a Secret that', () => {
  it.each<[string, () => void]>([
    ['opts out', () => world.store.edit(key, { [userKeys.upload]: null })],
    ['says no', () => world.store.edit(key, { [userKeys.upload]: 'false' })],
    ['is paused', () => world.store.edit(key, { [userKeys.paused]: 'true' })],
    ['is deleted', () => world.store.delete(key)],
    ['loses its key', () => world.store.replaceData(key, { 'tls.crt': material.first.data['tls.crt'] })],
  ])('%s is not uploaded, and waits no more', async (_, change) => {
    await waiting()
    change()
    await world.clock.advance(100)
    expect(world.waitingForSlots()).toBe(0)
    await world.settle()
    expect(world.service.calls).toEqual([])
  })

  it('changes only just before its turn goes out in its newest form', async () => {
    await waiting()
    // The slot is granted at the same moment.
    world.clock.after(1_000 - world.clock.elapsed(), () => world.store.replaceData(key, material.second.data))
    await world.settle()
    expect(world.certificateOf(key)?.chain).toBe(material.second.chainFingerprint)
  })
})

describe('a slot', () => {
  it('is not used while the Secret is worked on: nobody works on one Secret twice at once', async () => {
    await waiting()
    world.store.slowness = () => world.clock.sleep(700)
    world.store.edit(key, { touched: 'just before the slot is granted' })
    await world.clock.advance(600)
    world.store.slowness = undefined
    await world.settle()
    expect(world.store.mostReadingAtOnce).toBe(1)
    expect(world.service.calls).toHaveLength(1)
    expect(world.status(key).phase).toBe('Synced')
  })

  it('of one action is not used for another', async () => {
    world = new World({ parts: { slots: 1 } })
    world.store.put(key, userAnnotations(), material.first.data)
    // Expires later, so its next upload comes after the other one.
    world.store.put('web/other', userAnnotations(), material.second.data)
    world.start()
    await world.settle()

    world.start()
    const start = world.clock.elapsed()
    const before = world.service.calls.length
    world.store.replaceData(key, (await material.another()).data)
    world.store.replaceData('web/other', (await material.another()).data)
    await world.clock.advance(600)
    expect(world.waitingForSlots()).toBe(2)
    // What waits for an upload turns out to need a lookup.
    world.store.replaceData(key, material.first.data)
    world.store.edit(key, { [userKeys.requestedAt]: 'now' })
    await world.settle()
    const calls = world.service.calls.slice(before)
    expect(calls.map(({ action, at }) => [action, at - start]).sort()).toEqual([
      ['DescribeCertificates', 1_000],
      ['UploadCertificate', 1_000],
    ])
  })
})

describe('a process that is stopped', () => {
  it('finishes what is under way and begins nothing', async () => {
    await underWay()
    world.store.put('web/other', userAnnotations(), material.second.data)
    await world.clock.advance(100)
    let stopped = false
    world.controller.stop(10_000).then(() => {
      stopped = true
    })
    world.store.put('web/new', userAnnotations(), material.second.data)
    await world.clock.advance(1_000)
    expect(stopped).toBe(false)
    await world.clock.advance(2_000)
    expect(stopped).toBe(true)
    expect(world.status(key).phase).toBe('Synced')
    expect(world.store.gets('web/new')).toBe(0)
  })

  it('aborts what takes longer than its grace, which is safe to redo', async () => {
    world = new World({ service: { serviceMs: 20_000 } })
    await underWay()
    let stopped = false
    world.controller.stop(5_000).then(() => {
      stopped = true
    })
    await world.clock.advance(4_900)
    expect(stopped).toBe(false)
    await world.clock.advance(200)
    expect(stopped).toBe(true)
    expect(world.store.writes(key)).toBe(0)
    expect(world.log.lines.filter((it) => it.level === 'error')).toEqual([])

    world.start()
    await world.until(() => world.status(key).phase === 'Synced')
    expect(world.service.certificates).toHaveLength(1)
  })

  it('ends at once when nothing is under way, whoever waits', async () => {
    await waiting()
    let stopped = false
    world.controller.stop(10_000).then(() => {
      stopped = true
    })
    await world.clock.advance(0)
    expect(stopped).toBe(true)
    await world.clock.advance(60_000)
    expect(world.service.calls).toEqual([])
  })

  it('leaves no timer behind', async () => {
    await underWay()
    const stopped = world.controller.stop(10_000)
    await world.clock.advance(5_000)
    await stopped
    expect(world.clock.pending()).toBe(0)
  })
})

describe('a dry run', () => {
  it('calls and writes nothing, says what it would do, and does not loop', async () => {
    world = new World({ parts: { dryRun: true } })
    world.store.put('web/upload', userAnnotations(), material.first.data)
    world.store.put('web/copy', userAnnotations({ repeatable: 'true' }), material.first.data)
    world.store.put('web/bad', userAnnotations({ projectId: 'x' }), material.first.data)
    world.start()
    await world.clock.advance(600_000)
    expect(world.service.calls).toEqual([])
    expect(world.events.all).toEqual([])
    for (const each of world.store.keys()) {
      expect(world.store.writeAttempts(each)).toBe(0)
      expect(world.store.gets(each)).toBe(1)
    }
    expect(Object.fromEntries(world.metrics.wouldHaveDone)).toEqual({
      UploadCertificate: 1,
      Intend: 1,
      WriteStatus: 1,
    })
  })
})
