import type { Answer } from '../../engine/capability.ts'
import { isPassing } from '../../engine/failure.ts'
import type { Instant } from '../../engine/step.ts'
import { below, type Rung } from '../../ledger/cosmetics-ladder.ts'
import type { ServiceError } from '../../ports/service-error.ts'
import type { Lookup, UploadAction, UploadCertificate } from './action.ts'
import { afterLookup, withoutLookup } from './after-lookup.ts'
import type { CallResult, Uploaded } from './calls.ts'
import { isRecordedForOtherChain } from './evidence.ts'
import type { ChainProgress, UploadMemory } from './memory.ts'
import { failed, rejectedByService } from './outcomes.ts'
import { progressed, reported, reportedAs, succeeded, withFailure } from './remember.ts'
import { openRequest, type UploadView, type ViewOfChain } from './view.ts'

/** A Secret whose calls are throttled for so long, ms, says so in its status. Less is only a slower pace. */
const throttledForLongMs = 60_000

/** Memory after an answer, good or bad. Pure: what other Secrets should know is the ledger's. */
export function model(
  view: ViewOfChain,
  memory: UploadMemory,
  action: UploadAction,
  answer: Answer<CallResult>,
  now: Instant,
): UploadMemory {
  if (!answer.ok) return afterError(view, memory, action, answer.error, now)
  switch (answer.value.kind) {
    case 'Uploaded':
      return afterUpload(view, memory, answer.value)
    case 'Page':
      return afterLookup(view, memory, answer.value, now)
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

function afterUpload(
  view: ViewOfChain,
  memory: UploadMemory,
  { action: { copy, suffix, replaces }, certificateId, repeated, requestId }: Uploaded,
): UploadMemory {
  const { observed, chain, ledger } = view
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

function afterError(
  view: ViewOfChain,
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
  view: ViewOfChain,
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
        return withoutLookup(view, memory, 'Exists', now)
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
  view: ViewOfChain,
  memory: UploadMemory,
  { purpose, query }: Lookup,
  now: Instant,
): UploadMemory | undefined {
  const id = query.by === 'ids' ? query.ids[0] : undefined
  if (purpose === 'Copy' || purpose === 'OwnLeaf') return undefined
  if (purpose !== 'Request') return withoutLookup(view, memory, purpose, now, id)
  const request = openRequest(view.observed)
  return request === undefined ? memory : { ...memory, answered: { request, result: 'NotAllowed' } }
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
