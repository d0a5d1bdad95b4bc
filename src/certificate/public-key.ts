import { type DerElement, derTags, readElement, readSequence } from './der.ts'

/** What a certificate's public key is, as far as its use costs time. */
export type PublicKey =
  | { readonly kind: 'rsa'; readonly modulusBits: number; readonly exponentBits: number }
  /** `algorithm`: the DER of the algorithm's object identifier, for EC that of the curve, as hex. */
  | { readonly kind: 'other'; readonly algorithm: string }

/** The largest RSA keys that are read. OpenSSL raises to exponents of any size: milliseconds for each signature. */
export const rsaLimits = { modulusBits: 8_192, exponentBits: 32 } as const

const rsaAlgorithms = ['2a864886f70d010101', '2a864886f70d01010a'] // rsaEncryption, RSASSA-PSS
const ecAlgorithm = '2a8648ce3d0201'

/**
 * Finds the public key in a certificate's DER without decoding it by OpenSSL. Undefined where the bytes are not DER or
 * not a certificate.
 */
export function readPublicKey(der: Buffer): PublicKey | undefined {
  const [body] = readSequence(der, readElement(der, 0), 1) ?? []
  // version (absent in the first version), serial number, signature, issuer, validity, subject, key
  const fields = readSequence(der, body, 7)
  const info = fields?.[0]?.tag === 0xa0 ? fields[6] : fields?.[5]
  const [identifier, bits] = readSequence(der, info, 2) ?? []
  const [algorithm, parameters] = readSequence(der, identifier, 2) ?? []
  if (algorithm?.tag !== derTags.oid || bits?.tag !== derTags.bitString) return undefined
  const name = hex(der, algorithm)
  const rsa = rsaAlgorithms.includes(name) ? readRsa(der, bits) : undefined
  if (rsa !== undefined) return rsa
  const isNamedCurve = name === ecAlgorithm && parameters?.tag === derTags.oid
  return { kind: 'other', algorithm: isNamedCurve ? hex(der, parameters) : name }
}

/** Why a key is not used, a clause for people, or undefined. */
export function publicKeyProblem(key: PublicKey): string | undefined {
  if (key.kind !== 'rsa') return undefined
  if (key.modulusBits > rsaLimits.modulusBits) {
    return `has an RSA key of ${key.modulusBits} bits, and at most ${rsaLimits.modulusBits} are supported`
  }
  if (key.exponentBits > rsaLimits.exponentBits) {
    return `has an RSA key whose public exponent has ${key.exponentBits} bits, and at most ${rsaLimits.exponentBits} are supported`
  }
  return undefined
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
 * that what depends on it does not depend on the machine. Infinite for what is not worth a verification: DSA, rare
 * curves, and algorithms that nobody measured.
 */
export function verificationCost(key: PublicKey | undefined): number {
  if (key === undefined || publicKeyProblem(key) !== undefined) return Number.POSITIVE_INFINITY
  if (key.kind === 'other') return costs[key.algorithm] ?? Number.POSITIVE_INFINITY
  return Math.max(1, (key.modulusBits / 2_048) ** 2 * (key.exponentBits / 17))
}

function readRsa(der: Buffer, bits: DerElement): PublicKey | undefined {
  // The first byte of a bit string says how many bits of the last are unused.
  const [modulus, exponent] = readSequence(der, readElement(der, bits.start + 1, bits.end), 2) ?? []
  if (modulus?.tag !== derTags.integer || exponent?.tag !== derTags.integer) return undefined
  return { kind: 'rsa', modulusBits: bitLength(der, modulus), exponentBits: bitLength(der, exponent) }
}

function bitLength(der: Buffer, { start, end }: DerElement): number {
  let at = start
  while (at < end - 1 && der[at] === 0) at++
  return (end - at) * 8 - Math.clz32(der[at] ?? 0) + 24
}

function hex(der: Buffer, { start, end }: DerElement): string {
  return der.toString('hex', start, end)
}
