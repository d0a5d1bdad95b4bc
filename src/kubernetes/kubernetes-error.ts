/** The part of a Kubernetes `Status` object that the operator reads. All of it is optional: proxies answer too. */
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
  readonly unauthorized?: boolean
}

/**
 * A call to the API server that did not succeed. It has no `cause`: Node's own errors may carry bytes of the answer, and
 * with them Secret data (I3).
 */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError'
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number
  /**
   * The API server's word (`Expired`, `Conflict`, `Forbidden`, ...), or one of ours for what has none:
   * `ConnectionFailed`, `Timeout`, `MalformedResponse`, `TooLarge`, `Redirect`, `CredentialsUnreadable`, `HTTP503`.
   */
  readonly reason: string
  /** How long the API server asked to wait, ms, at most a minute. */
  readonly retryAfterMs: number | undefined
  /** The fields that a 422 complains about, such as `metadata.uid`. */
  readonly fields: readonly string[]
  /** The authorizer denied the request: rights are missing. Other 403s come from admission, which saw the content. */
  readonly unauthorized: boolean

  constructor(failure: KubernetesFailure) {
    super(failure.message)
    this.status = failure.status
    this.reason = failure.reason
    this.retryAfterMs = failure.retryAfterMs
    this.fields = failure.fields ?? []
    this.unauthorized = failure.unauthorized ?? false
  }
}

/**
 * How the API server begins what its authorizer denied (`NewForbidden` in apimachinery, `forbiddenMessage` in apiserver):
 * `secrets "a" is forbidden: User "x" cannot ...`. Admission plugins share the beginning but name themselves after it,
 * and a webhook's text follows `admission webhook "x" denied the request`, whatever it quotes.
 */
const deniedByAuthorizer = /^(?:[\w.-]+(?: "[^"]*")? is )?forbidden: User "/

/** A server may ask for more patience than we have by ourselves, but not for silence. */
const longestAskedMs = 60_000

/** Turns an answer that is not a success into an error. `retryAfter` is the header of that name. */
export function errorOfStatus(status: number, body: unknown, retryAfter?: string): KubernetesError {
  const told: StatusBody = isRecord(body) ? body : {}
  const seconds = Number(retryAfter ?? told.details?.retryAfterSeconds ?? Number.NaN)
  const causes = Array.isArray(told.details?.causes) ? told.details.causes : []
  const message = typeof told.message === 'string' ? told.message : ''
  return new KubernetesError({
    status,
    reason: isWord(told.reason) ? told.reason : `HTTP${status}`,
    // Of the whole message: what is shown is cut, and names may be long.
    unauthorized: status === 403 && deniedByAuthorizer.test(message),
    message: message === '' ? `the API server answered ${status}` : withoutData(message),
    retryAfterMs:
      Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, longestAskedMs) : undefined,
    fields: causes.flatMap((cause) => (typeof cause?.field === 'string' ? [cause.field] : [])),
  })
}

/** Whether the resourceVersion that was asked for is too old to be served (HTTP 410, also inside a watch). */
export function isExpired(error: unknown): boolean {
  return error instanceof KubernetesError && (error.status === 410 || error.reason === 'Expired')
}

const longestMessage = 300

/**
 * A foreign message, bounded, in one line and without anything that could be a key or token: an admission webhook sees
 * the whole Secret and may quote it, a proxy sees the token. PEM blocks, tokens and long runs of base64 are cut out.
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

/** What the API server gives as a reason; any other text is somebody else's. */
function isWord(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z]{1,64}$/.test(value)
}

/** Narrows a parsed JSON value to an object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
