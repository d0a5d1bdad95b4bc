import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FailureClass } from '../../ports/service-error.ts'
import { backOff, doubling, spreadOf } from './back-off.ts'

const minute = 60_000
const hour = 60 * minute

const whole = (failure: FailureClass, attempt: number, failingMs = 0) =>
  backOff(failure, { attempt, failingMs, spread: 0 })

describe('the back-off', () => {
  it.each<[FailureClass, number, number]>([
    ['outage', 1_000, minute],
    ['caller', 30_000, 10 * minute],
    ['not-allowed', 10 * minute, hour],
    ['quota', hour, hour],
    ['rejected', 24 * hour, 24 * hour],
    ['exists', 10 * minute, 6 * hour],
    ['unknown', 10 * minute, 6 * hour],
  ])('of %s begins with %d ms and ends with %d ms', (failure, first, longest) => {
    expect(whole(failure, 1)).toBe(first)
    expect(whole(failure, 2)).toBe(Math.min(longest, 2 * first))
    expect(whole(failure, 10_000)).toBe(longest)
  })

  it('of throttling is a second for five calls in a row, then doubles up to a minute', () => {
    const delays = Array.from({ length: 12 }, (_, i) => whole('throttled', i + 1) / 1_000)
    expect(delays).toEqual([1, 1, 1, 1, 1, 2, 4, 8, 16, 32, 60, 60])
  })

  it('of a key that met nothing but outages for an hour is ten minutes', () => {
    expect(whole('outage', 60, hour - 1)).toBe(minute)
    expect(whole('outage', 60, hour)).toBe(10 * minute)
  })

  it('takes off a fifth at most, so that many do not return together', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.string(), (attempt, key) => {
        const full = whole('outage', attempt)
        const ms = backOff('outage', { attempt, failingMs: 0, spread: spreadOf(key, attempt) })
        expect(ms).toBeLessThanOrEqual(full)
        expect(ms).toBeGreaterThanOrEqual(0.8 * full)
      }),
    )
  })
})

describe('the spread', () => {
  it('differs between keys and between attempts, and is the same for the same ones', () => {
    const spreads = ['a/a', 'a/b', 'b/a'].flatMap((key) => [1, 2, 3].map((attempt) => spreadOf(key, attempt)))
    expect(new Set(spreads).size).toBe(9)
    expect(spreadOf('a/a', 1)).toBe(spreadOf('a/a', 1))
  })
})

describe('doubling', () => {
  it('never gets shorter, and never longer than the longest', () => {
    const longest = 60_000
    for (let attempt = 1; attempt < 2_000; attempt++) {
      const next = doubling(200, longest, attempt + 1)
      expect(next).toBeGreaterThanOrEqual(doubling(200, longest, attempt))
      expect(next).toBeLessThanOrEqual(longest)
    }
  })
})
