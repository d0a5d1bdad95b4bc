import type { Chain } from '../../certificate/material.ts'
import type { Identity, Observed } from '../../contract/observe.ts'
import { type Phase, type StatusChange, supersede } from '../../contract/status.ts'
import type { ServiceError } from '../../ports/service-error.ts'
import type { Reason } from '../../reasons.ts'

/** What is to be written down: the one place that makes status out of what happened. */
export interface Outcome {
  readonly phase: Phase
  readonly reason: Reason
  readonly message: string
  readonly change: StatusChange
}

/** The service answered `certificateId` for the observed chain. */
export function uploaded(
  observed: Observed,
  identity: Identity,
  answer: {
    certificateId: string
    existed: boolean
    refusal?: string | undefined
    gone?: boolean | undefined
    /** Hash of the settings it was uploaded with, where they are not those of now. */
    settings?: string | undefined
  },
  now: number,
): Outcome {
  const { status } = observed
  const chain = observed.material.chain as Chain
  const { certificateId, existed, settings = observed.settingsHash } = answer
  // Ids of another account would be a trap for whoever cleans up later.
  const inAccount = status.uploaded?.account === identity.account
  // Another id for the same chain was never ours.
  const sameChain = status.uploaded?.chainFingerprint === chain.chainFingerprint
  const superseded = inAccount && !answer.gone && !sameChain ? status.uploaded : undefined
  const refused = [...observed.settings.leftOut, ...(answer.refusal ? [answer.refusal] : [])]
  const reason = existed
    ? 'CertificateAdopted'
    : refused.length > 0
      ? 'SettingsRefused'
      : settings !== observed.settingsHash
        ? 'SettingsNotApplied'
        : 'CertificateUploaded'
  const message =
    reason === 'SettingsRefused'
      ? `Uploaded without: ${refused.join('; ')}.`
      : syncedMessage(reason, observed)
  return synced(reason, message, observed, {
    certificateId,
    account: identity.account,
    fingerprint: chain.fingerprint,
    chainFingerprint: chain.chainFingerprint,
    notAfter: rfc3339(chain.notAfter),
    syncedAt: rfc3339(now),
    previousCertificateId: supersede(inAccount ? status.previous : [], superseded, certificateId),
    origin: existed ? 'Adopted' : 'Uploaded',
    settings: existed ? null : settings,
  })
}

/** The status already names the observed chain: what is missing is put back, the rest stays. */
export function alreadySynced(observed: Observed, now: number): Outcome {
  const { phase, reason } = observed.status
  const unasked = phase === 'Synced' && reason === 'VerifyNotAllowed'
  return kept(observed, unasked ? 'VerifyNotAllowed' : keptReason(observed), now)
}

/** Verify found the id on record, or (`allowed: false`) may not ask for it. */
export function verified(observed: Observed, allowed: boolean, now: number): Outcome {
  return kept(observed, allowed ? keptReason(observed) : 'VerifyNotAllowed', now)
}

function kept(observed: Observed, reason: Reason, now: number): Outcome {
  const { status } = observed
  const chain = observed.material.chain as Chain
  const origin = originOf(observed)
  const sameMessage = reason === 'SettingsRefused' ? status.message : undefined
  return synced(reason, sameMessage ?? syncedMessage(reason, observed), observed, {
    fingerprint: chain.fingerprint,
    notAfter: rfc3339(chain.notAfter),
    syncedAt: status.syncedAt ?? rfc3339(now),
    origin,
    settings: origin === 'Adopted' ? null : (status.settings ?? observed.settingsHash),
  })
}

/** Settings are on record only for what was uploaded: nobody knows those of an adopted certificate. */
function originOf({ status }: Observed): 'Uploaded' | 'Adopted' {
  return status.origin ?? (status.settings ? 'Uploaded' : 'Adopted')
}

function keptReason(observed: Observed): Reason {
  const { status, settingsHash } = observed
  if (originOf(observed) === 'Adopted') return 'CertificateAdopted'
  if (status.settings !== undefined && status.settings !== settingsHash) return 'SettingsNotApplied'
  return status.phase === 'Synced' && status.reason === 'SettingsRefused'
    ? 'SettingsRefused'
    : 'CertificateUploaded'
}

function synced(reason: Reason, message: string, observed: Observed, change: StatusChange): Outcome {
  return {
    phase: 'Synced',
    reason,
    message,
    change: {
      ...described('Synced', reason, message),
      handledRequest: echoedRequest(observed),
      intent: null,
      rejectedFor: null,
      rejectedAt: null,
      ...change,
    },
  }
}

/** Echoed with a final outcome only; without an open request the last echo stays. */
function echoedRequest({ settings, status }: Observed): string | null {
  return settings.requestedAt ?? status.handledRequest ?? null
}

function syncedMessage(reason: Reason, { material }: Observed): string {
  const domain = material.chain?.domain ? ` for ${material.chain.domain.slice(0, 100)}` : ''
  switch (reason) {
    case 'CertificateAdopted':
      return `The account already held the certificate${domain}; its id was taken over. Its alias, tags and chain may be another's.`
    case 'SettingsNotApplied':
      return 'Alias, certificate-use, project-id or tags changed after the upload. The uploaded certificate keeps the old ones; change them in the console, or they apply to the next certificate.'
    case 'VerifyNotAllowed':
      return 'The id was kept without a look: grant ssl:DescribeCertificates to have requested-at ask for it.'
    case 'SettingsRefused':
      return 'Uploaded without alias, tags or use.'
    default:
      return `The certificate${domain} is uploaded.`
  }
}

/** A wait for something that is not ours to change. The id on record stays true (I6). */
export function pending(reason: 'TemporaryCertificate' | 'UploadBudgetExceeded'): Outcome {
  const message =
    reason === 'TemporaryCertificate'
      ? 'cert-manager has put a temporary certificate in place; the issued one is uploaded as soon as it is there.'
      : 'This Secret had too many new certificates within an hour; the newest is uploaded when the hour is over. Look for two Certificates that write to the same Secret.'
  return outcome('Pending', reason, message)
}

/** Provably wrong: no call was made. */
export function rejectedByPreflight(observed: Observed, reason: Reason, message: string): Outcome {
  return outcome('Rejected', reason, message, {
    handledRequest: echoedRequest(observed),
  })
}

/** An outcome that also takes back what the status says of a certificate that is no longer in the account. */
export function withdrawing(outcome: Outcome): Outcome {
  return { ...outcome, change: { ...outcome.change, ...nothingUploaded } }
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

/** The service refused this input. */
export function rejectedByService(observed: Observed, error: ServiceError, now: number): Outcome {
  const message = `Tencent Cloud refused the certificate (${error.code}). ${error.hint ?? 'Correct the Secret; it is tried again when it changes.'}`
  return outcome('Rejected', 'RefusedByService', message, {
    rejectedFor: observed.rejectionInput,
    rejectedAt: rfc3339(now),
    handledRequest: echoedRequest(observed),
  })
}

/** A call failed and is tried again. */
export function failed(error: ServiceError): Outcome {
  const reason = failureReason(error)
  const hint = error.hint ?? 'It is tried again.'
  return outcome('Failed', reason, `${error.action} failed (${error.code}). ${hint}`)
}

/** The service says that the account holds the certificate, and it was not found. */
export function existsElsewhere(): Outcome {
  return outcome(
    'Failed',
    'ExistsElsewhere',
    'The account already holds this certificate, but its id could not be found. Delete it in the console, or put its id to use by hand; it is tried again.',
  )
}

function failureReason(error: ServiceError): Reason {
  switch (error.failure) {
    case 'outage':
      return 'ServiceUnavailable'
    case 'caller':
      return 'CredentialsRefused'
    case 'not-allowed':
      return 'NotAllowed'
    case 'quota':
      return 'QuotaExceeded'
    case 'exists':
      return 'ExistsElsewhere'
    case 'throttled':
      return 'Throttled'
    case 'rejected':
    case 'cosmetic':
      return 'RefusedByService'
    default:
      return 'UnexpectedError'
  }
}

function outcome(phase: Phase, reason: Reason, message: string, change: StatusChange = {}): Outcome {
  return {
    phase,
    reason,
    message,
    change: { ...described(phase, reason, message), rejectedFor: null, rejectedAt: null, ...change },
  }
}

function described(phase: Phase, reason: Reason, message: string): StatusChange {
  const bounded = message.length > 500 ? `${message.slice(0, 499)}…` : message
  // A cut may leave half a character, which the API server would store as another: written again for ever.
  return { phase, reason, message: bounded.toWellFormed() }
}

function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
