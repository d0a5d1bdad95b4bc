import { beforeEach, describe, expect, it } from 'vitest'
import { GroupSlots, type HeldSlot } from './group-slots.ts'

const slots = 10

const minute = 60_000

let now: number
let groups: GroupSlots
/** All slots that are held. */
let held: HeldSlot[]

beforeEach(() => {
  now = 0
  groups = new GroupSlots(() => now)
  held = []
})

/** How many slots a group takes, until it may take no more. */
function takes(group: string): number {
  let taken = 0
  for (; taken < slots && groups.mayTake(group, slots); taken++) held.push(groups.take(group))
  return taken
}

function giveBack(group: string): void {
  const slot = held.find((it) => it.group === group)
  if (!slot) return
  held.splice(held.indexOf(slot), 1)
  groups.giveBack(slot)
}

/** Calls of a group, one after the other, that are answered after `ms`. */
function call(group: string, calls: number, ms: number): void {
  for (let i = 0; i < calls; i++) {
    const slot = groups.take(group)
    const startedAt = now
    now += ms
    groups.answered(group, startedAt)
    groups.giveBack(slot)
  }
}

function hang(group: string, calls: number, startedAt = 1): void {
  for (let i = 0; i < calls; i++) groups.unanswered(group, startedAt)
}

describe('the slots of a group', () => {
  it('are seven of ten until a call of it is answered, then all that are free', () => {
    expect(takes('new')).toBe(7)
    expect(groups.answered('new', 0)).toBe(true)
    expect(takes('new')).toBe(slots)
  })

  it('are two after five calls without an answer, until one is answered', () => {
    groups.answered('evil', 0)
    hang('evil', 4)
    expect(groups.isInDoubt('evil')).toBe(false)
    hang('evil', 1)
    expect(takes('evil')).toBe(2)
    giveBack('evil')
    expect(takes('evil')).toBe(1)
    expect(groups.answered('evil', 2)).toBe(true)
    expect(takes('evil')).toBe(slots)
  })

  it('are half of all for all groups in doubt, so that others find some', () => {
    for (const group of ['a', 'b', 'c', 'd']) hang(group, 5)
    expect(['a', 'b', 'c', 'd'].map(takes)).toEqual([2, 2, 1, 0])
    expect(takes('new')).toBe(7)
  })

  it('do not become fewer by calls that were made before one that was answered, or with it', () => {
    groups.answered('web', 5)
    hang('web', 20, 5)
    expect(groups.isInDoubt('web')).toBe(false)
  })

  it('are at least one where there is only one', () => {
    hang('evil', 5)
    expect(groups.mayTake('evil', 1)).toBe(true)
  })

  it('are those of a new one when the service was silent for all', () => {
    hang('evil', 5)
    groups.forgetAll()
    expect(takes('evil')).toBe(7)
  })
})

describe('the slots of a group that holds them for long', () => {
  it('are seven of ten, also where its calls are answered, and where some of them are quick', () => {
    call('web', 20, 300)
    for (let i = 0; i < 20; i++) {
      call('evil', 1, 1_000)
      call('evil', 1, 5_000)
    }
    expect(takes('evil')).toBe(7)
  })

  it('are seven for all such groups, and those in doubt, together', () => {
    call('web', 1, 300)
    for (const group of ['a', 'b', 'c']) call(group, 1, 20_000)
    hang('c', 5, now)
    expect(takes('c')).toBe(2)
    expect(takes('a')).toBe(5)
    expect(takes('b')).toBe(0)
    expect(takes('web')).toBe(slots)
  })

  it('are not fewer where few of its calls take long', () => {
    call('web', 1, 300)
    call('shop', 30, 1_000)
    call('shop', 1, 20_000)
    expect(takes('shop')).toBe(slots)
  })

  it('are seven as soon as those are old that it holds', () => {
    call('web', 1, 300)
    call('evil', 1, 1_000)
    for (let i = 0; i < 7; i++) held.push(groups.take('evil'))
    expect(groups.mayTake('evil', slots)).toBe(true)
    now += 5_000
    expect(groups.mayTake('evil', slots)).toBe(false)
  })

  it('are all where no other group has shown within five minutes that the service is not slow for all', () => {
    call('web', 1, 300)
    const at = now
    call('shop', 5, 8_000)
    now = at + 5 * minute - 1
    expect(takes('shop')).toBe(7)
    now = at + 5 * minute + 1_000
    expect(groups.mayTake('shop', slots)).toBe(true)
  })

  it('are all where those of the others take as long', () => {
    call('web', 1, 300)
    for (const group of ['web', 'shop']) call(group, 20, 8_000)
    expect(takes('shop')).toBe(slots)
  })

  it('are all again when its calls are quick again', () => {
    call('evil', 5, 20_000)
    call('web', 1, 300)
    expect(takes('evil')).toBe(7)
    while (held.length > 0) giveBack('evil')
    call('evil', 100, 1_000)
    call('web', 1, 300)
    expect(takes('evil')).toBe(slots)
  })
})

describe('what is held against a group', () => {
  it('stays for ten minutes after its last key is gone: to opt out and in again gains nothing', () => {
    hang('evil', 5)
    groups.forget('evil')
    now += 10 * minute - 1
    expect(groups.isInDoubt('evil')).toBe(true)
    now += 1
    expect(groups.isInDoubt('evil')).toBe(false)
  })

  it('stays for as long as it makes calls', () => {
    hang('evil', 5)
    groups.forget('evil')
    expect(takes('evil')).toBe(2)
    now += 20 * minute
    expect(groups.isInDoubt('evil')).toBe(true)
  })

  it('adds up where it comes and goes', () => {
    for (let i = 0; i < 5; i++) {
      const slot = groups.take('evil')
      hang('evil', 1)
      groups.giveBack(slot)
      groups.forget('evil')
    }
    expect(groups.isInDoubt('evil')).toBe(true)
  })

  it('is no credit: a call that was answered says nothing of keys to come', () => {
    groups.answered('web', 0)
    groups.forget('web')
    expect(takes('web')).toBe(7)
  })

  it('is remembered of a thousand groups that are gone', () => {
    for (let i = 0; i <= 1_000; i++) {
      groups.take(`${i}`)
      hang(`${i}`, 5)
      groups.forget(`${i}`)
    }
    expect(['0', '1', '1000'].map((it) => groups.isInDoubt(it))).toEqual([false, true, true])
  })
})
