import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'

/**
 * What becomes of a CONNECT: a tunnel, a status that refuses it, silence, a tunnel that leads nowhere, or headers that do
 * not end: 8 MiB at once, or a little at a time.
 */
export type TunnelVerdict =
  | 'tunnel'
  | 'tunnel in pieces'
  | 'silence'
  | 'nowhere'
  | 'endless headers'
  | 'endless headers in pieces'
  | number

/** A request as it came to the proxy, before any tunnel. */
export interface AskedOfProxy {
  /** `CONNECT host:port`, or method and target of a request that is none. */
  readonly line: string
  readonly authorization: string | undefined
}

export interface ConnectProxyOptions {
  /** Speak TLS with clients: an https proxy. */
  readonly tls?: { readonly cert: string; readonly key: string }
}

/** An HTTP proxy on the loopback address that makes tunnels, and sees and keeps what passes through them. */
export class ConnectProxy {
  /** Holds for CONNECTs from now on. */
  verdict: TunnelVerdict = 'tunnel'
  /** What a refusal holds beside its headers, ASCII. */
  page = ''
  readonly asked: AskedOfProxy[] = []
  readonly #server: Server
  readonly #protocol: 'http' | 'https'
  readonly #clients = new Set<Socket>()
  readonly #passed: Buffer[] = []

  private constructor({ tls }: ConnectProxyOptions) {
    this.#protocol = tls ? 'https' : 'http'
    this.#server = tls ? createTlsServer(tls) : createServer()
    this.#server.on('connect', (request: IncomingMessage, client: Socket) => this.#connect(request, client))
    this.#server.on('request', (request: IncomingMessage, response) => {
      this.#note(request)
      response.writeHead(405).end()
    })
  }

  static async start(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
    const proxy = new ConnectProxy(options)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  /** With `user`, as in `http://user@127.0.0.1:PORT`. An https proxy is `localhost`. */
  url(user = ''): string {
    const { port } = this.#server.address() as AddressInfo
    const host = this.#protocol === 'http' ? '127.0.0.1' : 'localhost'
    return `${this.#protocol}://${user === '' ? '' : `${user}@`}${host}:${port}`
  }

  /** How many clients hold a connection on which they asked for a tunnel. */
  get open(): number {
    return this.#clients.size
  }

  /** All bytes of all tunnels, both ways, as latin1. */
  get passed(): string {
    return Buffer.concat(this.#passed).toString('latin1')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const client of this.#clients) client.destroy()
    this.#server.closeAllConnections()
    await closed
  }

  #note(request: IncomingMessage): void {
    this.asked.push({
      line: `${request.method} ${request.url}`,
      authorization: request.headers['proxy-authorization'],
    })
  }

  #connect(request: IncomingMessage, client: Socket): void {
    this.#note(request)
    this.#clients.add(client)
    client.once('close', () => this.#clients.delete(client))
    client.on('error', () => {})
    // The server leaves the closing of a connection to its user.
    client.once('end', () => client.end())
    const { verdict } = this
    if (verdict === 'tunnel' || verdict === 'tunnel in pieces') {
      this.#tunnel(request.url ?? '', client, verdict === 'tunnel in pieces')
      return
    }
    client.resume()
    if (verdict === 'nowhere') client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    if (verdict === 'endless headers') {
      client.write(`HTTP/1.1 200 OK\r\n${`x: ${'y'.repeat(1_019)}\r\n`.repeat(8_192)}`)
    }
    if (verdict === 'endless headers in pieces') void this.#trickle(client)
    if (typeof verdict === 'number') {
      client.write(
        `HTTP/1.1 ${verdict} No\r\nProxy-Authenticate: Basic realm="proxy"\r\nContent-Length: ${this.page.length}\r\n\r\n${this.page}`,
      )
    }
  }

  async #trickle(client: Socket): Promise<void> {
    client.setNoDelay()
    client.write('HTTP/1.1 200 OK\r\n')
    while (!client.destroyed) {
      client.write('x: 0123456789\r\n')
      // A turn of the loop lets each piece leave in a packet of its own.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #tunnel(target: string, client: Socket, inPieces: boolean): void {
    const { hostname, port } = new URL(`http://${target}`)
    const upstream = connect(Number(port || 80), hostname, async () => {
      const answer = 'HTTP/1.1 200 OK\r\nVia: x\r\n\r\n'
      client.setNoDelay()
      for (const piece of inPieces ? answer : [answer]) {
        client.write(piece)
        // A turn of the loop lets each piece leave in a packet of its own.
        await new Promise((resolve) => setImmediate(resolve))
      }
      for (const side of [client, upstream]) side.on('data', (chunk: Buffer) => this.#passed.push(chunk))
      client.pipe(upstream).pipe(client)
    })
    upstream.on('error', () => client.destroy())
    upstream.once('close', () => client.destroy())
    client.once('close', () => upstream.destroy())
  }
}
