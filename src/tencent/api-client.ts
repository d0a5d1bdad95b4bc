import http from 'node:http'
import https from 'node:https'
import type { Response } from 'node-fetch'
import { HttpConnection } from 'tencentcloud-sdk-nodejs/tencentcloud/common/http/http_connection.js'
import type { Clock } from '../clock.ts'
import type { Endpoint, ProxyServer } from '../config.ts'
import type { Fence } from '../ports/fence.ts'
import { type Reach, ServiceError } from '../ports/service-error.ts'
import type { ServiceAction } from '../ports/ssl-service.ts'
import { guardAnswers } from './answer-guard.ts'
import { type Credentials, CredentialsError } from './credential-values.ts'
import type { CredentialsProvider } from './credentials.ts'
import { classify, connectionFailure } from './error-classes.ts'
import { fenceConnections } from './fenced-connections.ts'
import { sendingAgent } from './sending-agent.ts'
import type { SendingConnection } from './sending-connection.ts'
import { TunnelAgent } from './tunnel-agent.ts'

export interface ApiClientOptions {
  /** Plain http is for loopback addresses only; the configuration sees to that. */
  readonly endpoint: Pick<Endpoint, 'protocol' | 'host' | 'site'>
  /** On the way to an https endpoint. Default: none. */
  readonly proxy?: ProxyServer | undefined
  readonly credentials: CredentialsProvider
  readonly clock: Clock
  /** For headers and body together, ms. Default: 30,000. */
  readonly requestTimeoutMs?: number
  /** Asked at the last moment before a request is written. A closed one looks like a failed connection. */
  readonly fence?: Fence | undefined
}

export interface ApiCall {
  readonly action: ServiceAction
  readonly parameters: object
  /** Alias, tags or use are among the parameters. */
  readonly cosmeticsSent?: boolean
  /** A project is among them, which a Secret chooses for itself. */
  readonly projectSent?: boolean
}

/** What is inside `Response`. Everything in it is unchecked, but for the request id. */
export interface ApiAnswer {
  readonly fields: Readonly<Record<string, unknown>>
  readonly requestId: string
  /** An error for an answer that makes no sense. */
  malformed(): ServiceError
}

const version = '2019-12-05'
const service = 'ssl'
/** Decompressed bytes; a full page of certificates has a few MB. */
const maxAnswerBytes = 8 * 1024 * 1024
/** Under the usual idle limits of servers and address translation, so that no call starts on a dead connection. */
const maxIdleMs = 20_000

/** How far a call got. */
interface Progress {
  reached: Reach
  connection: SendingConnection | undefined
  /** Why it was ended from this side. */
  code: string | undefined
}

type SdkRequest = Parameters<typeof HttpConnection.doRequestWithSign3>[0]

/** The SDK's request with its types set right: no region, perhaps no token, and an agent that is chosen per hop. */
type SendRequest = (
  request: Pick<
    SdkRequest,
    'method' | 'url' | 'data' | 'service' | 'version' | 'action' | 'secretId' | 'secretKey' | 'requestClient'
  > & {
    readonly token: string | undefined
    readonly timeout: number
    readonly signal: AbortSignal
    readonly agent: () => http.Agent
  },
) => Promise<Response>

/**
 * Calls actions of the SSL service through the SDK's signer and connection. The SDK's client class on top of them is
 * left out because it takes the first label of any host for the service that is signed, loses the network's error codes
 * and has no bound for an answer.
 */
export class ApiClient {
  readonly #url: string
  readonly #credentials: CredentialsProvider
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #agent: http.Agent
  readonly #hasProxy: boolean
  readonly #fence: Fence | undefined

  constructor(options: ApiClientOptions) {
    const { protocol, host } = options.endpoint
    this.#url = `${protocol}://${host}/`
    this.#credentials = options.credentials
    this.#clock = options.clock
    this.#timeoutMs = options.requestTimeoutMs ?? 30_000
    this.#hasProxy = options.proxy !== undefined
    // One pool; giving it to the SDK also keeps it from routing requests through the variable http_proxy.
    this.#agent = createAgent(protocol, options.proxy, options.clock, this.#timeoutMs)
    guardAnswers(this.#agent)
    const { fence, clock } = options
    this.#fence = fence
    if (fence) fenceConnections(this.#agent, { protocol, fence, clock, setupMs: this.#timeoutMs })
  }

  /**
   * One request, never repeated and never redirected.
   * @param signal ends the call: with `Timeout` where its reason is called `TimeoutError`, else with `Aborted`
   * @throws ServiceError and nothing else
   */
  async call(call: ApiCall, signal: AbortSignal): Promise<ApiAnswer> {
    const ending = new AbortController()
    const progress: Progress = { reached: 'unsent', connection: undefined, code: undefined }
    const end = (code: string) => {
      progress.code ??= code
      ending.abort()
    }
    const onAbort = () => end(isTimeout(signal.reason) ? 'Timeout' : 'Aborted')
    const ended = new Promise<never>((_, reject) => {
      ending.signal.addEventListener('abort', reject, { once: true })
    })
    signal.addEventListener('abort', onAbort, { once: true })
    const cancelTimeout = this.#clock.after(this.#timeoutMs, () => end('Timeout'))
    try {
      if (signal.aborted) onAbort()
      return await Promise.race([ended, this.#exchange(call, ending.signal, progress)])
    } catch (error) {
      if (error instanceof ServiceError) throw error
      // Not even as a cause does the caught error leave: its text is not ours.
      const { code = networkCode(error) } = progress
      throw fail(call, code, { reached: this.#end(progress) })
    } finally {
      signal.removeEventListener('abort', onAbort)
      cancelTimeout()
      // Frees the connection of an answer that was not read to its end.
      ending.abort()
    }
  }

  /** Closes the connections. */
  close(): void {
    this.#agent.destroy()
  }

  /** Ends the connection of a call that failed. How far the call got. */
  #end({ reached, connection }: Progress): Reach {
    if (reached !== 'unknown') return reached
    const wasReset = connection?.reset() ?? false
    // A proxy may hold the request, and deliver it later.
    return wasReset && !this.#hasProxy ? 'ended' : 'unknown'
  }

  async #exchange(call: ApiCall, signal: AbortSignal, progress: Progress): Promise<ApiAnswer> {
    const credentials = await this.#readCredentials(call)
    signal.throwIfAborted()
    const response = await this.#send(call, credentials, signal, progress)
    progress.reached = 'answered'
    const { status } = response
    if (status >= 300 && status <= 399) throw fail(call, 'Redirect')
    if (status > 399) throw fail(call, `HTTP${status}`)
    if (status !== 200) throw fail(call, 'MalformedResponse')
    return readAnswer(call, await readText(call, response))
  }

  async #readCredentials(call: ApiCall): Promise<Credentials> {
    try {
      return await this.#credentials.get()
    } catch (error) {
      const hint = error instanceof CredentialsError ? error.message : undefined
      throw fail(call, 'CredentialsMissing', { reached: 'unsent', hint })
    }
  }

  async #send(
    call: ApiCall,
    { secretId, secretKey, token }: Credentials,
    signal: AbortSignal,
    progress: Progress,
  ): Promise<Response> {
    let hops = 0
    const send = HttpConnection.doRequestWithSign3 as unknown as SendRequest
    return send({
      method: 'POST',
      url: this.#url,
      data: call.parameters,
      service,
      version,
      action: call.action,
      secretId,
      secretKey,
      token,
      requestClient: 'tencent-cert-sync',
      // The time-out is ours: the SDK's own one starts anew for the body.
      timeout: 0,
      signal,
      // Asked for before every hop: should the SDK ever see a redirect, it would follow it with the private key in the
      // body.
      agent: () => {
        this.#fence?.check()
        hops += 1
        if (hops > 1) {
          progress.code = 'Redirect'
          throw new Error('redirected')
        }
        return sendingAgent(this.#agent, (connection) => {
          progress.reached = 'unknown'
          progress.connection = connection
        })
      },
    })
  }
}

function createAgent(
  protocol: Endpoint['protocol'],
  proxy: ProxyServer | undefined,
  clock: Clock,
  setupMs: number,
): http.Agent {
  const options = { keepAlive: true, timeout: maxIdleMs }
  if (protocol === 'http') return new http.Agent(options)
  return proxy === undefined ? new https.Agent(options) : new TunnelAgent(options, proxy, clock, setupMs)
}

/** What the reason of a signal is called that AbortSignal.timeout() makes, or somebody in its manner. */
function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError'
}

/** Our code for an error of the network, of which node-fetch 2 keeps no more than the code. */
function networkCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^Proxy(\d{3}|Malformed)$/.test(code) ? code : connectionFailure(code)
}

async function readText(call: ApiCall, response: Response): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.length
    if (bytes > maxAnswerBytes) throw fail(call, 'MalformedResponse')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function readAnswer(call: ApiCall, text: string): ApiAnswer {
  const fields = readRecord(readRecord(parseJson(text))?.['Response'])
  if (fields === undefined) throw fail(call, 'MalformedResponse')
  const requestId = readRequestId(fields['RequestId'])
  if (fields['Error'] !== undefined && fields['Error'] !== null) {
    const code = readRecord(fields['Error'])?.['Code']
    throw fail(call, isCode(code) ? code : 'MalformedResponse', { requestId })
  }
  return {
    fields,
    requestId: requestId ?? '',
    malformed: () => fail(call, 'MalformedResponse', { requestId }),
  }
}

/** By default, an answer came, and the hint is that of the code. */
function fail(
  call: ApiCall,
  code: string,
  more: {
    readonly reached?: Reach
    readonly requestId?: string | undefined
    readonly hint?: string | undefined
  } = {},
): ServiceError {
  const { action, cosmeticsSent, projectSent } = call
  const { reached = 'answered', requestId, hint } = more
  const classification = classify(code, { action, cosmeticsSent, projectSent })
  return new ServiceError({
    action,
    code,
    requestId,
    reached,
    ...classification,
    ...(hint !== undefined && { hint }),
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isRecord ? (value as Record<string, unknown>) : undefined
}

/** Codes become annotations, labels and log fields: nothing else of the service's text may get there. */
function isCode(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z][A-Za-z0-9]{0,63}(\.[A-Za-z0-9_]{1,63}){0,2}$/.test(value)
}

function readRequestId(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z0-9-]{1,64}$/.test(value) ? value : undefined
}
