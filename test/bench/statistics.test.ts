import { expect, test } from 'vitest'
import { median, percentile, ratePerSecond } from './statistics.ts'

test('a percentile is the nearest rank, in whatever order the values come', () => {
  const values = [5, 1, 4, 2, 3]
  expect(median(values)).toBe(3)
  expect(percentile(values, 0.99)).toBe(5)
  expect(percentile(values, 0)).toBe(1)
  expect(() => median([])).toThrow('no values')
})

test('a rate is the same for events that come evenly and in bursts', () => {
  const evenly = Array.from({ length: 70 }, (_, index) => index * 100)
  const bursts = Array.from({ length: 70 }, (_, index) => Math.floor(index / 10) * 1_000 + (index % 10))
  expect(ratePerSecond(evenly, 10)).toBeCloseTo(10)
  expect(ratePerSecond(bursts, 10)).toBeCloseTo(10)
  expect(() => ratePerSecond(evenly.slice(0, 19), 10)).toThrow('20')
})
