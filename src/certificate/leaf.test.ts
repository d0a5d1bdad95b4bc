import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createAuthority, createLeaf, type LeafOptions } from '../../test/fixtures/certificates.ts'
import { describeLeaf, type Leaf, readValidity } from './leaf.ts'

describe('describeLeaf', () => {
  it('gives names, validity and whether it is a CA certificate', async () => {
    const issuer = await createAuthority({ name: 'Example, Inc.' })
    const notBefore = new Date('2026-01-02T03:04:05Z')
    const notAfter = new Date('2026-04-02T03:04:05Z')
    const dnsNames = ['b.example.com', '*.example.com']
    const leaf = await createLeaf({ issuer, commonName: 'a.example.com', dnsNames, notBefore, notAfter })
    expect(described(leaf.certificate)).toEqual({
      fingerprint: leaf.fingerprint,
      notBefore: notBefore.getTime(),
      notAfter: notAfter.getTime(),
      domain: 'a.example.com',
      issuerCommonName: 'Example, Inc.',
      authority: false,
    })
    expect(described(issuer.certificate).authority).toBe(true)
  })

  it('takes the first DNS name for the domain when there is no common name', async () => {
    expect(await leafOf({ commonName: '', dnsNames: ['b.example.com', 'c.example.com'] })).toMatchObject({
      domain: 'b.example.com',
    })
    expect(await leafOf({ commonName: '' })).toMatchObject({ domain: '' })
  })

  it.each(['a + b', 'x, O=y', 'q"u\\o;<>', ' blanks ', '#hash', '+CN=z', 'münchen 证书'])(
    'reads the common name %j as it was written',
    async (commonName) => {
      expect((await leafOf({ commonName, dnsNames: [] })).domain).toBe(commonName.trim())
    },
  )

  it('lets no value pass for another name, line or attribute', async () => {
    expect(await leafOf({ commonName: 'one\nCN=two' })).toMatchObject({ domain: 'one CN=two' })
    const dnsNames = ['a, DNS:evil.example.com']
    expect(await leafOf({ commonName: '', dnsNames })).toMatchObject({ domain: 'a, DNS:evil.example.com' })
  })

  it('cuts a domain that is too long for a name', async () => {
    const commonName = 'x'.repeat(1000)
    expect((await leafOf({ commonName, dnsNames: [] })).domain).toBe('x'.repeat(256))
    expect((await leafOf({ commonName: '', dnsNames: [commonName] })).domain).toBe('x'.repeat(256))
  })

  it('survives a public key that does not decode', async () => {
    const leaf = await createLeaf({ commonName: 'a.example.com' })
    // The point of an EC key begins with 4, 2 or 3.
    const point = leaf.der.indexOf('034200', 'hex') + 3
    const broken = new X509Certificate(leaf.der.with(point, 5))
    expect(() => broken.publicKey).toThrow()
    expect(described(broken)).toMatchObject({ domain: 'a.example.com' })
  })

  it('gives no validity where a date is not valid', async () => {
    const leaf = await createLeaf({ commonName: 'a.example.com', notAfter: new Date('2031-01-01T00:00:00Z') })
    const month = leaf.der.indexOf('310101000000Z', 'latin1') + 2
    expect(readValidity(leaf.certificate)).toBeDefined()
    expect(readValidity(new X509Certificate(leaf.der.with(month, 0x39)))).toBeUndefined()
  })
})

async function leafOf(options: LeafOptions) {
  return described((await createLeaf(options)).certificate)
}

function described(certificate: X509Certificate): Leaf {
  const validity = readValidity(certificate)
  if (validity === undefined) throw new Error('no validity')
  return describeLeaf(certificate, validity)
}
