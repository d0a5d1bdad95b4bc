import { expect, test } from 'vitest'
import { chainTagKey, chainTagOf } from './chain-tag.ts'

const hash = 'ab'.repeat(32)
const tag = (TagValue: string, TagKey = chainTagKey) => [
  { TagKey: 'cert-sync/cluster', TagValue: 'test' },
  { TagKey, TagValue },
]

test('is read in its form', () => {
  for (const type of ['SVR', 'CA']) {
    expect(chainTagOf(tag(`${type}:${hash}:1767225600`))).toEqual({
      chainFingerprint: `${type}:${hash}`,
      notBefore: 1_767_225_600,
    })
  }
})

test.each([
  ['', chainTagKey],
  [`SVR:${hash}`, chainTagKey],
  [`SVR:${hash}:`, chainTagKey],
  [`SVR:${hash}:-1`, chainTagKey],
  [`XXX:${hash}:1`, chainTagKey],
  [`SVR:${hash.toUpperCase()}:1`, chainTagKey],
  [`SVR:${hash.slice(1)}:1`, chainTagKey],
  [`SVR:${hash}:1`, 'cert-sync/chains'],
])('%j as %s is none', (value, key) => {
  expect(chainTagOf(tag(value, key))).toBeUndefined()
  expect(chainTagOf()).toBeUndefined()
})
