import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { statusKeys, statusPrefix } from '../../contract/annotation-keys.ts'
import { statusPatch } from './status-patch.ts'

describe('a patch', () => {
  const phase = statusKeys.phase
  const reason = statusKeys.reason

  it('names differences alone, and removes with null', () => {
    const now = { [phase]: 'Failed', [reason]: 'QuotaExceeded', [statusKeys.intent]: 'x', other: 'y' }
    expect(
      statusPatch(now, { [phase]: 'Synced', [reason]: 'QuotaExceeded', [statusKeys.intent]: null }),
    ).toEqual({
      [phase]: 'Synced',
      [statusKeys.intent]: null,
    })
  })

  it('is none where nothing differs', () => {
    expect(
      statusPatch({ [phase]: 'Synced' }, { [phase]: 'Synced', [statusKeys.intent]: null }),
    ).toBeUndefined()
    expect(statusPatch({}, {})).toBeUndefined()
  })

  it('overwrites a value that counts as absent', () => {
    expect(statusPatch({ [phase]: '' }, { [phase]: null })).toEqual({ [phase]: null })
  })

  it('has status keys only, whatever changes, and leads to what was wanted', () => {
    const names = fc.constantFrom(...Object.values(statusKeys))
    const values = fc.option(fc.string({ maxLength: 5 }))
    const annotations = fc.dictionary(
      fc.oneof(fc.constantFrom(...Object.values(statusKeys)), fc.string()),
      fc.string({ maxLength: 5 }),
    )
    fc.assert(
      fc.property(annotations, fc.dictionary(names, values), (given, change) => {
        const patch = statusPatch(given, change) ?? {}
        for (const key of Object.keys(patch)) expect(key.startsWith(statusPrefix)).toBe(true)
        const after = Object.entries({ ...given, ...patch }).filter(([, value]) => value !== null)
        expect(statusPatch(Object.fromEntries(after) as Record<string, string>, change)).toBeUndefined()
      }),
    )
  })
})
