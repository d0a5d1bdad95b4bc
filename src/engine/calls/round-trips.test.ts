import { describe, expect, it } from 'vitest'
import { RoundTrips } from './round-trips.ts'
import { CallWorld } from './testing/call-world.ts'

function timeoutAfter(...roundTrips: readonly number[]): number {
  const known = new RoundTrips()
  for (const ms of roundTrips) known.answered(ms, 0)
  return known.timeoutMs
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
    known.answered(300, 1_000)
    known.gaveUp(5_000, 999)
    expect(known.timeoutMs).toBe(5_000)
    known.answered(300)
    known.gaveUp(5_000, 1_000)
    expect(known.timeoutMs).toBe(20_000)
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
