import { bitLength, contentHex, type DerElement, derTags, readElement, readSequence } from './der.ts'
import { type EcProblem, type EllipticCurve, ecProblems, pointProblem, readCurve } from './elliptic-curve.ts'
import { keyAlgorithm } from './key-algorithm.ts'
import { rsaProblem } from './rsa-key.ts'

/** How a private key is encoded. */
export type PrivateKeyForm = 'pkcs8' | 'pkcs1' | 'sec1'

/** The form, or why OpenSSL must not see the key: a clause for people with nothing of the key in it. */
export type PrivateKeyFormReading = { readonly form: PrivateKeyForm } | { readonly problem: string }

/**
 * Tells the three forms by their shape: a sequence of a version and then a sequence (PKCS#8), an integer (PKCS#1) or
 * an octet string (SEC1). The label may lie. What is in the key is bounded here, because OpenSSL computes with it when
 * it loads it: only listed algorithms and named curves, and numbers of common sizes.
 */
export function readPrivateKeyForm(der: Buffer): PrivateKeyFormReading {
  const key = readElement(der, 0)
  const [version, second] = readSequence(der, key, 2) ?? []
  if (version?.tag !== derTags.integer) return unknown
  switch (second?.tag) {
    case derTags.integer:
      return formOf('pkcs1', rsaKeyProblem(der, key))
    case derTags.octets:
      return formOf('sec1', ecKeyProblem(der, key, undefined))
    case derTags.sequence:
      return readPkcs8(der, key)
    default:
      return unknown
  }
}

const unknown = { problem: 'the block is not a PKCS#8, PKCS#1 or SEC1 key for TLS' }

function readPkcs8(der: Buffer, info: DerElement | undefined): PrivateKeyFormReading {
  const [, identifier, octets] = readSequence(der, info, 3) ?? []
  const [algorithm, parameters] = readSequence(der, identifier, 2) ?? []
  if (algorithm?.tag !== derTags.oid || octets?.tag !== derTags.octets) return unknown
  const inner = readElement(der, octets.start, octets.end)
  switch (keyAlgorithm(contentHex(der, algorithm))) {
    case 'rsa':
      return formOf('pkcs8', rsaKeyProblem(der, inner))
    case 'ec': {
      const curve = readCurve(der, parameters)
      return formOf('pkcs8', typeof curve === 'string' ? describe(curve) : ecKeyProblem(der, inner, curve))
    }
    case 'bounded':
      return { form: 'pkcs8' }
    case undefined:
      return unknown
  }
}

/** RSAPrivateKey of RFC 8017, with two primes: no number is longer than the modulus may be. */
function rsaKeyProblem(der: Buffer, key: DerElement | undefined): string | undefined {
  const numbers = readSequence(der, key, 10) ?? []
  const [, modulus, exponent] = numbers
  if (numbers.length !== 9 || numbers.some(({ tag }) => tag !== derTags.integer)) return unread
  if (modulus === undefined || exponent === undefined) return unread
  const [modulusBits, exponentBits] = [bitLength(der, modulus), bitLength(der, exponent)]
  const problem = rsaProblem({ modulusBits, exponentBits })
  if (problem !== undefined) return `it ${problem}`
  return numbers.some((each) => bitLength(der, each) > modulusBits) ? unread : undefined
}

const unread = 'the block is PEM, but its key does not parse: a part of it is missing, too long or too much'

/**
 * ECPrivateKey of RFC 5915. PKCS#8 has the curve outside of it, but the key may name one of its own, and OpenSSL takes
 * that one.
 */
function ecKeyProblem(
  der: Buffer,
  key: DerElement | undefined,
  outer: EllipticCurve | undefined,
): string | undefined {
  const [, scalar, ...optional] = readSequence(der, key, 5) ?? []
  const parameters = optional[0]?.tag === 0xa0 ? optional.shift() : undefined
  const point = optional[0]?.tag === 0xa1 ? optional.shift() : undefined
  if (scalar?.tag !== derTags.octets || optional.length > 0) return unread
  const named = parameters && readElement(der, parameters.start, parameters.end)
  const curve = parameters === undefined && outer !== undefined ? outer : readCurve(der, named)
  if (typeof curve === 'string') return describe(curve)
  if (bitLength(der, scalar) > 8 * curve.bytes) return unread
  if (point === undefined) return undefined
  const bits = readElement(der, point.start, point.end)
  if (bits?.tag !== derTags.bitString) return unread
  const problem = pointProblem(der, bits, curve)
  return problem && describe(problem)
}

function formOf(form: PrivateKeyForm, problem: string | undefined): PrivateKeyFormReading {
  return problem === undefined ? { form } : { problem }
}

function describe(problem: EcProblem): string {
  const option = rewriting[problem]
  return `it ${ecProblems[problem]}${option ? ` ("openssl ec ${option}" rewrites it)` : ''}`
}

const rewriting: Partial<Record<EcProblem, string>> = {
  spelledOut: '-param_enc named_curve',
  compressed: '-conv_form uncompressed',
}
