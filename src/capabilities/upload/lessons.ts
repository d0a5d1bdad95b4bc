import { expiryOf } from '../../certificate/expiry.ts'
import { hasChainTag } from '../../contract/ownership.ts'
import type { Answer } from '../../engine/capability.ts'
import type { Instant } from '../../engine/step.ts'
import { lower } from '../../ledger/cosmetics-ladder.ts'
import type { Upload } from '../../ledger/entry.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { FailureClass } from '../../ports/service-error.ts'
import type { UploadAction, UploadCertificate } from './action.ts'
import type { CallResult, Page, Uploaded } from './calls.ts'
import { evidenceFor, holdsChain, mayHoldChain, mayServe } from './evidence.ts'
import { refusedOf, type UploadMemory } from './memory.ts'
import { isMissingFound } from './model.ts'
import { openRequest, reUploadOf, suffixOf, type UploadView, type ViewOfChain } from './view.ts'

/** What the ledger learns from an answer: the same for every Secret that holds the chain or names the id. */
export function learn(
  ledger: Ledger,
  view: ViewOfChain,
  memory: UploadMemory,
  action: UploadAction,
  answer: Answer<CallResult>,
  now: Instant,
): void {
  const { key, secret } = view.observed
  if (action.name === 'UploadCertificate') {
    if (isKnownToHaveEnded(answer)) ledger.copies.answered(suffixOf(view))
    else ledger.copies.lost(suffixOf(view), now.elapsed)
    if (action.replaces) {
      const ending = {
        replaced: isReplaced(action, answer),
        // Another id that the account had already says nothing of lookups.
        newId: answer.ok && answer.value.kind === 'Uploaded' && !answer.value.repeated,
      }
      // A copy is new whether the old one exists or not.
      if (ending.newId && !action.copy) ledger.learnProvenGone(action.replaces)
      if (answer.ok && answer.value.kind === 'Uploaded' && action.copy) {
        ledger.learnReplacement(answer.value.certificateId)
      }
      ledger.reUploads.ended(key, reUploadOf(view.observed), ending, now.elapsed)
    }
    // What is repeated says nothing of the cosmetics: the service ignores them.
    if (answer.ok && answer.value.kind === 'Uploaded' && !answer.value.repeated) {
      const afterRefusal = refusedOf(memory, view.observed) !== undefined
      const sent = lower(action.rung, action.account)
      ledger.cosmetics.succeeded({ key, group: secret.namespace }, { sent, afterRefusal }, now.elapsed)
    }
  }
  if (!answer.ok) {
    learnDenial(ledger, action, answer.error.failure, now)
    return
  }
  const { value } = answer
  if (value.kind === 'Uploaded') learnUploaded(ledger, view, memory, value, now)
  if (value.kind === 'NamedByChain') learnNamed(ledger, view, memory, value.certificateId, now)
  if (value.kind === 'Page') learnPage(ledger, view, memory, value, now)
}

function expiringChain({ observed, chain }: ViewOfChain, { wall }: Instant) {
  const notAfter = expiryOf(chain, observed.settings.type, wall)
  return { chainFingerprint: chain.chainFingerprint, notAfter }
}

/** The re-upload ended: the service stored a certificate, or still has the one that was called gone. */
function isReplaced({ replaces }: UploadCertificate, answer: Answer<CallResult>): boolean {
  if (!answer.ok || answer.value.kind !== 'Uploaded') return false
  return !answer.value.repeated || answer.value.certificateId === replaces
}

/**
 * The service itself said what became of the call, or it was never sent. A gateway's answer proves nothing, nor does an
 * internal error: the service may have failed after it had stored the certificate.
 */
function isKnownToHaveEnded(answer: Answer<CallResult>): boolean {
  if (answer.ok || answer.error.reached === 'unsent') return true
  return answer.error.requestId !== undefined && answer.error.failure !== 'outage'
}

/** Nobody knows any more whether lookups show what they showed before. */
function learnDenial(ledger: Ledger, action: UploadAction, failure: FailureClass, now: Instant): void {
  if (action.name !== 'DescribeCertificates' || action.query.by !== 'ids' || failure !== 'not-allowed') return
  for (const id of action.query.ids) ledger.learnUnlisted(id, now.elapsed)
}

/** The service named an id for the chain. One that was called gone is only hidden. */
function learnNamed(
  ledger: Ledger,
  view: ViewOfChain,
  memory: UploadMemory,
  named: string | undefined,
  now: Instant,
): void {
  if (named === undefined) return
  const isFound = isMissingFound(view, memory, named)
  if (!ledger.isGone(named) && !isFound) return
  const { chainFingerprint, notAfter } = expiringChain(view, now)
  ledger.learnNamed(named, view.observed.key, now.elapsed)
  if (!isFound) return
  const upload = { ...answeredFor(view), ...nothingSent }
  ledger.learnUploaded(named, chainFingerprint, notAfter, upload, now.elapsed)
}

function learnUploaded(
  ledger: Ledger,
  view: ViewOfChain,
  memory: UploadMemory,
  { action, certificateId, repeated }: Uploaded,
  now: Instant,
): void {
  const { chainFingerprint, notAfter } = expiringChain(view, now)
  const { key, settings } = view.observed
  // The answer to one that asks beside which certificate a copy is needed says nothing of the chain.
  const isNotCopy = repeated && action.suffix !== undefined && !settings.repeatable
  if (isNotCopy && ledger.chainOf(certificateId) !== chainFingerprint) {
    if (ledger.isGone(certificateId)) ledger.learnNamed(certificateId, key, now.elapsed)
    return
  }
  // Where a Secret has a copy of its own, somebody else's that the service names is not it.
  const isOwn = !repeated || certificateId === action.replaces || ledger.isOwnCopyOf(certificateId, key)
  const own = settings.repeatable && isOwn
  const { rung, account } = action
  const refusedWith = refusedOf(memory, view.observed)?.code
  const upload = { ...answeredFor(view), own, repeated, rung, account, refusedWith }
  ledger.learnUploaded(certificateId, chainFingerprint, notAfter, upload, now.elapsed)
}

function learnPage(
  ledger: Ledger,
  view: ViewOfChain,
  memory: UploadMemory,
  { action, certificates }: Page,
  now: Instant,
): void {
  const { purpose, query } = action
  for (const certificate of certificates) ledger.learnListed(certificate, now.elapsed)
  if (query.by === 'ids') {
    const found = new Set(certificates.map((it) => it.certificateId))
    for (const id of query.ids.filter((it) => !found.has(it))) {
      ledger.learnAbsent(id, purpose === 'Request' ? view.observed.key : undefined, now.elapsed)
    }
  }
  const { observed } = view
  const { chainFingerprint, notAfter } = expiringChain(view, now)
  const taken = certificates.filter((it) => {
    if (!mayServe(it, view)) return false
    if (purpose === 'Candidate') return mayHoldChain(it, observed, ledger.chainOf(it.certificateId))
    if (purpose !== 'Copy' && purpose !== 'Exists' && purpose !== 'Previous') return false
    return holdsChain(it, observed, evidenceFor(view, memory, action))
  })
  for (const { certificateId, tags } of taken) {
    // Without a tag it is the Secret's own record that speaks for it: that convinces nobody else (I11).
    const isOwnWord = tags.length === 0 || (purpose === 'Previous' && !hasChainTag(tags))
    const answered = answeredFor(view)
    const upload = { ...answered, own: answered.own || isOwnWord, ...nothingSent }
    ledger.learnUploaded(certificateId, chainFingerprint, notAfter, upload, now.elapsed)
    if (purpose !== 'Candidate' && !isOwnWord) ledger.learnChain(certificateId, chainFingerprint)
  }
}

/** What was found was sent by somebody, some time. */
const nothingSent = { repeated: true, rung: 'Nothing', account: 'Nothing', refusedWith: undefined } as const

function answeredFor({
  observed,
}: UploadView): Omit<Upload, 'repeated' | 'rung' | 'account' | 'refusedWith'> {
  return {
    by: observed.key,
    own: observed.settings.repeatable,
    request: openRequest(observed),
    settings: observed.settingsHash,
  }
}
