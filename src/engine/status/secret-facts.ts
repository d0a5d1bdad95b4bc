import { expiryOf } from '../../certificate/expiry.ts'
import { statusKeys } from '../../contract/annotation-keys.ts'
import type { Observed } from '../../contract/observe.ts'
import type { Metrics } from '../../ports/metrics.ts'
import type { StatusSlice } from '../step.ts'

/**
 * What the metrics show of one Secret after a slice was written.
 *
 * @param now ms since the epoch
 */
export function secretFacts(
  { material, status, settings }: Observed,
  slice: StatusSlice,
  now: number,
): Parameters<Metrics['secret']>[1] {
  const after = (key: string, before: string | undefined) => (slice[key] === undefined ? before : slice[key])
  const isUploaded = after(statusKeys.certificateId, status.uploaded?.certificateId)
  const notAfter = isUploaded ? after(statusKeys.notAfter, status.notAfter) : undefined
  return {
    notAfter: material.chain && expiryOf(material.chain, settings.type, now),
    uploadedNotAfter: (notAfter && Date.parse(notAfter)) || undefined,
    phase: after(statusKeys.phase, status.phase) ?? 'Unknown',
    reason: after(statusKeys.reason, status.reason) ?? 'Unknown',
  }
}
