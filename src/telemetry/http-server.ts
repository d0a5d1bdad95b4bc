import { createServer, type Server, type Socket } from 'node:net'
import { formatAddress, type ListenAddress } from '../config.ts'
import { parseRequestLine, type RequestLine, readHead, sendAnswer, tooLarge } from './http-exchange.ts'
import { OpenConnections } from './open-connections.ts'

/** What a path answers. */
export interface Answer {
  readonly status: number
  /** Bytes that several clients get are not copied for each. */
  readonly body: string | Buffer
  /** text/plain by default. */
  readonly contentType?: string
}

/** Answers a path; gets the names of the query's parameters. An error thrown here is a 500 without words. */
export type Route = (query: URLSearchParams) => Answer | Promise<Answer>

/** How long a connection may take, ms. */
export interface HttpTimeouts {
  /** From the connection to the end of the request's headers. Default: 5,000. */
  readonly requestMs?: number
  /** From there until the answer has been read. Default: 10,000. */
  readonly answerMs?: number
}

/** An answer that has been read, as far as this side can know, leaves the client so long to close. */
const lingerMs = 1_000
const maxConnections = 128

/**
 * Serves a few paths to GET and HEAD over plain HTTP: 404 for others, 405 for other methods. Anybody in the cluster can
 * connect, and this shares the event loop with the renewal of the lease. So a connection carries one request, of which
 * no more than its headers is read, and ends after a bounded time; and a new connection is never refused because of old
 * ones. The server of node:http parses whatever arrives before it looks at its limits: one write of 2,500 pipelined
 * requests costs it 100 ms (24.21).
 */
export class HttpServer {
  readonly #flag: string
  readonly #address: ListenAddress
  readonly #routes: ReadonlyMap<string, Route>
  readonly #timeouts: Required<HttpTimeouts>
  readonly #connections = new OpenConnections(maxConnections)
  readonly #server: Server

  /** @param flag the option that the address comes from, for error messages */
  constructor(
    flag: string,
    address: ListenAddress,
    routes: Readonly<Record<string, Route>>,
    { requestMs = 5_000, answerMs = 10_000 }: HttpTimeouts = {},
  ) {
    this.#flag = flag
    this.#address = address
    this.#routes = new Map(Object.entries(routes))
    this.#timeouts = { requestMs, answerMs }
    // A client that has closed its side may still wait for the answer.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#serve(socket))
  }

  /** Resolves with the address (`host:port`, the port that was free for 0). Throws an Error that names the flag. */
  start(): Promise<string> {
    const { host, port } = this.#address
    return new Promise((resolve, reject) => {
      // Stays: an error of accept() later on (no file descriptors) must not end the process.
      this.#server.on('error', (error: NodeJS.ErrnoException) => {
        reject(
          new Error(`--${this.#flag} ${formatAddress(this.#address)}: ${words(error)}`, { cause: error }),
        )
      })
      this.#server.listen({ port, ...(host !== undefined && { host }) }, () => {
        const bound = this.#server.address()
        if (bound === null || typeof bound === 'string') return reject(new TypeError('not a TCP server'))
        resolve(formatAddress({ host: bound.address, port: bound.port }))
      })
    })
  }

  /** Stops listening and drops what is connected. Harmless when it does not run. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      // An error here only says that it does not run.
      this.#server.close(() => resolve())
      this.#connections.destroy()
    })
  }

  async #serve(socket: Socket): Promise<void> {
    this.#connections.add(socket)
    // A client that is gone needs no answer; `close` follows.
    socket.on('error', () => {})
    let timer: NodeJS.Timeout | undefined
    const endAfter = (ms: number) => {
      clearTimeout(timer)
      timer = setTimeout(() => socket.destroy(), ms)
    }
    socket.once('close', () => clearTimeout(timer))

    endAfter(this.#timeouts.requestMs)
    const head = await readHead(socket)
    if (head === undefined) return
    endAfter(this.#timeouts.answerMs)
    const request = head === tooLarge ? head : parseRequestLine(head)
    const { status, body, contentType = 'text/plain; charset=utf-8' } = await this.#answer(request)
    if (socket.destroyed) return
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    this.#connections.answering(socket, bytes.length)
    socket.once('finish', () => endAfter(lingerMs))
    const headOnly = typeof request === 'object' && request.method === 'HEAD'
    sendAnswer(socket, { status, contentType, body: bytes, headOnly })
  }

  async #answer(request: RequestLine | typeof tooLarge | undefined): Promise<Answer> {
    if (request === tooLarge) return { status: 431, body: 'the headers are too large\n' }
    if (request === undefined) return { status: 400, body: 'not an HTTP request\n' }
    const { method, path, query } = request
    const route = this.#routes.get(path)
    if (route === undefined) return { status: 404, body: 'not found\n' }
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, body: 'only GET and HEAD\n' }
    try {
      return await route(new URLSearchParams(query))
    } catch {
      return { status: 500, body: 'failed\n' }
    }
  }
}

function words(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'another process listens there already'
    case 'EACCES':
      return 'not permitted (ports below 1024 need rights of their own)'
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is not known'
    default:
      return error.code ?? 'could not listen'
  }
}
