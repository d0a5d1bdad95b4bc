import type { Observed } from '../../contract/observe.ts'

const soonMs = 7 * 24 * 3_600_000

/**
 * How urgent an upload is; the higher goes first: what replaces a certificate that expires within seven days (soonest
 * first), then what was never uploaded, then the rest by expiry.
 *
 * @param now ms since the epoch
 */
export function urgencyOf({ status }: Observed, now: number): number {
  if (!status.uploaded) return 1e12
  const seconds = Math.floor(Date.parse(status.notAfter ?? '') / 1_000) || 0
  return seconds * 1_000 - now <= soonMs ? 2e12 - seconds : -seconds
}
