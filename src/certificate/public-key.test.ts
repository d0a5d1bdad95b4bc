import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createLeaf } from '../../test/fixtures/certificates.ts'
import {
  objectIdentifier,
  publicKeyInfo,
  rawCertificate,
  rsaPublicKey,
  sequence,
} from '../../test/fixtures/hostile-certificates.ts'
import { publicKeyProblem, readPublicKey, verificationCost } from './public-key.ts'

const ofRsa = (modulusBits: number, exponentBits: number) =>
  readPublicKey(rawCertificate({ subject: 'a', publicKey: rsaPublicKey(modulusBits, exponentBits) }))

describe('readPublicKey', () => {
  it.each([
    ['rsa', { kind: 'rsa', modulusBits: 2_048, exponentBits: 17 }],
    ['ecdsa', { kind: 'other', algorithm: '2a8648ce3d030107' }],
    ['ed25519', { kind: 'other', algorithm: '2b6570' }],
  ] as const)('finds the %s key of a real certificate', async (keyType, key) => {
    const leaf = await createLeaf({ commonName: 'a.example.com', keyType })
    expect(readPublicKey(leaf.der)).toEqual(key)
  })

  it('counts the bits of RSA numbers', () => {
    for (const [modulusBits, exponentBits] of [
      [8_192, 32],
      [8_193, 33],
      [3_071, 2],
    ] as const) {
      expect(ofRsa(modulusBits, exponentBits)).toEqual({ kind: 'rsa', modulusBits, exponentBits })
    }
  })

  it('finds RSA-PSS keys as it finds RSA keys', () => {
    const { publicKey } = generateKeyPairSync('rsa-pss', { modulusLength: 1_024 })
    const der = rawCertificate({
      subject: 'a',
      publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    })
    expect(readPublicKey(der)).toEqual({ kind: 'rsa', modulusBits: 1_024, exponentBits: 17 })
  })

  it('gives nothing for what is cut, empty or no certificate, wherever it is cut', async () => {
    const { der } = await createLeaf({ commonName: 'a.example.com', keyType: 'rsa' })
    for (let length = 0; length < der.length; length++) {
      expect(readPublicKey(der.subarray(0, length))).toBeUndefined()
    }
    expect(readPublicKey(Buffer.from('30800000', 'hex'))).toBeUndefined()
    expect(readPublicKey(Buffer.alloc(1_000, 0x30))).toBeUndefined()
  })
})

describe('publicKeyProblem', () => {
  it('refuses RSA keys above the bounds, and nothing else', () => {
    const problem = (modulusBits: number, exponentBits: number) => {
      const key = ofRsa(modulusBits, exponentBits)
      return key && publicKeyProblem(key)
    }
    expect(problem(8_192, 32)).toBeUndefined()
    expect(problem(8_193, 17)).toContain('8193 bits')
    expect(problem(2_048, 33)).toContain('exponent has 33 bits')
    expect(publicKeyProblem({ kind: 'other', algorithm: '00' })).toBeUndefined()
  })
})

describe('verificationCost', () => {
  it('grows with an RSA key, and is infinite above the bounds', () => {
    const [small, large, largest] = [ofRsa(2_048, 17), ofRsa(4_096, 17), ofRsa(8_192, 32)].map(
      verificationCost,
    )
    expect([small, large].every((cost) => cost && cost < 10)).toBe(true)
    expect(largest).toBeGreaterThan(large as number)
    expect(verificationCost(ofRsa(8_193, 17))).toBe(Number.POSITIVE_INFINITY)
  })

  it('is infinite for algorithms that nobody measured', () => {
    const dsa = publicKeyInfo(sequence(objectIdentifier('2a8648ce380401')), Buffer.alloc(9))
    expect(verificationCost(readPublicKey(rawCertificate({ subject: 'a', publicKey: dsa })))).toBe(
      Number.POSITIVE_INFINITY,
    )
    expect(verificationCost(undefined)).toBe(Number.POSITIVE_INFINITY)
  })
})
