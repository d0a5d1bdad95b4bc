import { statusKeys } from '../../contract/annotation-keys.ts'
import type { Observed } from '../../contract/observe.ts'
import type { Instant, Outcome, Step } from '../../engine/step.ts'
import type { CertificateQuery } from '../../ports/ssl-service.ts'
import type { LookupFor, UploadAction } from './action.ts'
import { reportedOf, type UploadMemory } from './memory.ts'
import type { UploadView } from './view.ts'

/** Reports an outcome; its phase is the step's label. */
export function report(outcome: Outcome & { readonly phase: string }, until?: number): Step<UploadAction> {
  const settled = outcome.phase === 'Synced' || outcome.phase === 'Rejected'
  const step = { kind: 'Report', label: outcome.phase, outcome, settled } as const
  return until === undefined ? step : { ...step, until }
}

/** Waits; meanwhile the status says what was reported last. Only a rejection is settled: it has an alert of its own. */
export function wait(
  label: string,
  until: number,
  memory: UploadMemory,
  observed: Observed,
): Step<UploadAction> {
  const reported = meanwhile(memory, observed)
  return { kind: 'Wait', label, until, settled: staysRejected(observed, reported.meanwhile), ...reported }
}

/** Calls; or waits, at the gate where calls of this action wait for the account, else until the same input is due. */
export function call(
  action: UploadAction,
  view: UploadView,
  memory: UploadMemory,
  now: Instant,
): Step<UploadAction> {
  const { observed, heldFor } = view
  if (heldFor(action.name) !== undefined) {
    return { kind: 'Held', label: 'AccountHeld', action, ...meanwhile(memory, observed) }
  }
  const { failure } = memory
  if (failure && failure.input === observed.input && failure.until > now.elapsed) {
    return wait('BackOff', failure.until, memory, observed)
  }
  return { kind: 'Call', label: action.name, action }
}

/** Requests one page of a lookup. The query says at which offset the page begins. */
export function lookUp(
  purpose: LookupFor,
  query: CertificateQuery,
  view: UploadView,
  memory: UploadMemory,
  now: Instant,
): Step<UploadAction> {
  return call({ name: 'DescribeCertificates', query, purpose }, view, memory, now)
}

/** Whether the status says `Rejected` once the outcome is written. */
export function staysRejected({ status }: Observed, outcome: Outcome | undefined): boolean {
  return (outcome?.slice[statusKeys.phase] ?? status.phase) === 'Rejected'
}

function meanwhile(memory: UploadMemory, observed: Observed): { readonly meanwhile?: Outcome } {
  const reported = reportedOf(memory, observed)
  return reported ? { meanwhile: reported } : {}
}
