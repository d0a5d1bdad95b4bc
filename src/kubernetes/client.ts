import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import type { Connection, KubeConfigOptions } from './kube-config.ts'
import { KubeConfig } from './kube-config.ts'
import { errorOfStatus, KubernetesError } from './kubernetes-error.ts'
import { connectionError, Transport } from './transport.ts'

export interface KubernetesRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Absolute, with encoded segments: `/api/v1/namespaces/default/secrets`. */
  readonly path: string
  /** Undefined entries are omitted. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  /** Sent as JSON. */
  readonly body?: unknown
  /** Default `application/json`. */
  readonly contentType?: string
  /** Default `application/json`. */
  readonly accept?: string
  readonly signal?: AbortSignal | undefined
  /** For the whole call, ms; default 30,000. For a stream: until it is open. */
  readonly timeoutMs?: number
}

export interface KubernetesResponse<T> {
  readonly status: number
  readonly body: T
}

/** The API server. All calls and watches share one pool of connections. */
export interface KubernetesClient {
  /** Its address, for logging. */
  readonly server: string
  /**
   * Sends one request and parses the JSON response. The type is the caller's claim and is not checked.
   * @throws KubernetesError for every response outside 2xx and for every failed call; the signal's reason when aborted.
   */
  request<T>(request: KubernetesRequest): Promise<KubernetesResponse<T>>
  /**
   * Opens a stream of bytes, for a watch. Leaving the iteration, or aborting the signal, closes the connection. The
   * iteration throws a KubernetesError when the connection breaks.
   * @throws as `request`.
   */
  stream(request: KubernetesRequest): Promise<AsyncIterable<Buffer>>
  /** Closes all connections; calls in flight fail. */
  close(): void
}

export interface KubernetesClientOptions
  extends Pick<KubeConfigOptions, 'serviceAccountDirectory' | 'environment'> {
  /** A kubeconfig file. Default: the ServiceAccount of the pod. */
  readonly kubeconfig?: string | undefined
  /** For timeouts, and for the age of the credentials. */
  readonly clock?: Clock
  readonly userAgent?: string
}

const defaultTimeoutMs = 30_000
/** For reading the body of an error response. */
const failureBodyTimeoutMs = 10_000
/** Token and certificates are reloaded this often, as in client-go: a ServiceAccount token lives an hour or less. */
const credentialsLiveMs = 60_000
/** A Secret is at most 1 MiB, 500 metadata are 1 MiB as cert-manager writes them. */
const longestBody = 8 * 1024 * 1024

/**
 * Makes a client of the API server that the kubeconfig, or the pod's ServiceAccount, names. Connects on first use.
 * @throws Error with a message for the user when neither is usable.
 */
export function createKubernetesClient(options: KubernetesClientOptions = {}): KubernetesClient {
  const { kubeconfig, clock = systemClock, userAgent = 'tencent-cert-sync', ...rest } = options
  return new HttpKubernetesClient(new KubeConfig({ file: kubeconfig, ...rest }), clock, userAgent)
}

class HttpKubernetesClient implements KubernetesClient {
  readonly server: string
  readonly #config: KubeConfig
  readonly #clock: Clock
  readonly #userAgent: string
  readonly #transport: Transport
  #connection: Connection | undefined
  #readAt = 0
  #reading: Promise<Connection> | undefined

  constructor(config: KubeConfig, clock: Clock, userAgent: string) {
    this.#config = config
    this.#clock = clock
    this.#userAgent = userAgent
    this.#transport = new Transport(clock)
    this.server = config.server().origin
  }

  async request<T>(request: KubernetesRequest): Promise<KubernetesResponse<T>> {
    const timeoutMs = request.timeoutMs ?? defaultTimeoutMs
    const deadline = new AbortController()
    const timeout = new KubernetesError({
      status: 0,
      reason: 'Timeout',
      message: `the API server did not respond within ${timeoutMs} ms`,
    })
    const cancel = this.#clock.after(timeoutMs, () => deadline.abort(timeout))
    // Not AbortSignal.any: the caller's signal may live as long as the process.
    const abort = () => deadline.abort(request.signal?.reason)
    request.signal?.addEventListener('abort', abort, { once: true })
    if (request.signal?.aborted) abort()
    try {
      const answer = await this.#send(request, deadline.signal, false)
      const body = parseJson(await read(answer, deadline.signal))
      return { status: answer.statusCode ?? 0, body: body as T }
    } finally {
      cancel()
      request.signal?.removeEventListener('abort', abort)
    }
  }

  async stream(request: KubernetesRequest): Promise<AsyncIterable<Buffer>> {
    const { signal } = request
    return chunksOf(await this.#send(request, signal, true), signal)
  }

  close(): void {
    this.#transport.close()
  }

  /** Resolves with a 2xx response. */
  async #send(
    request: KubernetesRequest,
    signal: AbortSignal | undefined,
    watch: boolean,
  ): Promise<IncomingMessage> {
    const connection = await this.#credentials()
    const answer = await this.#transport.send(connection, this.#call(request, signal, watch))
    if (answer.statusCode !== 401) return this.#successful(answer, signal)
    const refused = await this.#failureOf(answer, signal)
    // The token may have been rotated since it was read.
    const renewed = await this.#credentials(true)
    if (renewed.headers['authorization'] === connection.headers['authorization']) throw refused
    return this.#successful(await this.#transport.send(renewed, this.#call(request, signal, watch)), signal)
  }

  async #successful(answer: IncomingMessage, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const status = answer.statusCode ?? 0
    if (status >= 200 && status < 300) return answer
    throw await this.#failureOf(answer, signal)
  }

  async #failureOf(answer: IncomingMessage, signal: AbortSignal | undefined): Promise<KubernetesError> {
    const status = answer.statusCode ?? 0
    if (status >= 300 && status < 400) {
      answer.destroy()
      return new KubernetesError({
        status,
        reason: 'Redirect',
        message: 'the API server responded with a redirect',
      })
    }
    // A stream that failed to open has no other timeout at this point.
    const stopWaiting = this.#clock.after(failureBodyTimeoutMs, () => answer.destroy())
    let body: unknown
    try {
      body = parseJson(await read(answer, signal))
    } catch {
      signal?.throwIfAborted()
      // A proxy's HTML, or a truncated body: the status is enough.
    } finally {
      stopWaiting()
    }
    return errorOfStatus(status, body, answer.headers['retry-after'])
  }

  #call(request: KubernetesRequest, signal: AbortSignal | undefined, watch: boolean) {
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) query.set(name, String(value))
    }
    const body = request.body === undefined ? undefined : JSON.stringify(request.body)
    return {
      method: request.method,
      path: query.size === 0 ? request.path : `${request.path}?${query}`,
      headers: {
        accept: request.accept ?? 'application/json',
        'user-agent': this.#userAgent,
        ...(!watch && { 'accept-encoding': 'gzip' }),
        ...(body !== undefined && {
          'content-type': request.contentType ?? 'application/json',
          'content-length': String(Buffer.byteLength(body)),
        }),
      },
      body,
      signal,
      timeoutMs: request.timeoutMs ?? defaultTimeoutMs,
      watch,
    }
  }

  async #credentials(refused = false): Promise<Connection> {
    const age = this.#clock.elapsed() - this.#readAt
    if (this.#connection && !refused && age < credentialsLiveMs) return this.#connection
    // Many calls may find the credentials expired at once: only one reloads them.
    this.#reading ??= this.#read(refused).finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #read(refused: boolean): Promise<Connection> {
    try {
      this.#connection = await this.#config.read(refused)
      this.#readAt = this.#clock.elapsed()
      return this.#connection
    } catch (error) {
      // A file that is being replaced: keep the current credentials and retry on the next call.
      if (this.#connection) return this.#connection
      if (error instanceof KubernetesError) throw error
      const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
      throw new KubernetesError({
        status: 0,
        reason: 'CredentialsUnreadable',
        message: `failed to read the credentials for the API server${code}`,
      })
    }
  }
}

const inflate = promisify(gunzip)

async function read(answer: IncomingMessage, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of chunksOf(answer, signal)) {
    length += chunk.length
    if (length > longestBody) throw tooLarge(answer)
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  if (answer.headers['content-encoding'] !== 'gzip') return body
  try {
    return await inflate(body, { maxOutputLength: longestBody })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    throw code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(answer) : malformed()
  }
}

async function* chunksOf(answer: IncomingMessage, signal?: AbortSignal): AsyncGenerator<Buffer> {
  try {
    yield* answer as AsyncIterable<Buffer>
  } catch (error) {
    signal?.throwIfAborted()
    throw connectionError(error)
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    // The parser's message quotes the text, which may contain a Secret.
    throw malformed()
  }
}

function tooLarge(answer: IncomingMessage): KubernetesError {
  answer.destroy()
  return new KubernetesError({
    status: 0,
    reason: 'TooLarge',
    message: 'the response of the API server is too large',
  })
}

function malformed(): KubernetesError {
  return new KubernetesError({
    status: 0,
    reason: 'MalformedResponse',
    message: 'the response is not valid JSON',
  })
}
