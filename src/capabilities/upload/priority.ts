import { secretTag } from '../../contract/ownership.ts'
import type { CallPriority } from '../../engine/calls/call-priority.ts'
import type { Instant } from '../../engine/step.ts'
import type { UploadMemory } from './memory.ts'
import type { UploadView } from './view.ts'

const soonMs = 7 * 24 * 3_600_000

/**
 * What the ledger knows of the certificate in the account makes a key urgent, never an annotation that a tenant may set. Among
 * the keys of one namespace the annotation counts until the ledger knows better: it moves nobody else. What was never uploaded
 * goes between those that expire within seven days and the others.
 */
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
  const known = isOurs ? ledger.expiryOf(id) : undefined
  const claimed = id === undefined ? undefined : Date.parse(observed.status.notAfter ?? '') || undefined
  return {
    failedBefore: failure !== undefined && failure.input === observed.input && failure.class !== 'throttled',
    urgent: known !== undefined && known - wall <= soonMs,
    expiresAt: known ?? claimed ?? wall + soonMs,
    group: observed.secret.namespace,
  }
}
