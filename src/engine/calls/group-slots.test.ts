import { beforeEach, describe, expect, it } from 'vitest'
import { GroupSlots } from './group-slots.ts'

const slots = 10

let groups: GroupSlots

beforeEach(() => {
  groups = new GroupSlots()
})

/** How many slots a group takes, until it may take no more. */
function takes(group: string): number {
  let taken = 0
  for (; taken < slots && groups.mayTake(group, slots); taken++) groups.took(group)
  return taken
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
    groups.gaveBack('evil')
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

  it.each<[string, () => void]>([
    ['when it is gone', () => groups.forget('evil')],
    ['when the service was silent for all', () => groups.forgetAll()],
  ])('are those of a new one %s', (_, happens) => {
    hang('evil', 5)
    happens()
    expect(takes('evil')).toBe(7)
  })
})
