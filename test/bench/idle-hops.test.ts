import { expect, test } from 'vitest'
import { mediansOf } from './idle-hops.ts'

test('a hop takes from the end of the one before, and Secrets that went another way are left out', () => {
  const way = (...ends: number[]) => [
    ['', 0] as const,
    ['GET', ends[0] ?? 0] as const,
    ['PATCH', ends[1] ?? 0] as const,
  ]
  const other = [['', 0] as const, ['GET', 900] as const, ['GET', 901] as const, ['PATCH', 902] as const]
  expect(mediansOf([way(1, 11), way(2, 13), other, way(3, 15)])).toEqual([
    ['GET', 2],
    ['PATCH', 11],
  ])
})
