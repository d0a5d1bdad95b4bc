import { beforeEach, describe, expect, it } from 'vitest'
import type { CallPriority } from './call-priority.ts'
import { LaneOrder } from './lane-order.ts'

const minute = 60_000

let now: number
let order: LaneOrder

beforeEach(() => {
  now = 0
  order = new LaneOrder(() => now)
})

/** A ticket in the group that its id begins with. */
function add(id: string, more: Partial<CallPriority> = {}): void {
  const call = { failedBefore: false, urgent: false, expiresAt: undefined, group: id.slice(0, 1), ...more }
  order.enqueue(async () => id, { id, call })
}

describe('the order of a lane', () => {
  it('puts keys that have not failed with this input before those that have, urgent or not', () => {
    add('a1', { failedBefore: true, urgent: true, expiresAt: 1 })
    add('a2')
    add('b1', { failedBefore: true })
    add('b2')
    expect(order.drain()).toEqual(['a2', 'b2', 'a1', 'b1'])
  })

  describe('of a flood of ever-new inputs', () => {
    const takeWithFlood = (count: number) =>
      Array.from({ length: count }, async (_, i) => {
        add(`new-${now}-${i}`)
        return order.dequeue()?.()
      })

    it('lets a key that failed once have its turn when it has waited for a minute', async () => {
      add('once', { failedBefore: true, expiresAt: 5 })
      now = minute - 1
      expect(await Promise.all(takeWithFlood(100))).not.toContain('once')
      now = minute + 1_000
      expect(await Promise.all(takeWithFlood(4))).toContain('once')
    })

    it('gives no more than every fourth turn to keys that failed, those first that wait longest', async () => {
      for (let i = 0; i < 9; i++) {
        now = 10 * i
        add(`failed-${i}`, { failedBefore: true, urgent: i > 5, expiresAt: 9 - i })
      }
      now = 2 * minute
      const taken = await Promise.all(takeWithFlood(20))
      const failed = taken.filter((it) => String(it).startsWith('failed'))
      expect(failed).toEqual(['failed-0', 'failed-1', 'failed-2', 'failed-3', 'failed-4'])
    })

    it('forgets a key that is removed after it has waited for a minute', () => {
      for (const id of ['failed-0', 'failed-1', 'failed-2']) add(id, { failedBefore: true })
      now = 2 * minute
      order.dequeue()
      order.remove('failed-1')
      expect(order.size).toBe(1)
      expect(order.drain()).toEqual(['failed-2'])
    })
  })

  it('puts what is done in the background last, whatever comes before or after it', () => {
    add('x', { failedBefore: true, background: true })
    add('b', { failedBefore: true })
    add('a')
    expect(order.drain()).toEqual(['a', 'b', 'x'])
  })

  it('puts urgent ones before others, but every fourth permit goes to the others where both wait', () => {
    for (let i = 0; i < 8; i++) add(`u${i}`, { urgent: true, expiresAt: i })
    for (let i = 0; i < 4; i++) add(`o${i}`)
    expect(order.drain().join(' ')).toBe('u0 u1 u2 o0 u3 u4 u5 o1 u6 u7 o2 o3')
  })

  it('counts urgent permits only while others wait', () => {
    for (let i = 0; i < 9; i++) add(`u${i}`, { urgent: true, expiresAt: i })
    for (let i = 0; i < 5; i++) order.dequeue()
    add('o0')
    expect(order.drain().join(' ')).toBe('u5 u6 u7 o0 u8')
  })

  it('lets groups take turns, however many keys one of them has (b.10)', () => {
    for (let i = 0; i < 5; i++) add(`a${i}`)
    add('b0')
    add('c0')
    add('c1')
    expect(order.drain().join(' ')).toBe('a0 b0 c0 a1 c1 a2 a3 a4')
  })

  it('lets a group that comes back wait for its turn', () => {
    for (const id of ['a0', 'b0', 'b1']) add(id)
    order.dequeue()
    add('a1')
    expect(order.drain().join(' ')).toBe('b0 a1 b1')
  })

  it('goes by expiry within a group; what the account does not hold at all goes before what is not urgent', () => {
    add('a-late', { expiresAt: 300 })
    add('a-soon', { expiresAt: 100 })
    add('a-none')
    add('a-middle', { expiresAt: 200 })
    expect(order.drain()).toEqual(['a-none', 'a-soon', 'a-middle', 'a-late'])
  })

  it('goes by arrival where all else is equal', () => {
    for (let i = 0; i < 20; i++) add(`a${i}`, { expiresAt: 7 })
    expect(order.drain()).toEqual(Array.from({ length: 20 }, (_, i) => `a${i}`))
  })

  it('forgets a ticket that is removed, and replaces one of the same id', () => {
    add('a0')
    add('a1')
    add('b0', { expiresAt: 5 })
    order.remove('a0')
    order.remove('nobody')
    add('a1', { failedBefore: true })
    expect(order.size).toBe(2)
    expect(order.drain()).toEqual(['b0', 'a1'])
    expect(order.size).toBe(0)
    expect(order.dequeue()).toBeUndefined()
  })

  it('names the tickets of one group, and changes none of them by a number', async () => {
    add('a0')
    add('b0')
    const call = { failedBefore: false, urgent: false, expiresAt: undefined, group: 'b' }
    expect(await Promise.all(order.filter({ call }).map((run) => run()))).toEqual(['b0'])
    expect(order.filter({})).toHaveLength(2)
    expect(() => order.setPriority()).toThrow('replaced')
  })

  it('lets a group that may not go wait, and counts nothing where only such groups wait', () => {
    let isBlocked = true
    order = new LaneOrder(
      () => now,
      (group) => group !== 'a' || !isBlocked,
    )
    add('a0')
    add('b0', { failedBefore: true })
    add('a1', { urgent: true })
    expect(order.drain()).toEqual(['b0'])
    expect(order.size).toBe(0)
    isBlocked = false
    expect(order.size).toBe(2)
    expect(order.drain()).toEqual(['a1', 'a0'])
  })
})
