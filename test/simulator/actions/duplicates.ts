import type { X509Certificate } from 'node:crypto'
import { type CertificateType, fingerprints, type StoredCertificate } from '../certificate-store.ts'
import type { ActionContext } from './action.ts'

/**
 * What the account already holds of this chain, oldest first; the profile says what makes two chains the same.
 * @param type absent: of either type
 */
export function duplicatesOf(
  chain: readonly [X509Certificate, ...X509Certificate[]],
  context: ActionContext,
  type?: CertificateType,
): StoredCertificate[] {
  const key = context.profile.duplicatesBy === 'leaf' ? 'leafFingerprint' : 'chainFingerprint'
  const wanted = { SVR: fingerprints('SVR', chain)[key], CA: fingerprints('CA', chain)[key] }
  return context.store
    .list(context.account)
    .filter((each) => (type === undefined || each.type === type) && each[key] === wanted[each.type])
}
