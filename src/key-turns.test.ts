import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { KeyTurns } from './key-turns.ts'

let turns: KeyTurns

beforeEach(() => {
  turns = new KeyTurns()
})

function takeAll(): string[] {
  const keys: string[] = []
  for (let key = turns.take(); key !== undefined; key = turns.take()) keys.push(key)
  return keys
}

describe('keys that wait', () => {
  it('go in turns of their groups, and within one in order of arrival', () => {
    for (const key of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) turns.add(key, key.charAt(0))
    expect(takeAll()).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3'])
    expect([turns.isEmpty, turns.size]).toEqual([true, 0])
  })

  it('of a group that had its turn go after all other groups, those that came meanwhile too', () => {
    turns.add('a1', 'a')
    turns.add('a2', 'a')
    expect(turns.take()).toBe('a1')
    turns.add('b1', 'b')
    turns.add('a3', 'a')
    expect(takeAll()).toEqual(['a2', 'b1', 'a3'])
  })

  it('keep their place when they are added again', () => {
    for (const key of ['a1', 'a2', 'a1']) turns.add(key, 'a')
    expect(takeAll()).toEqual(['a1', 'a2'])
  })

  it('are left out when they are deleted, first, last, in between or alone', () => {
    for (const key of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1']) turns.add(key, key.charAt(0))
    for (const key of ['a1', 'a3', 'a4', 'b1']) expect(turns.delete(key)).toBe(true)
    expect(turns.delete('b1')).toBe(false)
    expect([turns.has('b1'), turns.has('c1')]).toEqual([false, true])
    expect(takeAll()).toEqual(['a2', 'c1'])
  })

  it('are none when they are cleared', () => {
    for (const key of ['a1', 'a2', 'b1']) turns.add(key, key.charAt(0))
    turns.clear()
    expect(turns.size).toBe(0)
    turns.add('b2', 'b')
    expect(takeAll()).toEqual(['b2'])
  })

  it('wait for one key of each other group at most, whatever was added, taken and deleted before', () => {
    const key = fc.constantFrom('a1', 'a2', 'a3', 'b1', 'b2', 'c1')
    const deed = fc.oneof(
      key.map((it) => () => turns.add(it, it.charAt(0))),
      key.map((it) => () => void turns.delete(it)),
      fc.constant(() => void turns.take()),
    )
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 40 }), (deeds) => {
        turns = new KeyTurns()
        for (const each of deeds) each()
        const { size } = turns
        turns.add('z1', 'z')
        const keys = takeAll()
        expect(keys).toHaveLength(size + 1)
        expect(new Set(keys).size).toBe(size + 1)
        const before = keys.slice(0, keys.indexOf('z1')).map((it) => it.charAt(0))
        expect(new Set(before).size).toBe(before.length)
      }),
    )
  })
})
