import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createAuthority, createLeaf, type LeafOptions } from '../../test/fixtures/certificates.ts'
import { describeLeaf } from './leaf.ts'

describe('describeLeaf', () => {
  it('tells names, validity, issuer, serial number and key type', async () => {
    const issuer = await createAuthority({ name: 'Example, Inc.' })
    const notBefore = new Date('2026-01-02T03:04:05Z')
    const notAfter = new Date('2026-04-02T03:04:05Z')
    const dnsNames = ['a.example.com', '*.example.com']
    const leaf = await createLeaf({ issuer, commonName: 'a.example.com', dnsNames, notBefore, notAfter })
    expect(describeLeaf(leaf.certificate)).toEqual({
      fingerprint: leaf.fingerprint,
      notBefore: notBefore.getTime(),
      notAfter: notAfter.getTime(),
      domain: 'a.example.com',
      dnsNames,
      issuer: 'CN=Example\\, Inc.',
      issuerCommonName: 'Example, Inc.',
      serialNumber: leaf.certificate.serialNumber,
      keyType: 'ec-prime256v1',
      authority: false,
    })
    expect(describeLeaf(issuer.certificate).authority).toBe(true)
  })

  it.each([
    ['rsa', 'rsa-2048'],
    ['ed25519', 'ed25519'],
  ] as const)('tells that an %s key is %s', async (keyType, told) => {
    const { certificate } = await createLeaf({ commonName: 'a.example.com', keyType })
    expect(describeLeaf(certificate).keyType).toBe(told)
  })

  it('takes the first DNS name for the domain when there is no common name', async () => {
    expect(await leafOf({ commonName: '', dnsNames: ['b.example.com', 'c.example.com'] })).toMatchObject({
      domain: 'b.example.com',
    })
    expect(await leafOf({ commonName: '' })).toMatchObject({ domain: '', dnsNames: [] })
  })

  it.each(['a + b', 'x, O=y', 'q"u\\o;<>', ' blanks ', '#hash', '+CN=z', 'münchen 证书'])(
    'reads the common name %j as it was written',
    async (commonName) => {
      expect((await leafOf({ commonName, dnsNames: [] })).domain).toBe(commonName.trim())
    },
  )

  it('lets no value pass for another name, line or attribute', async () => {
    const told = await leafOf({ commonName: 'one\nCN=two', dnsNames: ['a, DNS:evil.example.com'] })
    expect(told).toMatchObject({ domain: 'one CN=two', dnsNames: ['a, DNS:evil.example.com'] })
  })

  it('cuts a domain that is too long for a name', async () => {
    const commonName = 'x'.repeat(1000)
    expect((await leafOf({ commonName, dnsNames: [] })).domain).toBe('x'.repeat(256))
  })

  it('survives a public key that does not decode', async () => {
    const leaf = await createLeaf({ commonName: 'a.example.com' })
    // The point of an EC key begins with 4, 2 or 3.
    const point = leaf.der.indexOf('034200', 'hex') + 3
    const broken = new X509Certificate(leaf.der.with(point, 5))
    expect(() => broken.publicKey).toThrow()
    expect(describeLeaf(broken)).toMatchObject({ domain: 'a.example.com', keyType: 'unknown' })
  })

  it('refuses a validity that is no time', async () => {
    const leaf = await createLeaf({ commonName: 'a.example.com', notAfter: new Date('2031-01-01T00:00:00Z') })
    const month = leaf.der.indexOf('310101000000Z', 'latin1') + 2
    expect(() => describeLeaf(new X509Certificate(leaf.der.with(month, 0x39)))).toThrow('validity')
  })
})

async function leafOf(options: LeafOptions) {
  return describeLeaf((await createLeaf(options)).certificate)
}
