import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Ranked, RankHeap } from './rank-heap.ts'

const before = (a: Ranked, b: Ranked) => a.rank - b.rank || a.arrival - b.arrival

describe('a heap by rank', () => {
  it('gives the first of what is left, whatever is added, taken and removed', () => {
    const step = fc.record({ what: fc.constantFrom('add', 'add', 'take', 'remove'), rank: fc.nat(20) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const heap = new RankHeap<Ranked>()
        let left: Ranked[] = []
        for (const [arrival, { what, rank }] of steps.entries()) {
          const item = what === 'add' ? { rank, arrival } : what === 'take' ? left[0] : left[rank]
          if (what === 'add' && item) heap.add(item)
          if (what === 'take') expect(heap.take()).toBe(item)
          if (what === 'remove' && item) heap.remove(item)
          left = left.filter((it) => it !== item)
          if (what === 'add' && item) left = [...left, item].sort(before)
          expect(heap.size).toBe(left.length)
          expect(heap.first).toBe(left[0])
        }
      }),
    )
  })
})
