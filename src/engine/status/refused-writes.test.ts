import { beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, type ManualClock } from '../../../test/fakes/manual-clock.ts'
import { RefusedWrites } from './refused-writes.ts'

const minute = 60_000

let clock: ManualClock
let woken: string[]
let writes: RefusedWrites

beforeEach(() => {
  clock = createManualClock()
  woken = []
  writes = new RefusedWrites(clock, (keys) => woken.push(...keys))
})

const refuse = (key: string) => writes.refused(key, 'attempt')

/** How often one of these is written within an hour while all are refused, each when its time has come. */
async function writesInAnHour(keys: readonly string[]): Promise<number> {
  let count = 0
  for (const key of keys) refuse(key)
  for (let i = 0; i < 60; i += 1) {
    await clock.advance(minute)
    for (const key of keys) {
      if (writes.waitMs(key, 'attempt') > 0) continue
      refuse(key)
      count += 1
    }
  }
  return count
}

describe('a refused write', () => {
  it('is repeated after a minute, but one a minute in a namespace, and no later than after ten', () => {
    expect([refuse('web/a'), refuse('web/b'), refuse('shop/a')]).toEqual([minute, 2 * minute, minute])
    for (let i = 3; i <= 20; i += 1) expect(refuse(`web/${i}`)).toBe(Math.min(i, 10) * minute)
  })

  it('is repeated sixty times an hour where it is alone, six times and little more where there are 500', async () => {
    expect(await writesInAnHour(['web/a'])).toBe(60)
    const many = Array.from({ length: 500 }, (_, i) => `shop/${i}`)
    expect(await writesInAnHour(many)).toBeLessThanOrEqual(500 * 6 + 60)
  })

  it('does not wait where it is another one, or of another key', () => {
    refuse('web/a')
    expect(writes.waitMs('web/a', 'attempt')).toBe(minute)
    expect([writes.waitMs('web/a', 'other'), writes.waitMs('web/b', 'attempt')]).toEqual([0, 0])
  })

  it('is repeated at once when others of its namespace are accepted: the more of them, the more', async () => {
    const keys = Array.from({ length: 200 }, (_, i) => `web/${i}`)
    for (const key of ['shop/a', ...keys]) refuse(key)
    await clock.advance(1_000)
    writes.accepted('web/new')
    const rounds: number[] = []
    while (woken.length > 0) {
      expect(woken.map((key) => writes.waitMs(key, 'attempt'))).toEqual(woken.map(() => 0))
      rounds.push(woken.length)
      for (const key of woken.splice(0)) writes.accepted(key)
    }
    expect(rounds).toEqual([2, 4, 8, 16, 32, 64, 74])
    expect(writes.waitMs('shop/a', 'attempt')).toBe(59_000)
  })

  it('is repeated with one other a minute at most for what is accepted beside it, and each in turn', async () => {
    const keys = ['web/a', 'web/b', 'web/c', 'web/d']
    for (const key of keys) refuse(key)
    for (const expected of [keys.slice(0, 2), keys.slice(2), keys.slice(0, 2)]) {
      for (let i = 0; i < 60; i += 1) {
        writes.accepted('web/new')
        await clock.advance(1_000)
      }
      expect(woken).toEqual(expected)
      for (const key of woken.splice(0)) refuse(key)
    }
  })

  it('has two others repeated when it is accepted at last, and no more', () => {
    for (let i = 0; i < 200; i += 1) refuse(`web/${i}`)
    for (let i = 0; i < 3; i += 1) {
      writes.accepted('web/199')
      refuse('web/199')
    }
    expect(woken).toEqual(['web/0', 'web/1', 'web/2', 'web/3', 'web/4', 'web/5'])
  })

  it('is forgotten with its Secret', () => {
    refuse('web/a')
    writes.forget('web/a')
    expect(writes.has('web/a')).toBe(false)
    writes.accepted('web/b')
    expect(woken).toEqual([])
    expect(refuse('web/a')).toBe(minute)
  })
})
