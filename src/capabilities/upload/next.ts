import { preflight } from '../../certificate/preflight.ts'
import { secretTag } from '../../contract/ownership.ts'
import type { Instant, Step } from '../../engine/step.ts'
import type { Holder } from '../../ledger/holder.ts'
import type { UploadAction } from './action.ts'
import { isRecordedForOtherChain } from './evidence.ts'
import { progressOf, type UploadMemory } from './memory.ts'
import { nextForChain } from './next-for-chain.ts'
import { nextForMissing } from './next-for-missing.ts'
import {
  accountChanged,
  alreadySynced,
  invalidAnnotation,
  notFoundOnce,
  pending,
  putBack,
  rejectedByPreflight,
  uploaded,
  verified,
} from './outcomes.ts'
import { lookUp, report, wait } from './steps.ts'
import { claimedId, hasChain, openRequest, type UploadView, type ViewOfChain, withChain } from './view.ts'

/** A rejection by the service is retried after this time (ms), because its error codes are not fully known. */
export const rejectionLifetimeMs = 24 * 3_600_000
/** A Secret that waits for the right account is reconciled this often, ms. The end of the wait also wakes it. */
const doubtedMs = 10 * 60_000
/**
 * An id that the service has confirmed so recently, ms, is written down without asking. A little more than the default of
 * `--inventory-interval`: with a longer one, an id is looked up first.
 */
const freshMs = 75 * 60_000

/** Decides what to do next about one Secret. Pure: a decision table, row by row; the first row that applies decides. */
export function next(view: UploadView, memory: UploadMemory, now: Instant): Step<UploadAction> {
  const { observed } = view
  const { settings, material } = observed

  if (settings.upload === 'absent' || settings.upload === 'no' || observed.secret.deleting) {
    return { kind: 'Done', label: 'NotOptedIn' }
  }
  if (settings.paused) return { kind: 'Done', label: 'Paused' }
  if (settings.problems.length > 0) return report(invalidAnnotation(view))

  if (hasChain(view)) {
    const claimed = claimedId(view)
    const step = claimed === undefined ? undefined : nextForClaim(view, memory, claimed, now)
    if (step) return step
  }

  if (observed.temporary) return report(pending(view, 'TemporaryCertificate'))
  const violation = preflight(material, now.wall)
  if (violation) return report(rejectedByPreflight(view, violation))
  return nextForUnclaimed(withChain(view), memory, now)
}

/** The rows of a chain that passed the preflight and for which the status names no id. */
function nextForUnclaimed(view: ViewOfChain, memory: UploadMemory, now: Instant): Step<UploadAction> {
  const { observed } = view
  const holder = holderFor(view, now)
  if (holder) {
    const isFresh = now.elapsed - holder.confirmedAt <= freshMs && !isOlderThanRequest(holder, view, memory)
    const { certificateId } = holder
    // Whether lookups show such a copy must be known before one of them misses it.
    if (view.ledger.absence.isUnseenReplacement(certificateId) && memory.ownerAsked !== certificateId) {
      return lookUp('Owner', { by: 'ids', ids: [certificateId] }, view, memory, now)
    }
    if (isFresh) return report(uploaded(view, holder, memory, now))
    if (!progressOf(memory, view.chain)?.knownAsked) {
      const ids = [holder.certificateId]
      return (
        untilListed(view, memory, holder.certificateId, now) ??
        lookUp('Known', { by: 'ids', ids }, view, memory, now)
      )
    }
  }

  const { missing } = memory
  const rejectedUntil = rejectionEnds(view, now)
  const first =
    rejectedUntil > now.elapsed
      ? wait('StillRejected', rejectedUntil, memory, observed)
      : nextForChain(view, memory, now)
  const step = missing === undefined ? first : nextForMissing(first, missing, view, memory, now)
  if (step.kind === 'Wait' || step.kind === 'Held') return step
  if (view.ledger.account.isDoubtedFor(observed.key)) return untilTrusted(view, now)
  if (view.budgetFreeAt !== undefined && view.budgetFreeAt > now.elapsed) {
    return report(pending(view, 'UploadBudgetExceeded'), view.budgetFreeAt)
  }
  return step
}

/** The rows of a status that names an id for this chain; undefined: it is not true, so the chain is not uploaded. */
function nextForClaim(
  view: ViewOfChain,
  memory: UploadMemory,
  claimed: string,
  now: Instant,
): Step<UploadAction> | undefined {
  const { observed, chain, ledger } = view
  const { recorded } = memory
  const proven = ledger.chainOf(claimed)
  const isPutBack =
    recorded !== undefined &&
    recorded.chainFingerprint === chain.chainFingerprint &&
    recorded.certificateId !== claimed &&
    proven !== chain.chainFingerprint &&
    !ledger.isGone(recorded.certificateId)
  // Something else wrote another id over the one that was recorded, and nothing proves that one (I6).
  if (isPutBack) return report(putBack(view, recorded, now))
  if (ledger.isGone(claimed) || (proven !== undefined && proven !== chain.chainFingerprint)) return undefined
  if (isSomebodyElses(view, claimed)) return undefined

  const request = openRequest(observed)
  const answer = memory.answered?.request === request ? memory.answered?.result : undefined
  if (request !== undefined && answer === undefined && !isAnsweredByUpload(view, claimed, request)) {
    const isAbsent = memory.absent?.certificateId === claimed
    // That another account does not hold it answers nothing.
    if (isAbsent && ledger.account.isDoubtedFor(observed.key)) return untilTrusted(view, now)
    return (
      untilListed(view, memory, claimed, now) ??
      lookUp('Request', { by: 'ids', ids: [claimed] }, view, memory, now)
    )
  }
  // The end of the doubt wakes the Secret.
  if (ledger.account.isDoubtedId(claimed, observed.key)) return report(accountChanged(view))
  if (mustAskForOwner(view, memory, claimed)) {
    return lookUp('Owner', { by: 'ids', ids: [claimed] }, view, memory, now)
  }
  if (request !== undefined && answer !== undefined) return report(verified(view, memory, answer, now))
  return report(alreadySynced(view, memory, now))
}

/**
 * Waits for an id that a lookup did not find, because it may be listed late. Meanwhile the status stays as it is. If Secrets of
 * other namespaces name the id too, the wait is longer, and the status says so.
 */
function untilListed(
  view: ViewOfChain,
  memory: UploadMemory,
  certificateId: string,
  now: Instant,
): Step<UploadAction> | undefined {
  const { absent } = memory
  const { observed, ledger } = view
  if (absent?.certificateId !== certificateId || absent.until <= now.elapsed) return undefined
  const { until } = absent
  if (!ledger.absence.isSuspect(certificateId) || !ledger.isNamedElsewhere(certificateId, observed.key)) {
    return wait('MayBeListedLate', until, memory, observed)
  }
  return { kind: 'Wait', label: 'NotFoundOnce', until, settled: true, meanwhile: notFoundOnce(view, now) }
}

/** Waits until the account is known to be the right one. The end of the doubt wakes the Secret as well. */
function untilTrusted(view: UploadView, now: Instant): Step<UploadAction> {
  const until = now.elapsed + doubtedMs
  return { kind: 'Wait', label: 'AccountHeld', until, meanwhile: accountChanged(view) }
}

/** With `repeatable` the id must be this Secret's own: the status may be copied along with the Secret. */
function isSomebodyElses({ observed, ledger, identity }: UploadView, claimed: string): boolean {
  if (!observed.settings.repeatable || ledger.isOwnCopyOf(claimed, observed.key)) return false
  const ownership = ledger.ownershipOf(claimed)
  if (ownership === undefined || ownership.untagged) return false
  const { secret } = observed
  return ownership.cluster !== identity.cluster || ownership.secret !== secretTag(secret)
}

function mustAskForOwner({ observed, ledger }: UploadView, memory: UploadMemory, claimed: string): boolean {
  if (!observed.settings.repeatable || memory.ownerAsked === claimed) return false
  if (ledger.isOwnCopyOf(claimed, observed.key) || ledger.ownershipOf(claimed) !== undefined) return false
  return ledger.claimantsOf(claimed).some((it) => it !== observed.key)
}

/** The id that the service has named for this chain, but none that is on record for another chain while nothing proves it. */
function holderFor({ observed, chain, ledger }: ViewOfChain, now: Instant): Holder | undefined {
  const whose = { key: observed.key, own: observed.settings.repeatable }
  const isUnfit = (id: string) => isRecordedForOtherChain(observed.status, id, chain)
  return ledger.holderOf(chain.chainFingerprint, whose, now.elapsed, isUnfit)
}

/** An open request asks to go past what was known before it. */
function isOlderThanRequest(holder: Holder, view: UploadView, memory: UploadMemory): boolean {
  const request = openRequest(view.observed)
  if (request === undefined || holder.upload?.request === request) return false
  return memory.answered?.request !== request
}

function isAnsweredByUpload({ chain, ledger }: ViewOfChain, claimed: string, request: string): boolean {
  return ledger.uploadOf(claimed, chain.chainFingerprint)?.request === request
}

/** When (ms of the monotonic clock) what was rejected is tried again. A time to come was not written by us. */
function rejectionEnds({ observed }: UploadView, { wall, elapsed }: Instant): number {
  const { phase, rejectedFor, rejectedAt } = observed.status
  if (phase !== 'Rejected' || rejectedFor !== observed.rejectionInput || rejectedAt === undefined)
    return elapsed
  return rejectedAt <= wall + 60_000 ? elapsed + (rejectedAt + rejectionLifetimeMs - wall) : elapsed
}
