import { readCertificateBody } from './certificate-body.ts'
import { bitLength, contentHex, type DerElement, derTags, readElement, readSequence } from './der.ts'
import { ecProblems, pointProblem, readCurve } from './elliptic-curve.ts'
import { keyAlgorithm } from './key-algorithm.ts'
import { type RsaSize, rsaProblem } from './rsa-key.ts'

/** What a certificate's public key is, as far as its use costs time. */
export type PublicKey =
  | ({ readonly kind: 'rsa' } & RsaSize)
  /** `algorithm`: the DER of the algorithm's object identifier, for EC that of the curve, as hex. */
  | { readonly kind: 'other'; readonly algorithm: string }
  /** OpenSSL must not see it. `detail`: why, a clause for people that begins with "has". */
  | { readonly kind: 'unsupported'; readonly detail: string }

/**
 * Finds the public key in a certificate's DER without decoding it by OpenSSL. Undefined where the bytes are not DER or
 * not a certificate.
 */
export function readPublicKey(der: Buffer): PublicKey | undefined {
  const [identifier, bits] = readSequence(der, readCertificateBody(der)?.publicKey, 2) ?? []
  const [algorithm, parameters] = readSequence(der, identifier, 2) ?? []
  if (algorithm?.tag !== derTags.oid || bits?.tag !== derTags.bitString) return undefined
  const name = contentHex(der, algorithm)
  switch (keyAlgorithm(name)) {
    case 'rsa':
      return readRsa(der, bits)
    case 'ec':
      return readEc(der, parameters, bits)
    case 'bounded':
      return { kind: 'other', algorithm: name }
    case undefined:
      return unsupported('has a key of an algorithm that is not supported')
  }
}

/** Why a key is not used, a clause for people, or undefined. */
export function publicKeyProblem(key: PublicKey): string | undefined {
  if (key.kind === 'unsupported') return key.detail
  return key.kind === 'rsa' ? rsaProblem(key) : undefined
}

/** Measured with OpenSSL 3.5, in tenths of a millisecond, rounded up. */
const costs: Readonly<Record<string, number>> = {
  '2a8648ce3d030107': 2, // P-256
  '2b81040022': 20, // P-384
  '2b81040023': 40, // P-521
  '2b6570': 2, // Ed25519
  '2b6571': 6, // Ed448
  '608648016503040311': 3, // ML-DSA-44
  '608648016503040312': 3, // ML-DSA-65
  '608648016503040313': 4, // ML-DSA-87
}

/**
 * About how many tenths of a millisecond one verification with this key takes. The same key always costs the same, so
 * that what depends on it does not depend on the machine. Infinite for what is not worth a verification: rare curves,
 * and algorithms that nobody measured.
 */
export function verificationCost(key: PublicKey | undefined): number {
  if (key === undefined || key.kind === 'unsupported' || publicKeyProblem(key) !== undefined) {
    return Number.POSITIVE_INFINITY
  }
  if (key.kind === 'other') return costs[key.algorithm] ?? Number.POSITIVE_INFINITY
  return Math.max(1, (key.modulusBits / 2_048) ** 2 * (key.exponentBits / 17))
}

function readRsa(der: Buffer, bits: DerElement): PublicKey {
  // The first byte of a bit string says how many bits of the last are unused.
  const [modulus, exponent] = readSequence(der, readElement(der, bits.start + 1, bits.end), 2) ?? []
  if (modulus?.tag !== derTags.integer || exponent?.tag !== derTags.integer) {
    return unsupported('has an RSA key that cannot be read')
  }
  return { kind: 'rsa', modulusBits: bitLength(der, modulus), exponentBits: bitLength(der, exponent) }
}

function readEc(der: Buffer, parameters: DerElement | undefined, bits: DerElement): PublicKey {
  const curve = readCurve(der, parameters)
  if (typeof curve === 'string') return unsupported(ecProblems[curve])
  const problem = pointProblem(der, bits, curve)
  if (problem !== undefined) return unsupported(ecProblems[problem])
  return { kind: 'other', algorithm: curve.identifier }
}

function unsupported(detail: string): PublicKey {
  return { kind: 'unsupported', detail }
}
