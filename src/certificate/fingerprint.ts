import { createHash } from 'node:crypto'
import type { CertificateType } from './material.ts'

/** SHA-256 as lower-case hex; of a certificate's DER, that is its fingerprint. */
export function fingerprint(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * The diff key of an upload: the type and the SHA-256 over the DER of the certificates in the order in which they
 * are sent. The type is part of it because the same bytes uploaded as `SVR` and as `CA` are two certificates.
 */
export function chainFingerprint(type: CertificateType, chain: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const der of chain) hash.update(der)
  return `${type}:${hash.digest('hex')}`
}
