import { secretTag } from '../../contract/ownership.ts'
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
  const id = observed.status.uploaded?.certificateId
  // Whoever names somebody else's certificate has its urgency not.
  const isOurs =
    id !== undefined &&
    (ledger.isUploadedFor(id, observed.key) || ledger.ownershipOf(id)?.secret === secretTag(observed.secret))
  const expiresAt = isOurs ? ledger.expiryOf(id) : undefined
  return {
    failedBefore: failure !== undefined && failure.input === observed.input && failure.class !== 'throttled',
    urgent: expiresAt !== undefined && expiresAt - wall <= soonMs,
    expiresAt,
    group: observed.secret.namespace,
  }
}
