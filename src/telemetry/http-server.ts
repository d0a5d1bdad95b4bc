import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { formatAddress, type ListenAddress } from '../config.ts'

/** What a path answers. */
export interface Answer {
  readonly status: number
  readonly text: string
  /** text/plain by default. */
  readonly contentType?: string
}

/** Answers a path; gets the names of the query's parameters. An error thrown here is a 500 without words. */
export type Route = (query: URLSearchParams) => Answer | Promise<Answer>

/**
 * Serves a few paths to GET and HEAD over plain HTTP: 404 for others, 405 for other methods. Bodies, headers and
 * times of a request are bounded, and so is the time in which nothing of an answer is read: anybody in the cluster can
 * connect.
 */
export class HttpServer {
  readonly #flag: string
  readonly #address: ListenAddress
  readonly #routes: ReadonlyMap<string, Route>
  readonly #server: Server

  /**
   * @param flag the option that the address comes from, for error messages
   * @param stallTimeoutMs how long a connection may stand still in the middle of an answer
   */
  constructor(
    flag: string,
    address: ListenAddress,
    routes: Readonly<Record<string, Route>>,
    stallTimeoutMs = 10_000,
  ) {
    this.#flag = flag
    this.#address = address
    this.#routes = new Map(Object.entries(routes))
    this.#server = createServer(
      {
        headersTimeout: 5_000,
        requestTimeout: 5_000,
        keepAliveTimeout: 5_000,
        connectionsCheckingInterval: 1_000,
        maxHeaderSize: 8_192,
      },
      (request, response) => void this.#handle(request, response),
    )
    this.#server.maxConnections = 128
    // The other times end with the request: a client that does not read its answer would keep its place for ever.
    this.#server.timeout = stallTimeoutMs
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
      this.#server.closeAllConnections()
    })
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, text, contentType = 'text/plain; charset=utf-8' } = await this.#answer(request)
    response.writeHead(status, {
      'content-type': contentType,
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(status === 405 && { allow: 'GET, HEAD' }),
    })
    response.end(text)
  }

  async #answer({ method, url = '' }: IncomingMessage): Promise<Answer> {
    const [path = '', query = ''] = url.split('?', 2)
    const route = this.#routes.get(path)
    if (route === undefined) return { status: 404, text: 'not found\n' }
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, text: 'only GET and HEAD\n' }
    try {
      return await route(new URLSearchParams(query))
    } catch {
      return { status: 500, text: 'failed\n' }
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
