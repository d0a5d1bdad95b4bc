/** Sizes of the two public numbers of an RSA key. */
export interface RsaSize {
  readonly modulusBits: number
  readonly exponentBits: number
}

/** The largest RSA keys that are read. OpenSSL raises to exponents of any size: milliseconds for each signature. */
const rsaLimits: RsaSize = { modulusBits: 8_192, exponentBits: 32 }

/** Why an RSA key is not used, a clause for people that begins with "has", or undefined. */
export function rsaProblem({ modulusBits, exponentBits }: RsaSize): string | undefined {
  if (modulusBits > rsaLimits.modulusBits) {
    return `has an RSA key of ${modulusBits} bits, and at most ${rsaLimits.modulusBits} are supported`
  }
  if (exponentBits > rsaLimits.exponentBits) {
    return `has an RSA key whose public exponent has ${exponentBits} bits, and at most ${rsaLimits.exponentBits} are supported`
  }
  return undefined
}
