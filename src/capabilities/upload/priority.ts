import { secretTag } from '../../contract/ownership.ts'
import type { CallPriority } from '../../engine/calls/call-priority.ts'
import type { Instant } from '../../engine/step.ts'
import type { UploadMemory } from './memory.ts'
import type { UploadView } from './view.ts'

const soonMs = 7 * 24 * 3_600_000

/**
 * A key is urgent because of what the ledger knows of the certificate in the account, never because of an annotation that a
 * tenant may set. Within one namespace the annotation counts until the ledger knows the expiry. A certificate that was never
 * uploaded goes after those that expire within seven days, and before the others.
 *
 * A chain that failed stays one that failed, whatever a tenant asks for or sets: only a new chain is fresh, and the upload
 * budget bounds these.
 */
export function priorityOf(
  { observed, ledger }: UploadView,
  { failedChains = [] }: UploadMemory,
  { wall }: Instant,
): CallPriority {
  const id = observed.status.uploaded?.certificateId
  // A status that names the certificate of another Secret does not make this one urgent.
  const isOurs =
    id !== undefined &&
    (ledger.isUploadedFor(id, observed.key) || ledger.ownershipOf(id)?.secret === secretTag(observed.secret))
  const known = isOurs ? ledger.expiryOf(id) : undefined
  const claimed = id === undefined ? undefined : Date.parse(observed.status.notAfter ?? '') || undefined
  return {
    failedBefore: failedChains.includes(observed.material.chain?.chainFingerprint ?? ''),
    urgent: known !== undefined && known - wall <= soonMs,
    expiresAt: known ?? claimed ?? wall + soonMs,
    group: observed.secret.namespace,
  }
}
