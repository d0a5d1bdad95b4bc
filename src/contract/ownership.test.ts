import { describe, expect, it } from 'vitest'
import { chainTag, copySuffix, isOwnershipTag, ownerTags, readOwnership } from './ownership.ts'

const owner = { cluster: 'test', namespace: 'web', name: 'site' }
const chain = `SVR:${'a'.repeat(64)}`
const otherChain = `SVR:${'b'.repeat(64)}`

describe('ownership tags', () => {
  it('name cluster and Secret', () => {
    expect(ownerTags(owner)).toEqual([
      { key: 'cert-sync/cluster', value: 'test' },
      { key: 'cert-sync/secret', value: 'web/site' },
    ])
  })

  it('fit into a tag however long the names are, and still differ', () => {
    const longest = { cluster: 'c'.repeat(63), namespace: 'n'.repeat(63), name: 's'.repeat(253) }
    const owners = [longest, { ...longest, name: `${'s'.repeat(252)}t` }]
    for (const { value } of owners.flatMap(ownerTags)) expect(value.length).toBeLessThanOrEqual(255)
    const secrets = owners.map((each) => ownerTags(each)[1]?.value)
    expect(new Set(secrets).size).toBe(2)
    expect(secrets[0]).toMatch(/^n{63}\/s+-[0-9a-f]{16}$/)
  })

  it('hold the whole name as long as it fits', () => {
    const names = { ...owner, namespace: 'n'.repeat(63), name: 's'.repeat(191) }
    expect(ownerTags(names)[1]?.value).toBe(`${names.namespace}/${names.name}`)
  })

  it('use none of the reserved words', () => {
    const all = [...ownerTags(owner), chainTag({ chainFingerprint: chain, notBefore: 0 })]
    for (const { key } of all) expect(key).not.toMatch(/qcloud|tencent|project/i)
  })

  it('are recognised, and no others', () => {
    for (const { key } of ownerTags(owner)) expect(isOwnershipTag(key)).toBe(true)
    expect(isOwnershipTag('team')).toBe(false)
  })
})

describe('the tag of a chain', () => {
  it('says which chain it is, of which type, and when its leaf begins', () => {
    const tag = chainTag({ chainFingerprint: chain, notBefore: 1_700_000_000_999 })
    expect(tag).toEqual({ key: 'cert-sync/chain', value: `${chain}:1700000000` })
    expect(readOwnership([...ownerTags(owner), tag])).toEqual({
      cluster: 'test',
      secret: 'web/site',
      chain,
      notBefore: 1_700_000_000,
      untagged: false,
    })
  })

  it.each(['', chain, `${chain}:`, `${chain}:1x`, `svr:${'a'.repeat(64)}:1`, `SVR:${'a'.repeat(63)}:1`])(
    'proves nothing where it is not well-formed: %j',
    (value) => {
      expect(readOwnership([{ key: 'cert-sync/chain', value }]).chain).toBeUndefined()
    },
  )

  it('differs from a certificate without any tag', () => {
    expect(readOwnership([]).untagged).toBe(true)
    expect(readOwnership([{ key: 'team', value: 'web' }]).untagged).toBe(false)
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
