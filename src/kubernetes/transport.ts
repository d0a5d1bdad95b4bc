import http from 'node:http'
import https from 'node:https'
import type { Clock } from '../clock.ts'
import type { Connection } from './kube-config.ts'
import { KubernetesError } from './kubernetes-error.ts'

/** One HTTP request. */
export interface HttpCall {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly signal: AbortSignal | undefined
  /** Until the response headers are received, ms. */
  readonly timeoutMs: number
  /** A watch uses its connection for minutes, and has a pool of its own. */
  readonly watch: boolean
}

const connectTimeoutMs = 10_000
const callConnections = 16

/**
 * HTTP/1.1 to one API server over keep-alive connections, with Node's own client: it needs 20 MiB less than undici.
 * Redirects are not followed.
 */
export class Transport {
  readonly #clock: Clock
  #connection: Connection | undefined
  #identity = ''
  #calls: https.Agent | http.Agent = new http.Agent()
  #watches: https.Agent | http.Agent = new http.Agent()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Sends a request and resolves with the response; its body is a stream.
   * @throws KubernetesError `ConnectionFailed` or `Timeout`; the signal's reason when aborted.
   */
  async send(connection: Connection, call: HttpCall): Promise<http.IncomingMessage> {
    this.#useIdentity(connection)
    for (let attempt = 0; ; attempt++) {
      call.signal?.throwIfAborted()
      const sent = await this.#sendOnce(connection, call)
      if (sent.kind === 'answer') return sent.answer
      call.signal?.throwIfAborted()
      // The server may close an idle connection while it is reused. All writes are safe to repeat: they contain a
      // resourceVersion or a unique name.
      if (!sent.stale || attempt > callConnections) throw sent.error
    }
  }

  /** Closes all connections. */
  close(): void {
    this.#calls.destroy()
    this.#watches.destroy()
  }

  /** The pools are kept while CA and client certificate stay the same; a token is only a header. */
  #useIdentity(connection: Connection): void {
    if (connection === this.#connection) return
    this.#connection = connection
    const { server, tls } = connection
    const identity = [server.origin, tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized].join()
    if (identity === this.#identity) return
    this.close()
    this.#identity = identity
    const options = { keepAlive: true, keepAliveMsecs: 30_000, scheduling: 'lifo' as const }
    const pool = (limit: http.AgentOptions) =>
      server.protocol === 'https:'
        ? new https.Agent({ ...options, ...limit, ...tls })
        : new http.Agent({ ...options, ...limit })
    this.#calls = pool({ maxSockets: callConnections })
    this.#watches = pool({ maxFreeSockets: 0 })
  }

  #sendOnce(connection: Connection, call: HttpCall): Promise<Sent> {
    const { server, headers } = connection
    return new Promise((resolve) => {
      const request = (server.protocol === 'https:' ? https : http).request({
        agent: call.watch ? this.#watches : this.#calls,
        protocol: server.protocol,
        hostname: server.hostname.replace(/^\[|\]$/g, ''),
        port: server.port,
        path: server.pathname.replace(/\/$/, '') + call.path,
        method: call.method,
        headers: { ...call.headers, ...headers },
        ...(call.signal && { signal: call.signal }),
      })
      // Not by the request's error event: a request that waits for a connection gets none when it is destroyed.
      const giveUp = (error: KubernetesError) => {
        settle({ kind: 'failure', stale: false, error })
        request.destroy()
      }
      const timedOut = (what: string) =>
        giveUp(new KubernetesError({ status: 0, reason: 'Timeout', message: `timed out: ${what}` }))
      const aborted = () => giveUp(connectionError(call.signal?.reason))
      call.signal?.addEventListener('abort', aborted, { once: true })
      const stopWaiting = this.#clock.after(call.timeoutMs, () => timedOut('the API server did not respond'))
      let stopConnecting = () => {}
      request.on('socket', (socket) => {
        if (!socket.connecting) return
        stopConnecting = this.#clock.after(connectTimeoutMs, () =>
          timedOut('no connection to the API server'),
        )
        socket.once(server.protocol === 'https:' ? 'secureConnect' : 'connect', stopConnecting)
      })
      const settle = (sent: Sent) => {
        stopWaiting()
        stopConnecting()
        call.signal?.removeEventListener('abort', aborted)
        resolve(sent)
      }
      request.on('response', (answer) => settle({ kind: 'answer', answer }))
      // Kept after the response, when it only repeats the error that the reader of the body gets.
      request.on('error', (error: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
        settle({ kind: 'failure', stale, error: connectionError(error) })
      })
      request.end(call.body)
    })
  }
}

type Sent =
  | { readonly kind: 'answer'; readonly answer: http.IncomingMessage }
  | { readonly kind: 'failure'; readonly stale: boolean; readonly error: KubernetesError }

/** Describes a connection error by its code only: Node's parser errors contain bytes of the response. */
export function connectionError(error: unknown): KubernetesError {
  if (error instanceof KubernetesError) return error
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  return new KubernetesError({
    status: 0,
    reason: 'ConnectionFailed',
    message: `the connection to the API server failed${code === '' ? '' : ` (${code})`}`,
  })
}
