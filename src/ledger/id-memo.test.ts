import { beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, type ManualClock } from '../../test/fakes/manual-clock.ts'
import { IdMemo } from './id-memo.ts'

const hour = 3_600_000
const memo = (certificateId: string) => ({ certificateId, existed: false, by: 'web/site', settings: 'v1:x' })

let clock: ManualClock

beforeEach(() => {
  clock = createManualClock()
})

describe('a remembered id', () => {
  it('is known until it is deleted', () => {
    const ids = new IdMemo(clock)
    ids.set('one', memo('id-1'))
    expect(ids.get('one')).toEqual(memo('id-1'))
    expect(ids.get('two')).toBeUndefined()
    ids.delete('one')
    expect(ids.get('one')).toBeUndefined()
  })

  it('is the one that was set last', () => {
    const ids = new IdMemo(clock)
    ids.set('one', memo('id-1'))
    ids.set('one', memo('id-2'))
    expect(ids.get('one')?.certificateId).toBe('id-2')
  })

  it('is forgotten a day after its last use', async () => {
    const ids = new IdMemo(clock)
    ids.set('used', memo('id-1'))
    ids.set('unused', memo('id-2'))
    await clock.advance(20 * hour)
    expect(ids.get('used')).toBeDefined()
    await clock.advance(5 * hour)
    expect(ids.get('used')).toBeDefined()
    expect(ids.get('unused')).toBeUndefined()
  })

  it('makes room for others: what was used longest ago goes first', () => {
    const ids = new IdMemo(clock, 3)
    for (const chain of ['one', 'two', 'three']) ids.set(chain, memo(chain))
    ids.get('one')
    ids.set('four', memo('four'))
    expect(['one', 'two', 'three', 'four'].map((it) => ids.get(it)?.certificateId)).toEqual([
      'one',
      undefined,
      'three',
      'four',
    ])
  })
})
