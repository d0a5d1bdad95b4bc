import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A request as it arrived. */
export interface ReceivedRequest {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export type Respond = (response: ServerResponse, request: ReceivedRequest) => void

/** What an https server shows. */
export interface TlsIdentity {
  readonly cert: string
  readonly key: string
}

/** An HTTP server on the loopback address for the tests of this folder: keeps what arrives, and answers as the test says. */
export class TestService {
  readonly received: ReceivedRequest[] = []
  respond: Respond
  readonly #server: Server

  private constructor(respond: Respond, tls?: TlsIdentity) {
    this.respond = respond
    const listener: RequestListener = (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { method, url, headers } = request
        const received = { method, url, headers, text: Buffer.concat(chunks).toString() }
        this.received.push(received)
        this.respond(response, received)
      })
    }
    this.#server = tls ? createTlsServer(tls, listener) : createServer(listener)
  }

  /** @param tls absent: plain http */
  static async start(respond: Respond, tls?: TlsIdentity): Promise<TestService> {
    const service = new TestService(respond, tls)
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve))
    return service
  }

  /** `127.0.0.1:PORT` */
  get host(): string {
    return `127.0.0.1:${this.port}`
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Answers as the service does: HTTP 200 and an object `Response`. */
export function answering(response: object): Respond {
  return (it) => {
    it.setHeader('Content-Type', 'application/json')
    it.end(JSON.stringify({ Response: { RequestId: 'request-1', ...response } }))
  }
}

/** Answers with a code of the service and a message. */
export function refusing(code: string, message = 'no'): Respond {
  return answering({ Error: { Code: code, Message: message } })
}
