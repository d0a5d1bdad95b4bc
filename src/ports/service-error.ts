import type { ServiceAction } from './ssl-service.ts'

/**
 * What a failure means to the operator. The adapter alone maps the service's codes to these (`tencent/error-classes.ts`).
 * `cosmetic`: refused while alias, tags or use were sent, so perhaps because of them.
 */
export type FailureClass =
  | 'throttled'
  | 'outage'
  | 'caller'
  | 'not-allowed'
  | 'quota'
  | 'rejected'
  | 'exists'
  | 'cosmetic'
  | 'unknown'

interface ServiceFailure {
  readonly failure: FailureClass
  readonly action: ServiceAction
  readonly code: string
  readonly requestId?: string | undefined
  readonly hint?: string | undefined
  readonly countsForAccount?: boolean
  readonly reached?: Reach
  readonly perhapsKeyForm?: boolean
}

/**
 * How far a call got. `answered`: an HTTP answer came. `ended`: it may have arrived, but its connection was reset, so that
 * nothing of it leaves this host any more. `unknown`: it may have arrived, or arrive yet. `unsent`: nothing was sent.
 */
export type Reach = 'answered' | 'ended' | 'unknown' | 'unsent'

/** Whether the service may have done what it was asked, and nobody knows. */
export function mayHaveArrived(reached: Reach): boolean {
  return reached === 'ended' || reached === 'unknown'
}

/**
 * A failed call. Carries the code, never the service's own text: the service may echo the request, and with it the
 * private key (I3). For the same reason it has no `cause`.
 */
export class ServiceError extends Error implements ServiceFailure {
  override readonly name = 'ServiceError'
  readonly failure: FailureClass
  readonly action: ServiceAction
  /**
   * The service's code, or one of ours for what has none: `HTTP503`, `Proxy407`, `Timeout`, `ConnectionFailed`, `MalformedResponse`,
   * `Redirect`, `Aborted`, `CredentialsMissing`, `UnsupportedOperation`. `ConnectionFailed` is followed by its cause where that is
   * known, as in `ConnectionFailed.ENOTFOUND`.
   */
  readonly code: string
  readonly requestId: string | undefined
  /** What the user can do about it: one sentence. */
  readonly hint: string | undefined
  /** Whether it may say something about the account as a whole (`NoProjectPermission` does not). */
  readonly countsForAccount: boolean
  /** The service may not have been able to read the private key in the form that it had. */
  readonly perhapsKeyForm: boolean
  /** By default `answered` where there is a request ID, else `unknown`. */
  readonly reached: Reach

  constructor(failure: ServiceFailure) {
    super(`${failure.action} failed: ${failure.code}`)
    this.failure = failure.failure
    this.action = failure.action
    this.code = failure.code
    this.requestId = failure.requestId
    this.hint = failure.hint
    this.countsForAccount = failure.countsForAccount ?? true
    this.perhapsKeyForm = failure.perhapsKeyForm ?? false
    this.reached = failure.reached ?? (failure.requestId === undefined ? 'unknown' : 'answered')
  }
}
