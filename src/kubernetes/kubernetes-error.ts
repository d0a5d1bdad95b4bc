/** The fields of a Kubernetes `Status` object that the operator reads. All are optional: proxies respond, too. */
export interface StatusBody {
  readonly reason?: string
  readonly message?: string
  readonly code?: number
  readonly details?: {
    readonly retryAfterSeconds?: number
    readonly causes?: readonly { readonly field?: string }[]
  }
}

interface KubernetesFailure {
  readonly status: number
  readonly reason: string
  readonly message: string
  readonly retryAfterMs?: number | undefined
  readonly fields?: readonly string[]
  readonly deniedByAuthorizer?: boolean
}

/**
 * A failed call to the API server. It has no `cause`: Node's own errors may contain bytes of the response, and with them
 * Secret data (I3).
 */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError'
  /** The HTTP status; 0 when there was no response. */
  readonly status: number
  /**
   * The API server's reason (`Expired`, `Conflict`, `Forbidden`, ...), or one of the operator where it has none:
   * `ConnectionFailed`, `Timeout`, `MalformedResponse`, `TooLarge`, `Redirect`, `CredentialsUnreadable`, `HTTP503`.
   */
  readonly reason: string
  /** The `Retry-After` of the API server, ms, at most a minute. */
  readonly retryAfterMs: number | undefined
  /** The invalid fields of a 422, such as `metadata.uid`. */
  readonly fields: readonly string[]
  /** The authorizer denied the request: rights are missing. Other 403s come from admission, which saw the content. */
  readonly deniedByAuthorizer: boolean

  constructor(failure: KubernetesFailure) {
    super(failure.message)
    this.status = failure.status
    this.reason = failure.reason
    this.retryAfterMs = failure.retryAfterMs
    this.fields = failure.fields ?? []
    this.deniedByAuthorizer = failure.deniedByAuthorizer ?? false
  }
}

/**
 * The beginning of a message of the authorizer (`NewForbidden` in apimachinery, `forbiddenMessage` in apiserver):
 * `secrets "a" is forbidden: User "x" cannot ...`. Admission plugins name themselves after `is forbidden:`, and the
 * message of a webhook follows `admission webhook "x" denied the request`, whatever it quotes.
 */
const authorizerDenial = /^(?:[\w.-]+(?: "[^"]*")? is )?forbidden: User "/

/** A longer `Retry-After` is cut to this. */
const longestRetryAfterMs = 60_000

/** Converts an unsuccessful response into an error. `retryAfter` is the header of that name. */
export function errorOfStatus(status: number, body: unknown, retryAfter?: string): KubernetesError {
  const parsed: StatusBody = isRecord(body) ? body : {}
  const seconds = Number(retryAfter ?? parsed.details?.retryAfterSeconds ?? Number.NaN)
  const causes = Array.isArray(parsed.details?.causes) ? parsed.details.causes : []
  const message = typeof parsed.message === 'string' ? parsed.message : ''
  return new KubernetesError({
    status,
    reason: isWord(parsed.reason) ? parsed.reason : `HTTP${status}`,
    // The whole message: the shown one is truncated, and names may be long.
    deniedByAuthorizer: status === 403 && authorizerDenial.test(message),
    message: message === '' ? `the API server responded with status ${status}` : withoutData(message),
    retryAfterMs:
      Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, longestRetryAfterMs) : undefined,
    fields: causes.flatMap((cause) => (typeof cause?.field === 'string' ? [cause.field] : [])),
  })
}

/** Whether the requested resourceVersion is too old (HTTP 410, also inside a watch). */
export function isExpired(error: unknown): boolean {
  return error instanceof KubernetesError && (error.status === 410 || error.reason === 'Expired')
}

const longestMessage = 300

/**
 * An external message in one line, truncated and without anything that could be a key or token: an admission webhook
 * receives the whole Secret and may quote it, a proxy receives the token. PEM blocks, tokens and long base64 are removed.
 */
export function withoutData(message: string): string {
  const clean = message
    .slice(0, 20_000)
    .replace(/-----BEGIN[\s\S]*?(-----END[^\n]*?-----|$)/g, '[removed]')
    .replace(/\bBearer\s+\S+/gi, 'Bearer [removed]')
    .replace(/\beyJ[\w-]{8,}(\.[\w-]*)*/g, '[removed]')
    .replace(/[A-Za-z0-9+/=]{40,}/g, '[removed]')
    .replace(/\s+/g, ' ')
    .trim()
  return clean.length <= longestMessage ? clean : `${clean.slice(0, longestMessage - 1)}…`
}

/** Whether this has the form of a reason of the API server. */
function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z]{1,64}$/.test(value)
}

/** Narrows a parsed JSON value to an object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
