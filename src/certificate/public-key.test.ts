import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createLeaf } from '../../test/fixtures/certificates.ts'
import {
  nothing,
  objectIdentifier,
  publicKeyInfo,
  rawCertificate,
  rsaPublicKey,
  sequence,
} from '../../test/fixtures/hostile-certificates.ts'
import { publicKeyProblem, readPublicKey, verificationCost } from './public-key.ts'

const ofRsa = (modulusBits: number, exponentBits: number) =>
  readPublicKey(rawCertificate({ subject: 'a', publicKey: rsaPublicKey(modulusBits, exponentBits) }))

const problemOf = (publicKey: Buffer) => {
  const key = readPublicKey(rawCertificate({ subject: 'a', publicKey }))
  return key && publicKeyProblem(key)
}

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

  it.each([
    'P-224',
    'P-256',
    'P-384',
    'P-521',
    'SM2',
    'brainpoolP256r1',
    'brainpoolP384r1',
    'brainpoolP512r1',
  ])('takes EC keys that name the curve %s', (namedCurve) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve })
    expect(problemOf(publicKey.export({ type: 'spki', format: 'der' }))).toBeUndefined()
  })

  it.each(['ed25519', 'ed448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const)('takes %s keys', (type) => {
    const { publicKey } = generateKeyPairSync(type as 'ed25519')
    expect(problemOf(publicKey.export({ type: 'spki', format: 'der' }))).toBeUndefined()
  })

  it('refuses EC keys unless they name a listed curve and have an uncompressed point on it', () => {
    const named = objectIdentifier('2a8648ce3d030107')
    const ec = (parameters: Buffer, ...point: number[]) =>
      problemOf(publicKeyInfo(sequence(objectIdentifier('2a8648ce3d0201'), parameters), Buffer.from(point)))
    const coordinates = (bytes: number) => Array.from({ length: bytes }, () => 1)
    expect(ec(named, 4, ...coordinates(64))).toBeUndefined()
    expect(ec(named, 4, ...coordinates(63))).toContain('not one of its curve')
    expect(ec(named, 4, ...coordinates(65))).toContain('not one of its curve')
    expect(ec(named, 6, ...coordinates(64))).toContain('not one of its curve')
    expect(ec(named, 2, ...coordinates(32))).toContain('compressed')
    expect(ec(named, 3, ...coordinates(32))).toContain('compressed')
    expect(ec(objectIdentifier('2b81040027'), 4, ...coordinates(64))).toContain('not supported')
    expect(ec(sequence(named), 4, ...coordinates(64))).toContain('spelled out')
    expect(ec(nothing, 4, ...coordinates(64))).toContain('names no curve')
    expect(ec(Buffer.alloc(0), 4, ...coordinates(64))).toContain('names no curve')
  })

  it('refuses keys that OpenSSL alone could read, and RSA keys that it could not', () => {
    const dsa = publicKeyInfo(sequence(objectIdentifier('2a8648ce380401')), Buffer.alloc(9))
    expect(problemOf(dsa)).toContain('an algorithm that is not supported')
    const x25519 = generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' })
    expect(problemOf(x25519)).toContain('an algorithm that is not supported')
    const rsa = publicKeyInfo(sequence(objectIdentifier('2a864886f70d010101'), nothing), Buffer.alloc(9))
    expect(problemOf(rsa)).toContain('an RSA key that cannot be read')
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
