import type { Chain } from '../../certificate/material.ts'
import { statusKeys } from '../../contract/annotation-keys.ts'
import type { Answer } from '../../engine/capability.ts'
import { failedAgain, isPassing } from '../../engine/failure.ts'
import { spreadOf } from '../../engine/queue/back-off.ts'
import type { Instant, Outcome, StatusSlice } from '../../engine/step.ts'
import { below, type Rung } from '../../ledger/cosmetics-ladder.ts'
import type { ServiceError } from '../../ports/service-error.ts'
import type { LookUp, LookUpFor, UploadAction, UploadCertificate } from './action.ts'
import type { CallResult } from './calls.ts'
import {
  evidenceFor,
  hasLeafOf,
  holdsChain,
  isAnothersOwn,
  isRecordedForOtherChain,
  isRecordedForOtherLeaf,
  isSameType,
  mayHoldChain,
  mayServe,
} from './evidence.ts'
import { type ChainProgress, progressOf, type UploadMemory } from './memory.ts'
import { existsElsewhere, failed, rejectedByService } from './outcomes.ts'
import { openRequest, suffixOf, type UploadView } from './view.ts'

/** A Secret whose calls are throttled for so long, ms, says so in its status. Less is only a slower pace. */
const throttledForLongMs = 60_000
/** Look-ups may show so much later, ms, what the service named. */
const listedLateMs = 60_000

/** Memory after an answer, good or bad. Pure: what other Secrets should know is the ledger's. */
export function model(
  view: UploadView,
  memory: UploadMemory,
  action: UploadAction,
  answer: Answer<CallResult>,
  now: Instant,
): UploadMemory {
  if (!answer.ok) return afterError(view, memory, action, answer.error, now)
  switch (answer.value.kind) {
    case 'Uploaded':
      return afterUpload(view, memory, action as UploadCertificate, answer.value)
    case 'Page':
      return afterLookUp(view, memory, action as LookUp, answer.value, now)
    case 'NamedByChain':
      return isMissingFound(view, memory, answer.value.certificateId)
        ? succeeded(memory)
        : progressed(view, memory, afterChainSearch(view, answer.value.certificateId))
  }
}

/** The service names, for this very chain, the id that was taken for gone: the credentials do not see it. */
export function isMissingFound(
  { ledger, observed }: UploadView,
  { missing }: UploadMemory,
  named: string | undefined,
): boolean {
  const { chain } = observed.material
  return named !== undefined && named === missing && ledger.chainOf(named) === chain?.chainFingerprint
}

/** Memory after a GET or a call: the first id found on record is trusted; from then on what this process wrote is. */
export function observedOnce(view: UploadView, memory: UploadMemory): UploadMemory {
  const { observed, identity, ledger } = view
  const { uploaded, origin } = observed.status
  const isMissing = uploaded !== undefined && ledger.isGone(uploaded.certificateId)
  const missing = isMissing ? uploaded.certificateId : stillMissing(view, memory)
  if (memory.recorded && !ledger.isGone(memory.recorded.certificateId)) return { ...memory, missing }
  if (isMissing || uploaded?.account !== identity.account) return { ...memory, missing, recorded: undefined }
  const { certificateId, chainFingerprint } = uploaded
  return { ...memory, missing, recorded: { certificateId, chainFingerprint, existed: origin !== 'Uploaded' } }
}

/**
 * The id that the status took back is missing until it is shown: that it is named, or that look-ups turn out to hide others, does
 * not bring it back.
 */
function stillMissing({ observed, ledger }: UploadView, { missing }: UploadMemory): string | undefined {
  if (missing === undefined || ledger.isGone(missing)) return missing
  const { status, material } = observed
  const isTakenBack = status.uploaded?.certificateId !== missing
  const isOfChain = ledger.chainOf(missing) === material.chain?.chainFingerprint
  return isTakenBack && isOfChain && !ledger.isShown(missing) ? missing : undefined
}

/**
 * Memory before an outcome is written. The id in it counts as recorded already: a write may be done and its answer lost (I6).
 */
export function reporting(memory: UploadMemory, { slice }: Outcome): UploadMemory {
  const certificateId = slice[statusKeys.certificateId]
  const chainFingerprint = slice[statusKeys.chainFingerprint]
  if (!certificateId || !chainFingerprint) return memory
  const existed = slice[statusKeys.origin] === 'Adopted'
  return { ...memory, recorded: { certificateId, chainFingerprint, existed }, missing: undefined }
}

/** Memory after a slice was written. */
export function written(memory: UploadMemory, slice: StatusSlice): UploadMemory {
  const intended = slice[statusKeys.intent] ?? undefined
  const isSynced = slice[statusKeys.phase] === 'Synced'
  return {
    ...memory,
    ...(intended === undefined ? {} : { intended }),
    ...(isSynced ? { reported: undefined, answered: undefined, last: undefined, intended: undefined } : {}),
  }
}

function afterUpload(
  view: UploadView,
  memory: UploadMemory,
  { copy, suffix, replaces }: UploadCertificate,
  { certificateId, repeated, requestId }: Extract<CallResult, { kind: 'Uploaded' }>,
): UploadMemory {
  const { observed, ledger } = view
  const chain = chainOf(view)
  const proven = ledger.chainOf(certificateId)
  const isOtherChain =
    proven === undefined
      ? isRecordedForOtherChain(observed.status, certificateId, chain)
      : proven !== chain.chainFingerprint
  const named = { sameLeafId: certificateId, sameLeafAsked: false, namedLook: undefined }
  if (observed.settings.repeatable && repeated && !isOwn(view, certificateId, replaces)) {
    return progressed(view, memory, { ...named, notOwn: true })
  }
  const isAnothers = ledger.isAnothersOwn(certificateId, chain.chainFingerprint, observed.key)
  // Asked for with an intent on record: another chain of this leaf was known to be there.
  const isNotCopy = suffix !== undefined && repeated && proven !== chain.chainFingerprint && !copy
  if (!copy && (isOtherChain || isAnothers || (isNotCopy && !observed.settings.repeatable))) {
    return progressed(view, memory, named)
  }
  return succeeded(memory, requestId)
}

/** The id that is named is the Secret's own copy: the missing one, or one that this process knows as such. */
function isOwn({ ledger, observed }: UploadView, named: string, replaces: string | undefined): boolean {
  return named === replaces || ledger.isOwnCopyOf(named, observed.key)
}

function afterLookUp(
  view: UploadView,
  memory: UploadMemory,
  lookUp: LookUp,
  { certificates, isLast, nextOffset }: Extract<CallResult, { kind: 'Page' }>,
  now: Instant,
): UploadMemory {
  const { observed } = view
  const { purpose, query } = lookUp
  const found = (id: string | undefined) => certificates.find((it) => it.certificateId === id)
  const id = query.by === 'ids' ? query.ids[0] : undefined
  switch (purpose) {
    case 'Request': {
      const isFound = found(id) !== undefined
      if (!isFound && !doesAbsenceCount(view, id, now))
        return { ...memory, failure: undefined, absent: absentNow(view, id) }
      const request = openRequest(observed)
      const answered = request && ({ request, result: isFound ? 'Exists' : 'Gone' } as const)
      return { ...memory, failure: undefined, absent: undefined, ...(answered ? { answered } : {}) }
    }
    case 'Known': {
      const isLate = id !== undefined && now.elapsed < view.ledger.absenceCountsFrom(id)
      if (!found(id) && isLate) return { ...memory, absent: absentNow(view, id) }
      if (!found(id)) return withoutLookUp(view, memory, purpose, now, id)
      const request = openRequest(observed)
      return request === undefined ? memory : { ...memory, answered: { request, result: 'Exists' } }
    }
    case 'SameLeaf':
      return afterNamedLook(view, memory, id, found(id) !== undefined, now)
    case 'Owner':
    case 'Previous':
      // What was found is in the ledger.
      return withoutLookUp(view, memory, purpose, now, id)
    case 'Candidate': {
      const remote = found(id)
      const look = progressOf(memory, chainOf(view))?.candidateLook
      // The service names it: it may be listed late.
      if (!remote && now.elapsed - (look?.since ?? now.elapsed) < listedLateMs) {
        const since = look?.since ?? now.elapsed
        return progressed(view, memory, { candidateLook: { since, at: now.elapsed } })
      }
      if (!remote || !isSameType(remote, observed)) return withoutLookUp(view, memory, purpose, now, id)
      const isOtherChain =
        !mayHoldChain(remote, observed, view.ledger.chainOf(remote.certificateId)) ||
        isRecordedForOtherChain(observed.status, remote.certificateId, chainOf(view)) ||
        isAnothersOwn(remote, view)
      if (!isOtherChain) return succeeded(memory)
      return progressed(view, memory, { sameLeafId: id, exists: false, candidate: undefined })
    }
    case 'Copy':
    case 'Exists': {
      const evidence = evidenceFor(view, memory, lookUp)
      const holding = certificates.filter((it) => holdsChain(it, observed, evidence))
      const [unfit] = holding
      if (holding.some((it) => mayServe(it, view))) return succeeded(memory)
      // It serves another Secret or chain alone: a further copy is made.
      const before = unfit
        ? progressed(view, memory, { sameLeafId: unfit.certificateId, exists: false })
        : memory
      if (!isLast) return progressed(view, before, { offset: nextOffset })
      if (purpose === 'Copy') return noCopyFound(view, before, now)
      const { exists, tagSearchedAt } = progressOf(before, chainOf(view)) ?? {}
      const isIntended = observed.status.intent === chainOf(view).chainFingerprint
      if (exists && !isIntended && tagSearchedAt === undefined) {
        return progressed(view, before, { tagSearchedAt: now.elapsed, offset: 0 })
      }
      return withoutLookUp(view, before, purpose, now)
    }
    case 'OwnLeaf': {
      const sameLeaf = certificates.find(
        (it) => hasLeafOf(it, observed) && !isRecordedForOtherLeaf(it, observed),
      )
      if (sameLeaf)
        return progressed(view, memory, { sameLeafId: sameLeaf.certificateId, exists: false, offset: 0 })
      return isLast ? nowhere(view, memory, now) : progressed(view, memory, { offset: nextOffset })
    }
  }
}

/** What was searched for while look-ups do not show what is there was searched for in vain. */
function afterNamedLook(
  view: UploadView,
  memory: UploadMemory,
  id: string | undefined,
  isFound: boolean,
  { elapsed }: Instant,
): UploadMemory {
  if (id === undefined) return memory
  const before = progressOf(memory, chainOf(view))?.namedLook
  const since = before?.id === id && !isFound ? before.since : elapsed
  return progressed(view, memory, {
    sameLeafAsked: true,
    namedLook: { id, since, at: elapsed },
    ...(isFound ? {} : { noCopy: undefined, noChainTag: false }),
  })
}

/** It is known to be gone, or known that look-ups do not show it. Otherwise it may be listed late, or in another account. */
function doesAbsenceCount({ ledger }: UploadView, id: string | undefined, { elapsed }: Instant): boolean {
  return id === undefined || ledger.isGone(id) || ledger.isHidden(id, elapsed)
}

function absentNow({ ledger, observed }: UploadView, id: string | undefined): UploadMemory['absent'] {
  if (id === undefined) return undefined
  return { certificateId: id, until: ledger.absenceProvesFrom(id, observed.key) }
}

function afterError(
  view: UploadView,
  memory: UploadMemory,
  action: UploadAction,
  error: ServiceError,
  now: Instant,
): UploadMemory {
  const step = stepAfterError(view, memory, action, error, now)
  if (step) return step
  const after = action.name === 'UploadCertificate' ? afterRefusal(memory, error) : memory
  if (action.name === 'UploadCertificate' && (error.failure === 'rejected' || error.failure === 'cosmetic')) {
    return reported(view, after, 'rejected', now, rejectedByService(view, error, now))
  }
  const failing = withFailure(view, after, error.failure, now)
  const failingMs = now.elapsed - (failing.failure?.since ?? now.elapsed)
  if (error.failure === 'throttled' && failingMs < throttledForLongMs) return failing
  return reportedAs(view, failing, failed(view, error, failing.failure?.attempt ?? 1))
}

/** Errors that are a step on the way, not a failure. */
function stepAfterError(
  view: UploadView,
  memory: UploadMemory,
  action: UploadAction,
  error: ServiceError,
  now: Instant,
): UploadMemory | undefined {
  const { input } = view.observed
  switch (action.name) {
    case 'UploadCertificate': {
      const rung = nextRung(action)
      if (error.failure === 'cosmetic' && rung !== undefined) {
        return { ...memory, refused: { input, rung, code: error.code } }
      }
      if (error.failure === 'exists' && !action.copy) {
        return progressed(view, memory, {
          exists: true,
          namedLook: undefined,
          candidateLook: undefined,
          tagSearchedAt: undefined,
        })
      }
      const isKeyForm = error.failure === 'rejected' && error.perhapsKeyForm && !action.asPkcs8
      return isKeyForm && hasOtherForm(view) ? { ...memory, pkcs8For: input } : undefined
    }
    case 'DescribeCertificates':
      // The search by tags is one of several: an account may know no tags, or allow none.
      if (action.purpose === 'Exists' && !isPassing(error.failure))
        return withoutLookUp(view, memory, 'Exists', now)
      return error.failure === 'not-allowed' ? afterDenial(view, memory, action, now) : undefined
    case 'CheckCertificateExist':
      return isPassing(error.failure)
        ? undefined
        : progressed(view, memory, afterChainSearch(view, undefined))
  }
}

/** The private key is there, in another form than PKCS#8. */
function hasOtherForm({ observed: { settings, material } }: UploadView): boolean {
  return settings.type === 'SVR' && material.keyPem() !== material.keyPem('pkcs8')
}

/** The next rung that leaves out more than the account makes every upload leave out. */
function nextRung({ rung, account }: UploadCertificate): Rung | undefined {
  const next = below(rung)
  if (account === 'Everything') return undefined
  return next === 'ChainTag' && account === 'ChainTag' ? below(next) : next
}

/** What can go on without the lookup does so. The search for a copy, or for what exists somewhere, cannot. */
function afterDenial(
  view: UploadView,
  memory: UploadMemory,
  { purpose, query }: LookUp,
  now: Instant,
): UploadMemory | undefined {
  const id = query.by === 'ids' ? query.ids[0] : undefined
  if (purpose === 'Copy' || purpose === 'OwnLeaf') return undefined
  if (purpose !== 'Request') return withoutLookUp(view, memory, purpose, now, id)
  const request = openRequest(view.observed)
  return request === undefined ? memory : { ...memory, answered: { request, result: 'NotAllowed' } }
}

/** More than the upload budget lets through within an hour by default. */
const keptChains = 8

/** By purpose: what a lookup that found nothing, or was not allowed, leaves behind so that it is not made again. */
const afterNothing = {
  Known: { knownAsked: true },
  Previous: { previousAsked: true },
  Candidate: { candidate: undefined, noChainSearch: true },
  Exists: { noChainTag: true, offset: 0 },
} as const satisfies Partial<Record<LookUpFor, Partial<ChainProgress>>>

/** Goes on without a lookup: it was made, or cannot be. */
function withoutLookUp(
  view: UploadView,
  memory: UploadMemory,
  purpose: 'Owner' | 'SameLeaf' | keyof typeof afterNothing,
  now: Instant,
  id?: string,
): UploadMemory {
  if (purpose === 'Owner') return { ...memory, ownerAsked: id }
  if (purpose === 'SameLeaf') return afterNamedLook(view, memory, id, false, now)
  return progressed(view, memory, afterNothing[purpose])
}

/** Refused without cosmetics too: they were not to blame, and the next attempt has them again. */
function afterRefusal(memory: UploadMemory, { failure }: ServiceError): UploadMemory {
  const isRefusal = failure === 'rejected' || failure === 'not-allowed' || failure === 'cosmetic'
  return isRefusal ? { ...memory, refused: undefined, pkcs8For: undefined } : memory
}

/** With an intent on record it is asked for the one beside which a copy is made. */
function afterChainSearch(
  { observed }: UploadView,
  certificateId: string | undefined,
): Partial<ChainProgress> {
  if (certificateId === undefined) return { candidate: undefined, noChainSearch: true }
  const isIntended = observed.status.intent === observed.material.chain?.chainFingerprint
  return isIntended ? { sameLeafId: certificateId } : { candidate: certificateId }
}

function noCopyFound(view: UploadView, memory: UploadMemory, { elapsed }: Instant): UploadMemory {
  const chain = chainOf(view)
  const epoch = view.ledger.copies.epochOf(suffixOf(view, chain))
  const before = progressOf(memory, chain)?.noCopy
  const times = before?.epoch === epoch ? before.times + 1 : 1
  return progressed(view, memory, { noCopy: { times, at: elapsed, epoch }, offset: 0 })
}

function nowhere(view: UploadView, memory: UploadMemory, now: Instant): UploadMemory {
  const again = progressed(view, memory, { noChainSearch: false })
  return reported(view, again, 'exists', now, existsElsewhere(view))
}

function reported(
  view: UploadView,
  memory: UploadMemory,
  failure: ServiceError['failure'],
  now: Instant,
  outcome: Outcome,
): UploadMemory {
  return reportedAs(view, withFailure(view, memory, failure, now), outcome)
}

function reportedAs({ observed }: UploadView, memory: UploadMemory, outcome: Outcome): UploadMemory {
  return { ...memory, reported: { input: observed.input, outcome } }
}

function withFailure(
  view: UploadView,
  memory: UploadMemory,
  failure: ServiceError['failure'],
  now: Instant,
): UploadMemory {
  const { input, key } = view.observed
  const spread = spreadOf(key, (memory.failure?.attempt ?? 0) + 1)
  const after = failedAgain(memory.failure, { input, failure, spread }, now)
  // Where the certificate exists is searched for anew.
  return progressed(
    view,
    { ...memory, failure: after, failedChains: failedChainsAfter(view, memory, failure) },
    {
      exists: false,
      candidate: undefined,
      candidateLook: undefined,
      tagSearchedAt: undefined,
      noChainTag: false,
      offset: 0,
    },
  )
}

function failedChainsAfter(
  { observed }: UploadView,
  { failedChains = [] }: UploadMemory,
  failure: ServiceError['failure'],
): UploadMemory['failedChains'] {
  const chain = observed.material.chain?.chainFingerprint ?? ''
  if (failure === 'throttled' || failedChains.includes(chain)) return failedChains
  return [...failedChains, chain].slice(-keptChains)
}

function succeeded(memory: UploadMemory, requestId?: string): UploadMemory {
  const attempt = (memory.failure?.attempt ?? 0) + 1
  return {
    ...memory,
    failure: undefined,
    failedChains: undefined,
    progress: undefined,
    last: { requestId, attempt },
  }
}

/** Something was found out on the way of this chain: the next step follows from it. */
function progressed(view: UploadView, memory: UploadMemory, change: Partial<ChainProgress>): UploadMemory {
  const { chain } = view.observed.material
  if (!chain) return memory
  const { chainFingerprint } = chain
  return { ...memory, progress: { ...progressOf(memory, chain), ...change, chainFingerprint } }
}

function chainOf({ observed }: UploadView): Chain {
  return observed.material.chain as Chain
}
