import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import {
  createAuthority,
  createLeaf,
  crossSign,
  type TestCertificate,
} from '../../test/fixtures/certificates.ts'
import { findLeaf, orderChain } from './chain.ts'

let root: TestCertificate
let otherRoot: TestCertificate
let intermediate: TestCertificate
let crossed: TestCertificate
let leaf: TestCertificate
let stranger: TestCertificate

beforeAll(async () => {
  root = await createAuthority({ name: 'Root' })
  otherRoot = await createAuthority({ name: 'Other root', keyType: 'rsa' })
  intermediate = await createAuthority({ name: 'Intermediate', issuer: root })
  crossed = await crossSign(intermediate, otherRoot)
  leaf = await createLeaf({ commonName: 'a.example.com', issuer: intermediate })
  stranger = await createAuthority({ name: 'Stranger' })
})

describe('orderChain', () => {
  it('puts a chain in order, whatever order it came in', () => {
    for (const shuffled of permutations([leaf, intermediate, root])) {
      expect(order(shuffled)).toEqual(names([leaf, intermediate, root]))
    }
  })

  it('takes the path of a cross-signed bundle that reaches a root, and appends the rest', () => {
    expect(order([leaf, intermediate, crossed, root])).toEqual(names([leaf, intermediate, root, crossed]))
    expect(order([leaf, crossed, intermediate, root])).toEqual(names([leaf, intermediate, root, crossed]))
    expect(order([leaf, crossed, intermediate, otherRoot])).toEqual(
      names([leaf, crossed, otherRoot, intermediate]),
    )
  })

  it('goes as far as it can without a root, and keeps the order of what does not belong', () => {
    expect(order([stranger, crossed, leaf, intermediate])).toEqual(
      names([leaf, crossed, stranger, intermediate]),
    )
    expect(order([stranger, leaf, otherRoot])).toEqual(names([leaf, stranger, otherRoot]))
  })

  it('comes to an end where roots have signed each other', async () => {
    const rootByOther = await crossSign(root, otherRoot)
    const otherByRoot = await crossSign(otherRoot, root)
    const ordered = order([otherByRoot, rootByOther, intermediate, leaf])
    expect(ordered).toEqual(names([leaf, intermediate, rootByOther, otherByRoot]))
  })

  it('tells a renewed authority from its namesake by signature when there are no key identifiers', async () => {
    const common = { name: 'Namesake', withoutKeyIdentifiers: true }
    const [old, renewed] = [await createAuthority(common), await createAuthority(common)]
    const issued = await createLeaf({
      commonName: 'b.example.com',
      issuer: renewed,
      withoutKeyIdentifiers: true,
    })
    expect(order([issued, old, renewed], issued)).toEqual(names([issued, renewed, old]))
    expect(order([issued, renewed, old], issued)).toEqual(names([issued, renewed, old]))
  })

  it('verifies a bounded number of signatures in a bundle of nothing but namesakes', async () => {
    const chain: TestCertificate[] = [stranger]
    for (let count = 0; count < 100; count++) {
      const [name, issuer] = [count % 2 === 0 ? 'Even' : 'Odd', chain[0] ?? stranger]
      chain.unshift(await createAuthority({ name, issuer, withoutKeyIdentifiers: true }))
    }
    const issued = await createLeaf({ commonName: 'c.example.com', issuer: chain[0] ?? stranger })
    const verify = vi.spyOn(X509Certificate.prototype, 'verify')
    expect(order([issued, ...chain], issued)).toHaveLength(102)
    expect(verify.mock.calls.length).toBeLessThanOrEqual(64)
    verify.mockRestore()
  })
})

describe('findLeaf', () => {
  it('is the certificate of the key, before a CA certificate with the same key', async () => {
    const twin = await createAuthority({ name: 'Twin', key: leaf.key })
    const other = await createLeaf({ commonName: 'other.example.com' })
    expect(find([root, other, twin, leaf], leaf)).toBe(leaf.fingerprint)
    expect(find([root, other, twin], leaf)).toBe(twin.fingerprint)
  })

  it('is the first that is not a CA where no key helps, else the first', () => {
    expect(find([root, leaf, intermediate], stranger)).toBe(leaf.fingerprint)
    expect(find([intermediate, root], stranger)).toBe(intermediate.fingerprint)
    expect(find([], stranger)).toBeUndefined()
  })
})

function order(certificates: readonly TestCertificate[], from = leaf): string[] {
  const input = certificates.map((each) => each.certificate)
  return orderChain(input, from.certificate).map((each) => each.fingerprint256)
}

function find(certificates: readonly TestCertificate[], { key }: TestCertificate): string | undefined {
  const input = certificates.map((each) => each.certificate)
  const found = findLeaf(input, (each) => each.checkPrivateKey(key))
  return certificates.find((each) => each.certificate === found)?.fingerprint
}

function names(certificates: readonly TestCertificate[]): string[] {
  return certificates.map((each) => each.certificate.fingerprint256)
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  )
}
