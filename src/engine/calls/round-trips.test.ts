import { beforeEach, describe, expect, it } from 'vitest'
import { RoundTrips } from './round-trips.ts'
import { CallWorld } from './testing/call-world.ts'

const key = 'web/site'

function timeoutAfter(...roundTrips: readonly number[]): number {
  const known = new RoundTrips()
  for (const ms of roundTrips) known.answered(key, ms, 30_000, 0)
  return known.usualMs
}

describe('the time-out of a call', () => {
  it('is 30 s while nothing is known', () => {
    expect(timeoutAfter()).toBe(30_000)
  })

  it('is four times the slowest round trip, at least 5 s, at most 30 s', () => {
    expect(timeoutAfter(300)).toBe(5_000)
    expect(timeoutAfter(300, 2_000, 400)).toBe(8_000)
    expect(timeoutAfter(300, 9_000)).toBe(30_000)
  })

  it('forgets a slow round trip after 64 others', () => {
    const others = (count: number) => Array.from({ length: count }, () => 100)
    expect(timeoutAfter(2_000, ...others(63))).toBe(8_000)
    expect(timeoutAfter(2_000, ...others(64))).toBe(5_000)
  })

  it('takes a call that was given up for a round trip, unless another one succeeded meanwhile', () => {
    const known = new RoundTrips()
    known.answered(key, 300, 30_000, 1_000)
    known.gaveUp(key, 5_000, 999)
    expect(known.usualMs).toBe(5_000)
    known.answered(key, 300, 5_000)
    known.gaveUp(key, 5_000, 1_000)
    expect(known.usualMs).toBe(20_000)
  })

  describe('of a key whose calls take longer than those of all others', () => {
    let known: RoundTrips
    /** Another call succeeds while one of the key is given up. */
    const giveUp = (ms: number, of = key) => {
      known.answered('web/quick', 300, 5_000, 1_000)
      known.gaveUp(of, ms, 0)
    }

    beforeEach(() => {
      known = new RoundTrips()
    })

    it('doubles up to 30 s with each time-out after the first, and for nobody else', () => {
      const given = [5_000, 5_000, 10_000, 20_000, 30_000].map((ms) => {
        giveUp(ms)
        return known.timeoutMs(key)
      })
      expect(given).toEqual([5_000, 10_000, 20_000, 30_000, 30_000])
      expect(known.timeoutMs('web/quick')).toBe(5_000)
      expect(known.usualMs).toBe(5_000)
    })

    it('is that of all others again when one was answered, which gives these no more time', () => {
      giveUp(5_000)
      giveUp(5_000)
      known.answered(key, 6_000, 5_000, 7_000)
      expect(known.timeoutMs(key)).toBe(5_000)
      giveUp(5_000)
      expect(known.timeoutMs(key)).toBe(5_000)
    })

    it('is remembered for the last thousand keys', () => {
      for (let i = 0; i < 1_001; i++) for (let calls = 0; calls < 2; calls++) giveUp(5_000, `web/${i}`)
      expect(['web/0', 'web/1', 'web/1000'].map((it) => known.timeoutMs(it))).toEqual([5_000, 10_000, 10_000])
    })

    it('is enough in the end, however many others are quick: 6 s a call beside 0.3 s', async () => {
      const world = new CallWorld()
      let isSlow = false
      world.fate = (of) => {
        isSlow = of.startsWith('slow/')
        return 'ok'
      }
      world.journey = () => ({ there: 50, work: isSlow ? 6_000 : 200, back: 50 })
      world.addMany(3_000, 'quick')
      world.runner.start({ quiet: false })
      await world.clock.advance(20_000)
      world.addMany(3, 'slow')
      await world.clock.advance(280_000)
      expect(world.successesOf('slow')).toBe(3)
    })
  })

  it('does not give up for ever on a service that has become slow: 0.3 s, then 8 s a call', async () => {
    const world = new CallWorld()
    world.endless = true
    world.addMany(50)
    world.runner.start({ quiet: true })
    await world.clock.advance(30_000)
    world.journey = () => ({ there: 20, work: 8_000, back: 10 })
    await world.clock.advance(40_000)
    const from = world.clock.elapsed()
    await world.clock.advance(60_000)
    // Ten slots, 8 s a call.
    expect(world.successes.filter((it) => it.at > from).length).toBeGreaterThanOrEqual(60)
    expect(world.server.mostInOneSecond()).toBeLessThanOrEqual(10)
  })
})
