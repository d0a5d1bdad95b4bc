import type { Phase } from '../../src/contract/status.ts'
import { rungs } from '../../src/ledger/cosmetics-ladder.ts'
import type { Reason } from '../../src/reasons.ts'
import type { FaultKind } from '../simulator/faults.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/** What becomes of a Secret whose upload is answered with an error. Times on the operator's clock. */
export interface ErrorExpectation {
  /** Undefined: the error is no state of the Secret, nothing is written. */
  readonly end: { readonly phase: Phase; readonly reason: Reason } | undefined
  /** What the message says. Default: the code. */
  readonly says?: string
  /** Calls until that is on record. Default 1; 4 where ever more of the cosmetics is left out. */
  readonly firstCalls?: number
  /** How many resyncs follow; 100 take 11 s and what the machine needs. Default 100. */
  readonly resyncs?: number
  /** Fewest and most calls during these, by how long they took, ms. Default: none. */
  readonly laterCalls?: (tookMs: number) => readonly [number, number]
  /** The first success of another Secret has it tried once more: its permission may be there as well. */
  readonly wokenBySuccess?: true
  /** Whether a healthy Secret of another namespace syncs meanwhile. Default: yes. */
  readonly otherSyncs?: boolean
  /** After how long the same input is tried again, ms, and not before four fifths of it. */
  readonly againMs: number
}

// The classes of the design ("Error classes"), as a user sees them.
const throttled: ErrorExpectation = {
  end: undefined,
  // Each after a second, less up to a fifth.
  laterCalls: (tookMs) => [5, tookMs / (0.8 * second) + 1],
  againMs: second,
}
const outage: ErrorExpectation = {
  end: { phase: 'Failed', reason: 'ServiceUnavailable' },
  // After 1, 2, 4, 8 s and so on, each less up to a fifth.
  laterCalls: (tookMs) => [
    Math.floor(Math.log2(tookMs / second)) - 1,
    Math.log2(tookMs / (0.8 * second) + 1),
  ],
  againMs: 20 * second,
}
const caller: ErrorExpectation = {
  end: { phase: 'Failed', reason: 'CredentialsRefused' },
  otherSyncs: false,
  // The next key tries after 30 s.
  resyncs: 50,
  againMs: 30 * second,
}
const notAllowed: ErrorExpectation = {
  end: { phase: 'Failed', reason: 'NotAllowed' },
  againMs: 10 * minute,
  wokenBySuccess: true,
}
const quota: ErrorExpectation = { end: { phase: 'Failed', reason: 'QuotaExceeded' }, againMs: hour }
const rejected: ErrorExpectation = {
  end: { phase: 'Rejected', reason: 'RefusedByService' },
  againMs: 24 * hour,
}
const exists: ErrorExpectation = {
  end: { phase: 'Failed', reason: 'ExistsElsewhere' },
  says: 'already holds this certificate',
  againMs: 10 * minute,
}
const unknown: ErrorExpectation = {
  end: { phase: 'Failed', reason: 'UnexpectedError' },
  againMs: 10 * minute,
}
/** Perhaps about alias, tags or use: once more on each rung below. */
const withoutCosmetics = (expectation: ErrorExpectation) => ({ ...expectation, firstCalls: rungs.length })

/** For each error code of the UploadCertificate page what the design wants. */
export const pageExpectations: Readonly<Record<string, ErrorExpectation>> = {
  AuthFailure: caller,
  'AuthFailure.UnauthorizedOperation': notAllowed,
  FailedOperation: unknown,
  'FailedOperation.AuthError': notAllowed,
  'FailedOperation.CAMAuthorizedFail': notAllowed,
  'FailedOperation.CancelOrderFailed': unknown,
  'FailedOperation.CannotBeDeletedIssued': unknown,
  'FailedOperation.CannotBeDeletedWithinHour': unknown,
  'FailedOperation.CannotGetOrder': unknown,
  'FailedOperation.CertificateCaError': rejected,
  'FailedOperation.CertificateEncryptInvalid': rejected,
  'FailedOperation.CertificateExists': exists,
  'FailedOperation.CertificateInvalid': rejected,
  'FailedOperation.CertificateMatchError': rejected,
  'FailedOperation.CertificateMismatch': rejected,
  'FailedOperation.CertificateNotFound': unknown,
  'FailedOperation.CertificateParseError': rejected,
  'FailedOperation.ExceedsFreeLimit': quota,
  'FailedOperation.InvalidCertificateStatusCode': unknown,
  'FailedOperation.InvalidParam': withoutCosmetics(rejected),
  'FailedOperation.NetworkError': outage,
  'FailedOperation.NoProjectPermission': notAllowed,
  'FailedOperation.NoRealNameAuth': caller,
  'FailedOperation.OrderAlreadyReplaced': unknown,
  'FailedOperation.OrderReplaceFailed': unknown,
  InternalError: outage,
  // Speaks of the key: alias, tags and use have no part in it.
  'InvalidParameter.MissMatchPrivateKey': rejected,
  'InvalidParameter.WithDetailReason': withoutCosmetics(rejected),
  'LimitExceeded.RateLimitExceeded': throttled,
}

/** Codes that the page leaves to the list of common error codes, other actions' codes, and one that nobody knows. */
export const commonExpectations: Readonly<Record<string, ErrorExpectation>> = {
  'AuthFailure.SecretIdNotFound': caller,
  'AuthFailure.SignatureExpire': { ...caller, says: 'clock' },
  'AuthFailure.SignatureFailure': caller,
  'AuthFailure.TokenFailure': caller,
  'FailedOperation.RoleNotFoundAuthorization': notAllowed,
  'FailedOperation.SystemError': outage,
  'InternalError.BackendResponseError': outage,
  InvalidParameter: withoutCosmetics(rejected),
  'InvalidParameter.CertificatesNumberExceeded': quota,
  InvalidParameterValue: withoutCosmetics(rejected),
  LimitExceeded: quota,
  MissingParameter: rejected,
  RequestLimitExceeded: throttled,
  'RequestLimitExceeded.UinLimitExceeded': throttled,
  RequestSizeLimitExceeded: rejected,
  ResourceUnavailable: outage,
  RoleNotFoundAuthorization: notAllowed,
  ServiceUnavailable: outage,
  UnauthorizedOperation: withoutCosmetics(notAllowed),
  'UnauthorizedOperation.CamNoAuth': withoutCosmetics(notAllowed),
  UnknownParameter: withoutCosmetics(rejected),
  'FailedOperation.NobodyKnowsThisOne': unknown,
  'Some.NewCode': unknown,
}

/** What comes without a code of the service: the fault, and what the message says. */
export const transportExpectations: Readonly<
  Record<string, ErrorExpectation & { readonly fault: FaultKind; readonly says: string }>
> = {
  'HTTP 429': { ...outage, fault: { kind: 'http-status', status: 429 }, says: '429' },
  'HTTP 500': { ...outage, fault: { kind: 'http-status', status: 500 }, says: '500' },
  'HTTP 503': { ...outage, fault: { kind: 'http-status', status: 503 }, says: '503' },
  'HTTP 413': { ...unknown, fault: { kind: 'http-status', status: 413 }, says: '413' },
  'a body that is no JSON': { ...outage, fault: { kind: 'malformed-json' }, says: 'MalformedResponse' },
  'a connection that is reset': { ...outage, fault: { kind: 'reset' }, says: 'ConnectionFailed' },
  'an answer that is lost': { ...outage, fault: { kind: 'lose-response' }, says: 'ConnectionFailed' },
}
