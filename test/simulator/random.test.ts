import { expect, test } from 'vitest'
import { seededRandom } from './random.ts'

const numbers = (seed: number, count: number) => Array.from({ length: count }, seededRandom(seed))

test('one seed gives one sequence, another seed another', () => {
  expect(numbers(7, 100)).toEqual(numbers(7, 100))
  expect(numbers(7, 100)).not.toEqual(numbers(8, 100))
})

test('the numbers are spread evenly from 0 to 1', () => {
  for (const seed of [0, 1, 2, 0xffff_ffff]) {
    const drawn = numbers(seed, 10_000)
    expect(drawn.every((it) => it >= 0 && it < 1)).toBe(true)
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const within = drawn.filter((it) => Math.floor(it * 10) === tenth).length
      expect(Math.abs(within - 1_000), `seed ${seed}, tenth ${tenth}`).toBeLessThan(150)
    }
  }
})
