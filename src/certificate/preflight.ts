import { expiryOf } from './expiry.ts'
import { type MaterialFacts, sizeLimits } from './material.ts'

/** Why an upload is pointless before something changes in the Secret. */
export type PreflightReason =
  | 'MissingData'
  | 'DataTooLarge'
  | 'CertificateUnreadable'
  | 'UnsupportedKey'
  | 'UnsupportedExtension'
  | 'KeyUnreadable'
  | 'KeyEncrypted'
  | 'NoLeafCertificate'
  | 'KeyMismatch'
  | 'CertificateExpired'

export interface Violation {
  readonly reason: PreflightReason
  /** What is wrong, naming the data key, and what to do. The same input gives the same text; nothing secret is in it. */
  readonly message: string
}

/** `now` in ms since the Unix epoch. */
type Check = (material: MaterialFacts, now: number) => Violation | undefined

/** They refuse only what is provably wrong; what else the service dislikes, it says itself. */
const checks: readonly Check[] = [
  // Make sure that there are certificates.
  certificatesMissing,
  // Make sure that there is a private key.
  keyMissing,
  // Make sure that no certificate is larger than an upload may carry.
  certificateTooLarge,
  // Make sure that the key is not larger than an upload may carry.
  keyTooLarge,
  // Make sure that the whole chain is not larger than an upload may carry.
  chainTooLarge,
  // Make sure that every certificate is PEM and X.509.
  certificatesUnreadable,
  // Make sure that no certificate has a key of an unknown kind, or one that takes long to use.
  keyUnsupported,
  // Make sure that no certificate has an extension that takes long to read.
  extensionUnsupported,
  // Make sure that the key can be used without a passphrase.
  keyEncrypted,
  // Make sure that the key is PEM and a private key.
  keyUnreadable,
  // Make sure that one of the certificates is a server's.
  leafMissing,
  // Make sure that the key belongs to the server certificate.
  keyMismatched,
  // Make sure that the certificate, or one of the CA certificates, is still valid.
  certificateExpired,
]

/** The first reason not to upload this material, or undefined. `now`: ms since the Unix epoch. */
export function preflight(material: MaterialFacts, now: number): Violation | undefined {
  for (const check of checks) {
    const violation = check(material, now)
    if (violation !== undefined) return violation
  }
  return undefined
}

function certificatesMissing(material: MaterialFacts): Violation | undefined {
  if (material.problem?.kind !== 'missing') return undefined
  const source = dataKey(material)
  return violation('MissingData', `${source} is missing or empty. ${advice(material)}`)
}

function keyMissing({ key }: MaterialFacts): Violation | undefined {
  if (key !== 'missing') return undefined
  return violation(
    'MissingData',
    "tls.key is missing or empty. Put the certificate's private key there, as PEM.",
  )
}

function certificateTooLarge(material: MaterialFacts): Violation | undefined {
  const size = material.sizes.certificate
  if (size <= sizeLimits.certificate) return undefined
  const source = `${dataKey(material)} holds a certificate of`
  return tooLarge(source, size, sizeLimits.certificate, 'Have it issued with fewer names.')
}

function keyTooLarge({ sizes }: MaterialFacts): Violation | undefined {
  if (sizes.key <= sizeLimits.key) return undefined
  return tooLarge('tls.key holds a private key of', sizes.key, sizeLimits.key, 'Use a smaller key.')
}

function chainTooLarge(material: MaterialFacts): Violation | undefined {
  const size = material.sizes.chain
  if (size <= sizeLimits.chain) return undefined
  const source = `${dataKey(material)} holds certificates of`
  return tooLarge(source, size, sizeLimits.chain, 'Leave only the certificates of one chain.')
}

function certificatesUnreadable(material: MaterialFacts): Violation | undefined {
  if (material.problem?.kind !== 'unreadable') return undefined
  const what = `${dataKey(material)} cannot be read: ${material.problem.detail}.`
  return violation('CertificateUnreadable', `${what} ${advice(material)}`)
}

function keyUnsupported(material: MaterialFacts): Violation | undefined {
  if (material.problem?.kind !== 'unsupported-key') return undefined
  const what = `${dataKey(material)} cannot be used: ${material.problem.detail}.`
  return violation(
    'UnsupportedKey',
    `${what} Leave it out, or have it reissued for an RSA key of 2048 to 4096 bits or an uncompressed EC key on P-256 or P-384.`,
  )
}

function extensionUnsupported(material: MaterialFacts): Violation | undefined {
  if (material.problem?.kind !== 'unsupported-extension') return undefined
  const what = `${dataKey(material)} cannot be used: ${material.problem.detail}.`
  return violation(
    'UnsupportedExtension',
    `${what} Leave it out, or have it reissued with a full name, such as a URL, for each CRL distribution point.`,
  )
}

function keyEncrypted({ key }: MaterialFacts): Violation | undefined {
  if (key !== 'encrypted') return undefined
  return violation('KeyEncrypted', 'tls.key is encrypted. Store the private key without a passphrase.')
}

function keyUnreadable({ key, keyProblem }: MaterialFacts): Violation | undefined {
  if (key !== 'unreadable') return undefined
  const what = `tls.key cannot be read: ${keyProblem ?? 'it is not a private key'}.`
  return violation('KeyUnreadable', `${what} Put the private key there as PEM (PKCS#8, PKCS#1 or SEC1).`)
}

function leafMissing({ type, chain, key }: MaterialFacts): Violation | undefined {
  // A self-signed CA certificate that serves with its own key is odd, but not provably wrong.
  if (type === 'CA' || !chain?.authority || key === 'matches') return undefined
  return violation(
    'NoLeafCertificate',
    'tls.crt holds only CA certificates, and none of them belongs to tls.key. Put the server certificate first.',
  )
}

function keyMismatched({ key }: MaterialFacts): Violation | undefined {
  if (key !== 'mismatch') return undefined
  return violation(
    'KeyMismatch',
    'tls.key does not belong to the certificate in tls.crt. Store the pair that was issued together.',
  )
}

function certificateExpired(material: MaterialFacts, now: number): Violation | undefined {
  const { type, chain } = material
  if (chain === undefined) return undefined
  const notAfter = expiryOf(chain, type, now)
  if (now <= notAfter) return undefined
  const date = new Date(notAfter).toISOString().replace('.000Z', 'Z')
  const source = dataKey(material)
  return violation(
    'CertificateExpired',
    type === 'CA' && chain.length > 1
      ? `All certificates in ${source} have expired, the last on ${date}. Have them renewed.`
      : `The certificate in ${source} expired on ${date}. Have it renewed.`,
  )
}

function tooLarge(source: string, size: number, limit: number, remedy: string): Violation {
  return violation('DataTooLarge', `${source} ${size} bytes as PEM; at most ${limit} are allowed. ${remedy}`)
}

function violation(reason: PreflightReason, message: string): Violation {
  return { reason, message }
}

function dataKey({ type }: MaterialFacts): 'tls.crt' | 'ca.crt' {
  return type === 'CA' ? 'ca.crt' : 'tls.crt'
}

function advice({ type }: MaterialFacts): string {
  return type === 'CA'
    ? 'Put the CA certificates there, as PEM.'
    : 'Put the server certificate there, followed by its intermediates, as PEM.'
}
