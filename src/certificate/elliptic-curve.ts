import { contentHex, type DerElement, derTags } from './der.ts'

/** A curve that OpenSSL knows by name. */
export interface EllipticCurve {
  /** The DER content of its object identifier, as hex. */
  readonly identifier: string
  /** How long a coordinate is, and the private number at most. */
  readonly bytes: number
}

/** Curves that certificate authorities issue for, public and private ones (HashiCorp Vault offers P-224). */
const curves = new Map(
  Object.entries({
    '2b81040021': 28, // P-224
    '2a8648ce3d030107': 32, // P-256
    '2b81040022': 48, // P-384
    '2b81040023': 66, // P-521
    '2a811ccf5501822d': 32, // SM2
    '2b2403030208010107': 32, // brainpoolP256r1
    '2b240303020801010b': 48, // brainpoolP384r1
    '2b240303020801010d': 64, // brainpoolP512r1
  }).map(([identifier, bytes]) => [identifier, { identifier, bytes }]),
)

/** Why an EC key is not used: clauses for people that begin with "has". */
export const ecProblems = {
  spelledOut: 'has an EC key whose curve is spelled out, not named',
  noCurve: 'has an EC key that names no curve',
  otherCurve: 'has an EC key on a curve that is not supported',
  compressed: 'has an EC key whose point is compressed',
  noPoint: 'has an EC key whose point is not one of its curve',
} as const

export type EcProblem = keyof typeof ecProblems

/**
 * The curve that the parameters of an EC key name. A curve that is spelled out is refused, as RFC 5480 has it: whoever
 * makes up its prime decides how long OpenSSL computes.
 */
export function readCurve(der: Buffer, parameters: DerElement | undefined): EllipticCurve | EcProblem {
  if (parameters?.tag === derTags.sequence) return 'spelledOut'
  if (parameters?.tag !== derTags.oid) return 'noCurve'
  return curves.get(contentHex(der, parameters)) ?? 'otherCurve'
}

/** Only uncompressed points are used: of a compressed one, OpenSSL has to take a square root. */
export function pointProblem(der: Buffer, bits: DerElement, curve: EllipticCurve): EcProblem | undefined {
  // The first byte of a bit string says how many bits of the last are unused.
  const [unused, form] = [der[bits.start], der[bits.start + 1]]
  if (form === 0x02 || form === 0x03) return 'compressed'
  const fits = bits.end - bits.start === 2 + 2 * curve.bytes
  return fits && unused === 0 && form === 0x04 ? undefined : 'noPoint'
}
