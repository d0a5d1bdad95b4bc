import type { Instant, Step } from '../../engine/step.ts'
import type { UploadAction } from './action.ts'
import { reportedOf, type UploadMemory } from './memory.ts'
import { certificateMissing } from './outcomes.ts'
import { staysRejected } from './steps.ts'
import { openRequest, reUploadOf, type UploadView } from './view.ts'

/** A Secret that waits for its turn is reconciled this often, ms. It is woken when its turn comes. */
const turnMs = 10 * 60_000

/**
 * What is uploaded again because its certificate is gone waits for its turn (see ReUploads), and the status says meanwhile
 * that the id is gone (I6). An open request does not wait for hours.
 *
 * @param step what would be done if the certificate had never been uploaded
 * @param missing the id that is gone
 */
export function nextForMissing(
  step: Step<UploadAction>,
  missing: string,
  view: UploadView,
  memory: UploadMemory,
  now: Instant,
): Step<UploadAction> {
  const { observed, ledger } = view
  // First the status takes the id back. From then on it stays as it is until there is another outcome.
  const isTakenBack = observed.status.uploaded?.certificateId !== missing
  const reported = isTakenBack ? reportedOf(memory, observed) : undefined
  const meanwhile = reported ?? certificateMissing(view, missing)
  if (step.kind === 'Wait' && step.label === 'NotVisible' && isTakenBack) return step
  if (step.kind === 'Wait') return { ...step, settled: staysRejected(observed, meanwhile), meanwhile }
  if (step.kind === 'Held') return { ...step, meanwhile }
  if (step.kind !== 'Call') return step
  if (step.action.name !== 'UploadCertificate') return { ...step, meanwhile }
  const requested = openRequest(observed) !== undefined
  const due = ledger.reUploads.dueAt(reUploadOf(observed), { requested }, now.elapsed)
  if (due > now.elapsed) {
    return {
      kind: 'Wait',
      label: 'CertificateMissing',
      until: due,
      meanwhile: certificateMissing(view, missing),
    }
  }
  if (!ledger.reUploads.mayTry(observed.key, now.elapsed)) {
    const until = now.elapsed + turnMs
    return { kind: 'Wait', label: 'CertificateMissing', until, forTurn: true, meanwhile }
  }
  const until = ledger.reUploads.turnEndsAt(observed.key, now.elapsed)
  const action = { ...step.action, replaces: missing }
  return { ...step, action, meanwhile, ...(until === undefined ? {} : { until }) }
}
