import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FailureClass } from '../../ports/service-error.ts'
import { backOff, doubling } from './back-off.ts'

const noJitter = () => 0
const minute = 60_000
const hour = 60 * minute

describe('the back-off', () => {
  it.each<[FailureClass, number, number]>([
    ['throttled', 1_000, 10_000],
    ['outage', 1_000, 10 * minute],
    ['caller', 30_000, 10 * minute],
    ['not-allowed', 10 * minute, hour],
    ['quota', hour, hour],
    ['rejected', 24 * hour, 24 * hour],
    ['exists', 10 * minute, 6 * hour],
    ['unknown', 10 * minute, 6 * hour],
  ])('of %s begins with %d ms and ends with %d ms', (failure, first, longest) => {
    expect(backOff(failure, 1, noJitter)).toBe(first)
    expect(backOff(failure, 2, noJitter)).toBe(Math.min(longest, 2 * first))
    expect(backOff(failure, 10_000, noJitter)).toBe(longest)
  })

  it('takes off a fifth at most, so that many do not return together', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, random) => {
          const full = backOff('outage', attempt, noJitter)
          const ms = backOff('outage', attempt, () => random)
          expect(ms).toBeLessThanOrEqual(full)
          expect(ms).toBeGreaterThanOrEqual(0.8 * full)
        },
      ),
    )
    expect(backOff('outage', 3, () => 0.2)).not.toBe(backOff('outage', 3, () => 0.7))
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
