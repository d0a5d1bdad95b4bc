import type { X509Certificate } from 'node:crypto'
import { type CertificateType, fingerprints, type StoredCertificate } from '../certificate-store.ts'
import type { ActionContext } from './action.ts'

/** What the account already holds of this chain, oldest first; the profile says what makes two chains the same. */
export function duplicatesOf(
  chain: readonly [X509Certificate, ...X509Certificate[]],
  type: CertificateType,
  context: ActionContext,
): StoredCertificate[] {
  const wanted = fingerprints(type, chain)
  const key = context.profile.duplicatesBy === 'leaf' ? 'leafFingerprint' : 'chainFingerprint'
  return context.store.list(context.account).filter((each) => each.type === type && each[key] === wanted[key])
}
