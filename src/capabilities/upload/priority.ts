import type { CallPriority } from '../../engine/calls/call-priority.ts'
import type { Instant } from '../../engine/step.ts'
import type { UploadMemory } from './memory.ts'
import type { UploadView } from './view.ts'

const soonMs = 7 * 24 * 3_600_000

/** Expiry is what the ledger knows of the certificate in the account, never an annotation that a tenant may set. */
export function priorityOf(
  { observed, ledger }: UploadView,
  { failure }: UploadMemory,
  { wall }: Instant,
): CallPriority {
  const { uploaded } = observed.status
  const expiresAt = uploaded === undefined ? undefined : ledger.expiryOf(uploaded.certificateId)
  return {
    failedBefore: failure !== undefined && failure.input === observed.input && failure.class !== 'throttled',
    urgent: expiresAt !== undefined && expiresAt - wall <= soonMs,
    expiresAt,
    group: observed.secret.namespace,
  }
}
