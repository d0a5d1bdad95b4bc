import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs } from './backoff.ts'
import { errorOfStatus } from './kubernetes-error.ts'

test('pauses double from 200 ms to 10 s and are cut by up to a half', () => {
  expect([1, 2, 3, 4, 6, 7, 1000].map((failures) => backoffMs(failures, undefined, 0))).toEqual([
    200, 400, 800, 1600, 6_400, 10_000, 10_000,
  ])
  expect(backoffMs(9, undefined, 0.999)).toBeGreaterThanOrEqual(5_000)
})

test('a pause is never longer than a minute, nor shorter than what was asked for up to that', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 0, max: 1_000_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (failures, seconds, random) => {
        const pause = backoffMs(failures, errorOfStatus(429, {}, String(seconds)), random)
        expect(pause).toBeGreaterThanOrEqual(Math.min(seconds * 1000, 60_000))
        expect(pause).toBeGreaterThanOrEqual(100)
        expect(pause).toBeLessThanOrEqual(60_000)
      },
    ),
  )
})
