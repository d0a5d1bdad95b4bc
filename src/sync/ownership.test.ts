import { describe, expect, it } from 'vitest'
import { copySuffix, isOwnershipTag, ownershipTags } from './ownership.ts'

const owner = { cluster: 'test', namespace: 'web', name: 'site' }
const chain = `SVR:${'a'.repeat(64)}`
const otherChain = `SVR:${'b'.repeat(64)}`

describe('ownership tags', () => {
  it('name cluster and Secret', () => {
    expect(ownershipTags(owner)).toEqual([
      { key: 'cert-sync/cluster', value: 'test' },
      { key: 'cert-sync/secret', value: 'web/site' },
    ])
  })

  it('use none of the reserved words', () => {
    for (const { key } of ownershipTags(owner)) expect(key).not.toMatch(/qcloud|tencent|project/i)
  })

  it('are recognised, and no others', () => {
    for (const { key } of ownershipTags(owner)) expect(isOwnershipTag(key)).toBe(true)
    expect(isOwnershipTag('team')).toBe(false)
  })
})

describe('the suffix of a copy', () => {
  it('is short and the same every time', () => {
    expect(copySuffix(owner, chain, false)).toMatch(/^[0-9a-f]{16}$/)
    expect(copySuffix(owner, chain, false)).toBe(copySuffix({ ...owner }, chain, false))
  })

  it('differs by chain and by cluster', () => {
    const suffixes = [
      copySuffix(owner, chain, false),
      copySuffix(owner, otherChain, false),
      copySuffix({ ...owner, cluster: 'other' }, chain, false),
    ]
    expect(new Set(suffixes).size).toBe(3)
  })

  it('is shared by all Secrets of the cluster that hold the chain', () => {
    expect(copySuffix({ ...owner, name: 'other' }, chain, false)).toBe(copySuffix(owner, chain, false))
  })

  it("is a Secret's own where it wants a copy of its own, however the names are cut", () => {
    const suffixes = [
      copySuffix(owner, chain, false),
      copySuffix(owner, chain, true),
      copySuffix({ ...owner, name: 'other' }, chain, true),
      copySuffix({ ...owner, namespace: 'web/si', name: 'te' }, chain, true),
    ]
    expect(new Set(suffixes).size).toBe(4)
  })
})
