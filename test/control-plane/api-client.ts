import { Agent, type buildConnector } from 'undici'

/** An answer of the API server that is not a success. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status. */
  readonly status: number
  /** Kubernetes' reason ("Conflict", "NotFound", "Forbidden"), or an empty string. */
  readonly reason: string

  constructor(what: string, status: number, reason: string, message: string) {
    super(`${what}: ${status} ${reason} ${message}`.trimEnd())
    this.status = status
    this.reason = reason
  }
}

export interface ApiRequest {
  /** Sent as JSON. */
  body?: unknown
  /** Default `application/json`. */
  contentType?: string
  accept?: string
  query?: Record<string, string | number | boolean>
}

export const mergePatch = 'application/merge-patch+json'
export const applyPatch = 'application/apply-patch+yaml'

/** Requests to one API server as one user, over one pool of connections. */
export class ApiClient {
  readonly url: string
  readonly #token: () => string | undefined
  readonly #agent: Agent

  /**
   * @param tls the CA's PEM, or more where a client certificate tells who is asking
   * @param token asked for every request, so that a replaced token is used at once; undefined: none is sent
   */
  constructor(
    url: string,
    tls: string | buildConnector.BuildOptions,
    token: () => string | undefined,
    connections = 32,
  ) {
    this.url = url
    this.#token = token
    const connect = { ...(typeof tls === 'string' ? { ca: tls } : tls), timeout: 5_000 }
    this.#agent = new Agent({ connect, connections, keepAliveTimeout: 30_000 })
  }

  /**
   * One request; the parsed JSON answer, or the text where it is not JSON.
   * @throws ApiError for every status from 300 on.
   */
  async request<T = unknown>(method: string, path: string, request: ApiRequest = {}): Promise<T> {
    const url = new URL(path, this.url)
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, String(value))
    const token = this.#token()
    const answer = await this.#agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: method as 'GET',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        accept: request.accept ?? 'application/json',
        ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
      },
      body: request.body === undefined ? null : JSON.stringify(request.body),
    })
    const text = await answer.body.text()
    const body: unknown = parse(text)
    if (answer.statusCode < 300) return body as T
    const status = (typeof body === 'object' ? body : {}) as { reason?: string; message?: string }
    throw new ApiError(`${method} ${path}`, answer.statusCode, status.reason ?? '', status.message ?? text)
  }

  /** Ends every connection at once. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
