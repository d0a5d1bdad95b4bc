import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { createCertificates } from '../control-plane/certificates.ts'
import type { Cluster } from '../control-plane/cluster.ts'
import { writeKubeconfig } from '../control-plane/kubeconfig.ts'
import type { ServiceAccount } from '../control-plane/service-accounts.ts'

/** A request as it came in from the client. */
export interface ProxiedRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly watch: boolean
  /** The bearer token, or an empty text. */
  readonly token: string
}

/** What becomes of a request or of its answer; undefined lets it pass, `cut` closes the client's connection. */
export type Verdict = undefined | 'cut' | { readonly status: number; readonly body: unknown }

/** What came back for a request: read to its end, or so far where it is a watch. */
export interface RecordedAnswer {
  readonly request: ProxiedRequest
  readonly status: number
  /** Decompressed. */
  text(): string
}

interface Certificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/**
 * Stands between a client and the API server and sees what both say: passes requests on with the client's own token,
 * streams watches, and does to requests, answers and watches what a test wants. Listens on the loopback address.
 */
export class ApiProxy {
  /** Asked before a request goes on to the API server. A promise holds the request until it resolves. */
  onRequest: (request: ProxiedRequest) => Verdict | Promise<Verdict> = () => undefined
  /** Asked when the API server has done its work and nothing of its answer has gone back yet. */
  onAnswer: (request: ProxiedRequest, status: number) => Verdict | Promise<Verdict> = () => undefined

  readonly #cluster: Cluster
  readonly #certificates: Certificates
  readonly #upstream: https.Agent
  readonly #watches = new Set<ServerResponse>()
  readonly #requests: ProxiedRequest[] = []
  #answers: RecordedAnswer[] | undefined
  #server: https.Server | undefined
  #port = 0

  private constructor(cluster: Cluster, certificates: Certificates) {
    this.#cluster = cluster
    this.#certificates = certificates
    this.#upstream = new https.Agent({ ca: cluster.caPem, keepAlive: true })
  }

  /** Starts a proxy before the API server of `cluster`. Close it. */
  static async start(cluster: Cluster): Promise<ApiProxy> {
    const { ca, serverCertificate, serverKey } = await createCertificates()
    const proxy = new ApiProxy(cluster, { ca, cert: serverCertificate, key: serverKey })
    await proxy.listen()
    return proxy
  }

  /** `https://127.0.0.1:PORT`, the same after `stop` and `listen`. */
  get url(): string {
    return `https://127.0.0.1:${this.#port}`
  }

  /** Writes a kubeconfig that speaks as `account` through this proxy, and says where it is. */
  kubeconfig(account: ServiceAccount): string {
    const { tokenFile, namespace, name } = account
    const file = join(this.#cluster.connection.folder, `${namespace}.${name}.${this.#port}.kubeconfig`)
    writeKubeconfig(file, this.url, this.#certificates.ca, { tokenFile })
    return file
  }

  /** What came in so far, oldest first. */
  get requests(): readonly ProxiedRequest[] {
    return this.#requests
  }

  /** How many watches are open. */
  get watches(): number {
    return this.#watches.size
  }

  /** Closes the connections of all open watches. */
  cutWatches(): void {
    for (const watch of this.#watches) watch.destroy()
  }

  /** From now on nothing of the open watches gets through, and nobody closes them: a half-open connection. */
  stallWatches(): void {
    for (const watch of this.#watches) {
      watch.write = () => true
      watch.end = () => watch
    }
  }

  /** Keeps every answer from now on in memory; those of watches grow. */
  recordAnswers(): readonly RecordedAnswer[] {
    this.#answers = []
    return this.#answers
  }

  /** Accepts connections, again on the same port after `stop`. */
  async listen(): Promise<void> {
    const { cert, key } = this.#certificates
    const server = https.createServer({ cert, key }, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** Cuts all connections and refuses new ones. */
  async stop(): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    this.#server = undefined
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  /** Stops for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    this.#upstream.destroy()
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = describe(incoming)
    this.#requests.push(request)
    const body = await buffer(incoming)
    if (refused(await this.onRequest(request), response)) return
    const answer = await this.#forward(incoming, body, response)
    if (request.watch && answer.statusCode === 200) return this.#stream(request, answer, response)
    const content = await buffer(answer)
    this.#record(request, answer, [content])
    if (refused(await this.onAnswer(request, answer.statusCode ?? 0), response)) return
    response.writeHead(answer.statusCode ?? 502, endToEnd(answer))
    response.end(content)
  }

  /** Resolves with the head of the API server's answer. */
  async #forward(
    incoming: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): Promise<IncomingMessage> {
    const request = https.request(new URL(incoming.url ?? '/', this.#cluster.url), {
      agent: this.#upstream,
      method: incoming.method ?? 'GET',
      headers: { ...incoming.headers, host: new URL(this.#cluster.url).host },
    })
    response.once('close', () => request.destroy())
    request.end(body)
    const [answer] = await once(request, 'response')
    // A cut answer is told by its reader; afterwards nobody listens.
    request.on('error', () => {})
    return answer as IncomingMessage
  }

  #stream(request: ProxiedRequest, answer: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    this.#record(request, answer, chunks)
    this.#watches.add(response)
    response.once('close', () => this.#watches.delete(response))
    response.writeHead(200, endToEnd(answer))
    response.flushHeaders()
    answer.on('data', (chunk: Buffer) => {
      if (this.#answers !== undefined) chunks.push(chunk)
      response.write(chunk)
    })
    answer.once('end', () => response.end())
    answer.once('error', () => response.destroy())
  }

  #record(request: ProxiedRequest, answer: IncomingMessage, chunks: readonly Buffer[]): void {
    const { statusCode: status = 0 } = answer
    const text = () => {
      const whole = Buffer.concat(chunks)
      return (answer.headers['content-encoding'] === 'gzip' ? gunzipSync(whole) : whole).toString()
    }
    this.#answers?.push({ request, status, text })
  }
}

/** A `Status` object, as the API server's errors are. */
export function statusObject(code: number, reason: string, message = reason): Record<string, unknown> {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }
}

/** Whether a request writes a Secret's status. */
export function isSecretPatch({ method, path }: ProxiedRequest): boolean {
  return method === 'PATCH' && path.includes('/secrets/')
}

function describe(incoming: IncomingMessage): ProxiedRequest {
  const url = new URL(incoming.url ?? '/', 'https://127.0.0.1')
  return {
    method: incoming.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    watch: url.searchParams.get('watch') === 'true',
    token: (incoming.headers.authorization ?? '').replace(/^Bearer /, ''),
  }
}

/** Carries out a verdict. False: the request, or its answer, passes. */
function refused(verdict: Verdict, response: ServerResponse): boolean {
  if (verdict === undefined) return false
  if (verdict === 'cut') {
    response.destroy()
    return true
  }
  response.writeHead(verdict.status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(verdict.body)}\n`)
  return true
}

/** The headers of an answer that are not about the connection between the API server and the proxy. */
function endToEnd({ headers }: IncomingMessage): NodeJS.Dict<string | string[]> {
  const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...rest } = headers
  return rest
}
