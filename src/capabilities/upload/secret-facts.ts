import type { Observed } from '../../contract/observe.ts'
import type { StatusChange } from '../../contract/status.ts'
import type { Metrics } from '../../ports/metrics.ts'

/** What the metrics tell of one Secret, after a status change when there was one. */
export function secretFacts(
  { material, status }: Observed,
  change: StatusChange = {},
): Parameters<Metrics['secret']>[1] {
  const notAfter = change.notAfter ?? (status.uploaded ? status.notAfter : undefined)
  return {
    notAfter: material.chain?.notAfter,
    uploadedNotAfter: (notAfter && Date.parse(notAfter)) || undefined,
    phase: change.phase ?? status.phase ?? 'Unknown',
    reason: change.reason ?? status.reason ?? 'Unknown',
  }
}
