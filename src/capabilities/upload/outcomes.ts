import { expiryOf } from '../../certificate/expiry.ts'
import type { Violation } from '../../certificate/preflight.ts'
import { statusKeys, userPrefix } from '../../contract/annotation-keys.ts'
import type { Observed } from '../../contract/observe.ts'
import {
  type Phase,
  type SentSettings,
  type StatusChange,
  supersede,
  toAnnotations,
  writeSent,
} from '../../contract/status.ts'
import type { Instant, Outcome } from '../../engine/step.ts'
import type { Holder } from '../../ledger/holder.ts'
import type { FailureClass, ServiceError } from '../../ports/service-error.ts'
import type { Reason } from '../../reasons.ts'
import type { UploadMemory } from './memory.ts'
import { sentSettings, syncedMessage, syncedReason } from './synced-words.ts'
import { recordedHere, type UploadView, type ViewOfChain } from './view.ts'

/** What is to be written down of an upload: the one place that makes status out of what happened. */
export interface UploadOutcome extends Outcome {
  readonly phase: Phase
}

/** The service holds the observed chain under an id. */
export function uploaded(
  view: ViewOfChain,
  { certificateId, upload }: Pick<Holder, 'certificateId' | 'upload'>,
  memory: UploadMemory,
  now: Instant,
): UploadOutcome {
  const { observed, chain, ledger } = view
  const { status } = observed
  // What was uploaded for another Secret has that one's alias and tags: for this one it was there already.
  const isUpload = upload !== undefined && !upload.repeated && upload.by === observed.key
  const sent = isUpload ? sentSettings(upload) : undefined
  const origin = isUpload ? 'Uploaded' : 'Adopted'
  // Ids of another account would be a trap for whoever cleans up later; another id for the same chain was never ours.
  const recorded = recordedHere(view)
  const isSuperseded =
    recorded !== undefined &&
    recorded.chainFingerprint !== chain.chainFingerprint &&
    !ledger.isGone(recorded.certificateId)
  const reason = ledger.absence.isNotVisible(certificateId)
    ? 'NotVisible'
    : syncedReason(observed, { origin, sent })
  return synced(observed, reason, syncedMessage(reason, observed, sent), memory, {
    ...namedNow(view, now),
    certificateId,
    previousCertificateId: supersede(
      recorded ? status.previous : [],
      isSuperseded ? recorded : undefined,
      certificateId,
    ),
    origin,
    settings: sent ? writeSent(sent) : null,
  })
}

/** What the status says of the observed chain from now on, whatever its id. */
function namedNow({ observed, chain, identity }: ViewOfChain, { wall }: Instant): StatusChange {
  return {
    account: identity.account,
    fingerprint: chain.fingerprint,
    chainFingerprint: chain.chainFingerprint,
    notAfter: rfc3339(expiryOf(chain, observed.settings.type, wall)),
    syncedAt: rfc3339(wall),
  }
}

/** Something else wrote another id over the one that this process knows: it is put back (I6). */
export function putBack(
  view: ViewOfChain,
  recorded: NonNullable<UploadMemory['recorded']>,
  now: Instant,
): UploadOutcome {
  const { observed } = view
  const { status } = observed
  const origin = recorded.existed ? 'Adopted' : 'Uploaded'
  const sent = recorded.existed ? undefined : (status.settings ?? asAsked(observed))
  const reason = syncedReason(observed, { origin, sent })
  const { certificateId } = recorded
  const change = {
    ...namedNow(view, now),
    certificateId,
    previousCertificateId: supersede(status.previous, undefined, certificateId),
    origin,
    settings: sent ? writeSent(sent) : null,
  }
  return synced(observed, reason, syncedMessage(reason, observed, sent), {}, change)
}

/** The status already names the observed chain: what is missing is written again, the rest stays. */
export function alreadySynced(view: ViewOfChain, memory: UploadMemory, now: Instant): UploadOutcome {
  const { ledger, observed } = view
  const { status } = observed
  const id = String(status.uploaded?.certificateId)
  if (ledger.absence.isNotVisible(id)) return kept(view, 'NotVisible', memory, now)
  // The reason stays until a lookup or a listing shows the certificate, even if another process wrote it.
  const isKept = status.phase === 'Synced' && isUnverified(status.reason) && !ledger.isShown(id)
  return kept(view, isKept ? status.reason : undefined, memory, now)
}

/** The reason says that lookups do not show the certificate. */
export function isUnverified(reason: Reason | undefined): boolean {
  return reason === 'VerifyNotAllowed' || reason === 'NotVisible'
}

/** `requested-at` asked whether the id on record exists. `Gone` can only be kept where absence proves nothing. */
export function verified(
  view: ViewOfChain,
  memory: UploadMemory,
  result: 'Exists' | 'Gone' | 'NotAllowed',
  now: Instant,
): UploadOutcome {
  const reasons = { Exists: undefined, Gone: 'NotVisible', NotAllowed: 'VerifyNotAllowed' } as const
  return kept(view, reasons[result], memory, now)
}

/**
 * The lookup that `requested-at` asked for did not find the id on record, which Secrets of other namespaces name too. The request
 * stays open and the Secret stays synced, so no Event is recorded.
 */
export function notFoundOnce(view: ViewOfChain, now: Instant): UploadOutcome {
  const { slice, ...synced } = kept(view, undefined, {}, now)
  const message =
    'A lookup did not find this ID. Secrets of other namespaces name it too, so it counts as gone only when a second lookup ten minutes later does not find it either.'
  const handledRequest = view.observed.status.handledRequest ?? null
  const still = toAnnotations({ message, handledRequest })
  return { ...synced, message, slice: { ...slice, ...still }, newsworthy: [] }
}

function kept(
  { observed, chain }: ViewOfChain,
  special: Reason | undefined,
  memory: UploadMemory,
  now: Instant,
): UploadOutcome {
  const { status } = observed
  // Settings are on record only for what was uploaded: nobody knows those of an adopted certificate.
  const origin = status.origin ?? (status.settings ? 'Uploaded' : 'Adopted')
  const sent = origin === 'Adopted' ? undefined : (status.settings ?? asAsked(observed))
  const reason = special ?? syncedReason(observed, { origin, sent })
  return synced(observed, reason, syncedMessage(reason, observed, sent), memory, {
    fingerprint: chain.fingerprint,
    notAfter: rfc3339(expiryOf(chain, observed.settings.type, now.wall)),
    syncedAt: status.syncedAt ?? rfc3339(now.wall),
    origin,
    settings: sent ? writeSent(sent) : null,
  })
}

/** What is on record where nothing is: that the settings of now were sent. */
function asAsked({ settingsHash: hash }: Observed): SentSettings {
  return { hash, refused: [], code: undefined }
}

/** A wait for something that is not ours to change. The id on record stays true (I6). */
export function pending(
  view: UploadView,
  reason: 'TemporaryCertificate' | 'UploadBudgetExceeded',
): UploadOutcome {
  const message =
    reason === 'TemporaryCertificate'
      ? "The Secret holds cert-manager's temporary certificate. The issued certificate will be uploaded when it is available."
      : 'This Secret had too many new certificates within an hour. The newest one is uploaded when the hour is over. Check whether two Certificates write to this Secret.'
  return outcome(view, 'Pending', reason, message)
}

/** An annotation does not parse: no call is made. */
export function invalidAnnotation(view: UploadView): UploadOutcome {
  const { problems } = view.observed.settings
  const message = `${problems.join('; ')}. Correct the annotation (all keys start with ${userPrefix}).`
  return final(view, 'InvalidAnnotation', message)
}

/** Provably wrong: no call is made. */
export function rejectedByPreflight(view: UploadView, { reason, message }: Violation): UploadOutcome {
  return final(view, reason, message)
}

/** The service refused this input. */
export function rejectedByService(view: UploadView, error: ServiceError, now: Instant): UploadOutcome {
  const hint = error.hint ?? 'Correct the Secret. The operator retries when it changes.'
  return final(view, 'RefusedByService', `Tencent Cloud refused the certificate (${error.code}). ${hint}`, {
    change: { rejectedFor: view.observed.rejectionInput, rejectedAt: rfc3339(now.wall) },
    error,
  })
}

/** A call failed and is retried. */
export function failed(view: UploadView, error: ServiceError, attempt: number): UploadOutcome {
  const hint = error.hint ?? 'The operator retries.'
  const message = `${error.action} failed (${error.code}). ${hint}`
  return outcome(view, 'Failed', failureReasons[error.failure], message, { error, attempt })
}

/**
 * The service says that the account holds the certificate, and it was not found.
 *
 * @param missing the id that the status took back: lookups may not show it although it is in use
 */
export function existsElsewhere(view: UploadView, missing: string | undefined): UploadOutcome {
  const message =
    missing === undefined
      ? 'The account already holds this certificate, but its ID could not be found. Look for it in the console. Allow ssl:DescribeCertificates for all certificates or, if nothing uses the certificate, delete it. The operator retries.'
      : `The account holds this certificate, or one with the same leaf, but lookups do not find its ID. It may be ${missing}, which this Secret had. If the console shows ${missing}, it exists and may be in use: allow ssl:DescribeCertificates for all certificates. The operator retries.`
  return outcome(view, 'Failed', 'ExistsElsewhere', message)
}

/** The certificate on record is gone from the account; it is uploaded again. */
export function certificateMissing(view: UploadView, certificateId: string): UploadOutcome {
  const message = `The account no longer holds the certificate ${certificateId}. The operator uploads it again. Whatever uses this ID has no certificate until it uses the new one.`
  return outcome(view, 'Failed', 'CertificateMissing', message)
}

/** A copy is wanted, and lookups do not show the certificate beside which it would be made: nor would they show a copy. */
export function notVisible(view: UploadView, certificateId: string): UploadOutcome {
  const message = `The account holds this certificate as ${certificateId}, but lookups do not show it, so the operator cannot tell whether a further copy exists. Allow ssl:DescribeCertificates for all certificates. The operator uploads the copy when a lookup shows ${certificateId}.`
  return outcome(view, 'Failed', 'NotVisible', message)
}

/** The ids on record belong to another account, or the credentials see none of them. */
export function accountChanged(view: UploadView): UploadOutcome {
  const message =
    'The account may not be the one on record: it does not show certificates that status annotations name, or they have another owner. Correct the credentials. To use this account, set requested-at to a new value on any Secret.'
  return outcome(view, 'Failed', 'AccountChanged', message)
}

/** The operator itself failed on this Secret; it retries (I7). */
export function unexpected(view: Pick<UploadView, 'observed' | 'ledger'>, name: string): UploadOutcome {
  const message = `The operator could not process this Secret (${name}). It retries. Please report this with the operator's version.`
  return outcome(view, 'Failed', 'UnexpectedError', message)
}

function synced(
  observed: Observed,
  reason: Reason,
  message: string,
  { last }: UploadMemory,
  change: StatusChange,
): UploadOutcome {
  const id = change.certificateId ?? observed.status.uploaded?.certificateId
  const request = last?.requestId ? ` Request ID ${last.requestId}.` : ''
  return build(observed, 'Synced', reason, message, {
    change: {
      handledRequest: echoedRequest(observed),
      intent: null,
      rejectedFor: null,
      rejectedAt: null,
      ...change,
    },
    aside: `CertificateId ${id}.${request}`,
    fields: {
      ...(last?.requestId ? { requestId: last.requestId } : {}),
      ...(last?.attempt ? { attempt: last.attempt } : {}),
    },
  })
}

/** Echoed with a final outcome only; without an open request the last echo stays. */
function echoedRequest({ settings, status }: Observed): string | null {
  return settings.requestedAt ?? status.handledRequest ?? null
}

interface Details {
  readonly change?: StatusChange
  readonly error?: ServiceError
  readonly attempt?: number
}

function final(view: UploadView, reason: Reason, message: string, details: Details = {}): UploadOutcome {
  const handledRequest = echoedRequest(view.observed)
  return outcome(view, 'Rejected', reason, message, {
    ...details,
    change: { ...details.change, handledRequest },
  })
}

/** Every outcome but Synced: it takes back what the status says of a certificate that is gone (I6). */
function outcome(
  { observed, ledger }: Pick<UploadView, 'observed' | 'ledger'>,
  phase: Exclude<Phase, 'Synced'>,
  reason: Reason,
  message: string,
  { change = {}, error, attempt }: Details = {},
): UploadOutcome {
  const { uploaded: claim } = observed.status
  const isGone = claim !== undefined && ledger.isGone(claim.certificateId)
  return build(observed, phase, reason, message, {
    change: { rejectedFor: null, rejectedAt: null, ...(isGone ? nothingUploaded : {}), ...change },
    ...(error?.requestId ? { aside: `Request ID ${error.requestId}.` } : {}),
    fields: {
      ...(error ? { code: error.code } : {}),
      ...(error?.requestId ? { requestId: error.requestId } : {}),
      ...(attempt ? { attempt } : {}),
    },
  })
}

const nothingUploaded = {
  certificateId: null,
  account: null,
  fingerprint: null,
  chainFingerprint: null,
  notAfter: null,
  syncedAt: null,
  origin: null,
  settings: null,
} as const satisfies StatusChange

const newsworthy = [statusKeys.phase, statusKeys.reason, statusKeys.message, statusKeys.certificateId]

function build(
  { material, status }: Observed,
  phase: Phase,
  reason: Reason,
  text: string,
  { change, aside, fields }: { change: StatusChange; aside?: string; fields: Outcome['fields'] },
): UploadOutcome {
  const message = bounded(text)
  const certificateId = change.certificateId ?? status.uploaded?.certificateId
  return {
    phase,
    reason,
    message,
    severity: phase === 'Failed' || phase === 'Rejected' ? 'Warning' : 'Normal',
    slice: toAnnotations({ phase, reason, message, ...change }),
    newsworthy,
    fields: {
      phase,
      ...(material.chain ? { fingerprint: material.chain.fingerprint } : {}),
      ...(certificateId ? { certificateId } : {}),
      ...fields,
    },
    ...(aside ? { aside } : {}),
  }
}

const failureReasons = {
  outage: 'ServiceUnavailable',
  throttled: 'Throttled',
  caller: 'CredentialsRefused',
  'not-allowed': 'NotAllowed',
  quota: 'QuotaExceeded',
  exists: 'ExistsElsewhere',
  rejected: 'RefusedByService',
  cosmetic: 'RefusedByService',
  unknown: 'UnexpectedError',
} as const satisfies Record<FailureClass, Reason>

/** A cut may leave half a character, which the API server would store as another: written again for ever. */
function bounded(message: string): string {
  return (message.length > 500 ? `${message.slice(0, 499)}…` : message).toWellFormed()
}

function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
