import type { Observed } from '../../contract/observe.ts'
import type { CallPriority } from '../../engine/calls/call-priority.ts'

const soonMs = 7 * 24 * 3_600_000

/**
 * How urgent a call is: what replaces a certificate that expires within seven days, then what was never uploaded, then
 * the rest by expiry.
 *
 * @param failedBefore this input has failed
 * @param now ms since the epoch
 */
export function priorityOf({ status, secret }: Observed, failedBefore: boolean, now: number): CallPriority {
  const expiresAt = status.uploaded ? Date.parse(status.notAfter ?? '') || 0 : undefined
  const urgent = expiresAt !== undefined && expiresAt - now <= soonMs
  return { failedBefore, urgent, expiresAt, group: secret.namespace }
}
