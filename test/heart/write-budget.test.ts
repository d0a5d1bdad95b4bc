import { beforeAll, describe, expect, it } from 'vitest'
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

function contested(): number {
  return world.events.reasons(key).filter((it) => it === 'StatusContested').length
}

describe('stale status writes', () => {
  it.each([6, 12, 40])('are no fight, and delay nothing: %d foreign edits come first', async (edits) => {
    world = new World()
    world.start()
    world.store.put(key, userAnnotations(), material.first.data)
    for (let i = 0; i < edits; i++) {
      world.store.meanwhile.push(() => world.store.edit(key, { foreign: `${i}` }))
    }
    await world.until(() => world.service.calls.length === 1, 5_000, 100)
    const start = world.clock.elapsed()
    await world.until(() => world.status(key).phase === 'Synced', minute, 100)
    expect(world.clock.elapsed() - start).toBeLessThanOrEqual(8_000)
    expect(contested()).toBe(0)
    expect(world.service.calls).toHaveLength(1)
    expect(world.events.reasons(key)).toEqual(['CertificateUploaded'])
  })

  it('leave the budget for what follows: five renewals among foreign edits are each reported at once', async () => {
    world = new World()
    world.start()
    world.store.put(key, userAnnotations(), material.first.data)
    for (let renewal = 0; renewal < 5; renewal++) {
      for (let i = 0; i < 3; i++) {
        world.store.meanwhile.push(() => world.store.edit(key, { foreign: `${renewal} ${i}` }))
      }
      const chain = await material.another()
      world.store.replaceData(key, chain.data)
      await world.until(
        () => world.status(key).uploaded?.chainFingerprint === chain.chainFingerprint,
        8_000,
        100,
      )
      world.store.meanwhile.length = 0
    }
    expect(contested()).toBe(0)
  })
})

describe("the operator's own writes", () => {
  it.each<[string, string | undefined]>([
    ['shared', undefined],
    ['of its own', 'true'],
  ])('are never a fight: twelve quick renewals, %s', async (_, repeatable) => {
    world = new World()
    world.start()
    world.store.put(key, userAnnotations({ repeatable }), material.first.data)
    let newest = material.first
    for (let i = 0; i < 12; i++) {
      newest = await material.another()
      world.store.replaceData(key, newest.data)
      await world.clock.advance(1_500)
    }
    await world.clock.advance(3 * minute)
    expect(world.events.reasons(key)).not.toContain('StatusContested')
    expect(world.certificateOf(key)?.chain).toBe(newest.chainFingerprint)
  })

  it('are a fight as soon as somebody else rewrites them', async () => {
    world = new World()
    world.start()
    world.store.put(key, userAnnotations(), material.first.data)
    await world.settle()
    for (let i = 0; i < 60; i++) {
      world.store.edit(key, statusAnnotations({ certificateId: `stale${i}` }))
      await world.clock.advance(500)
    }
    expect(contested()).toBe(1)
  })
})

describe('two writers that replace the whole Secret by turns', () => {
  /** So many turns, 40 ms apart. */
  async function fight(turns: number, first: () => void, second: () => void): Promise<void> {
    for (let i = 0; i < turns; i++) {
      first()
      await world.clock.advance(20)
      second()
      await world.clock.advance(20)
    }
  }

  const optedIn = () => world.store.put(key, userAnnotations(), material.first.data)
  const turns: readonly (readonly [string, () => void, () => void])[] = [
    ['opted in and opted out', optedIn, () => world.store.put(key, {}, material.first.data)],
    [
      'opted in and opted in otherwise',
      optedIn,
      () => world.store.put(key, userAnnotations({ alias: 'x' }), material.first.data),
    ],
    ['deleted and recreated', optedIn, () => world.store.delete(key)],
  ]

  it.each(turns)('get bounded writes and Events, and the truth in the end: %s', async (_, first, second) => {
    world = new World()
    world.start()
    optedIn()
    await world.settle()
    const writes = world.store.writes(key)
    const events = world.events.all.length
    await fight(50, first, second)
    expect(world.store.writes(key) - writes).toBeLessThanOrEqual(8)
    expect(world.events.all.length - events).toBeLessThanOrEqual(8)
    optedIn()
    await world.clock.advance(2 * minute)
    expect(world.status(key).phase).toBe('Synced')
    expect(world.certificateOf(key)?.chain).toBe(material.first.chainFingerprint)
    expect(world.service.calls).toHaveLength(1)
  })
})
