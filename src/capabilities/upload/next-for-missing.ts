import type { Chain } from '../../certificate/material.ts'
import type { Instant, Step } from '../../engine/step.ts'
import type { UploadAction } from './action.ts'
import { certificateMissing } from './outcomes.ts'
import { openRequest, type UploadView } from './view.ts'

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
  chain: Chain,
  now: Instant,
): Step<UploadAction> {
  const { observed, ledger } = view
  const meanwhile = certificateMissing(view, missing)
  if (step.kind === 'Held' || step.kind === 'Wait') return { meanwhile, ...step }
  if (step.kind !== 'Call') return step
  if (step.action.name !== 'UploadCertificate') return { ...step, meanwhile }
  const requested = openRequest(observed) !== undefined
  const due = ledger.reUploads.dueAt(observed.key, chain.chainFingerprint, { requested }, now.elapsed)
  if (due > now.elapsed) {
    return { kind: 'Wait', label: 'CertificateMissing', until: due, meanwhile }
  }
  return { ...step, action: { ...step.action, replaces: missing }, meanwhile }
}
