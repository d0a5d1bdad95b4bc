import { describe, expect, test } from 'vitest'
import { bundle, createLeaf } from '../fixtures/certificates.ts'
import { parseChain, parsePrivateKey } from './pem.ts'
import { testLeaf, testRoot } from './testing/material.ts'

const parseError = expect.objectContaining({ code: 'FailedOperation.CertificateParseError' })

describe('parseChain', () => {
  test('reads the certificates in the order given, with either line end, with or without a last one', async () => {
    const leaf = await testLeaf()
    const root = await testRoot()
    const pem = bundle(leaf, root)
    for (const variant of [pem, pem.trimEnd(), pem.replaceAll('\n', '\r\n')]) {
      expect(parseChain(variant).map((each) => each.raw)).toEqual([leaf.der, root.der])
    }
  })

  test.each<[string, (pem: string) => string]>([
    ['nothing', () => ''],
    ['no PEM', () => 'certificate'],
    ['a leading blank line', (pem) => `\n${pem}`],
    ['a trailing blank line', (pem) => `${pem}\n`],
    ['a trailing blank', (pem) => `${pem.trimEnd()} `],
    ['a blank at the end of a line', (pem) => pem.replace('CERTIFICATE-----\n', 'CERTIFICATE----- \n')],
    ['text before a block', (pem) => `subject=CN = a\n${pem}`],
    ['text between blocks', (pem) => `${pem}issuer=CN = b\n${pem}`],
    ['a block with one long line', (pem) => pem.replace(/([A-Za-z0-9+/=]{64})\n(?!-)/g, '$1')],
    ['a truncated block', (pem) => pem.slice(0, pem.length / 2)],
    ['base64 that is no certificate', () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
    ['another label', (pem) => pem.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE')],
  ])('refuses %s', async (_what, change) => {
    const { certificatePem } = await testLeaf()
    expect(() => parseChain(change(certificatePem))).toThrow(parseError)
  })

  test('refuses bytes after the certificate inside a block', async () => {
    const { der } = await testLeaf()
    const body = Buffer.concat([der, Buffer.from([0])])
      .toString('base64')
      .replaceAll(/(.{64})/g, '$1\n')
    const pem = `-----BEGIN CERTIFICATE-----\n${body.trimEnd()}\n-----END CERTIFICATE-----\n`
    expect(() => parseChain(pem)).toThrow(parseError)
  })

  test('names an SM2 certificate', async () => {
    const { der } = await testLeaf()
    // Same length: the object identifier of P-256 becomes the one of SM2.
    const hex = der.toString('hex').replace('06082a8648ce3d030107', '06082a811ccf5501822d')
    const body = Buffer.from(hex, 'hex')
      .toString('base64')
      .replaceAll(/(.{64})/g, '$1\n')
      .trimEnd()
    expect(() => parseChain(`-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`)).toThrow(
      expect.objectContaining({ code: 'FailedOperation.CertificateEncryptInvalid' }),
    )
  })
})

describe('parsePrivateKey', () => {
  test('reads PKCS#8, PKCS#1 and SEC1', async () => {
    const rsa = await createLeaf({ commonName: 'rsa.example.com', keyType: 'rsa' })
    const ecdsa = await createLeaf({ commonName: 'ec.example.com', keyType: 'ecdsa' })
    for (const { certificate, keyPem, keyPemTraditional } of [rsa, ecdsa]) {
      for (const pem of [keyPem, keyPemTraditional, keyPem.trimEnd()]) {
        expect(certificate.checkPrivateKey(parsePrivateKey(pem))).toBe(true)
      }
    }
  })

  test('reads an encrypted key only with its password', async () => {
    const leaf = await testLeaf()
    for (const pem of [leaf.encryptedKeyPem('right'), leaf.encryptedKeyPemTraditional('right')]) {
      expect(leaf.certificate.checkPrivateKey(parsePrivateKey(pem, 'right'))).toBe(true)
      expect(() => parsePrivateKey(pem, 'wrong')).toThrow(parseError)
      expect(() => parsePrivateKey(pem)).toThrow(parseError)
    }
  })

  test('refuses stray blanks, a certificate and two keys, and says nothing of what it read', async () => {
    const { keyPem, certificatePem } = await testLeaf()
    for (const pem of [
      '',
      `\n${keyPem}`,
      `${keyPem}\n`,
      keyPem + keyPem,
      certificatePem,
      keyPem.slice(0, 100),
    ]) {
      expect(() => parsePrivateKey(pem)).toThrow(parseError)
      expect(() => parsePrivateKey(pem)).not.toThrow(/BEGIN|MIG/)
    }
  })
})
