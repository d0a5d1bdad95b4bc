import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Action } from './actions/action.ts'
import { checkCertificateExist } from './actions/check-certificate-exist.ts'
import { describeCertificates } from './actions/describe-certificates.ts'
import { uploadCertificate } from './actions/upload-certificate.ts'
import { ApiError } from './api-error.ts'
import type { Call, CallLog, OpenCall } from './call-log.ts'
import type { CertificateStore } from './certificate-store.ts'
import { facts } from './facts.ts'
import type { Faults } from './faults.ts'
import { checkParameters } from './parameters.ts'
import type { Profile } from './profile.ts'
import type { RateLimit } from './rate-limit.ts'
import { readBody } from './request-body.ts'
import { summarize } from './request-summary.ts'
import { authenticate, type Credentials, type ReceivedRequest } from './signature.ts'
import type { Traits } from './traits.ts'

const actions: Readonly<Record<string, Action>> = {
  UploadCertificate: uploadCertificate,
  DescribeCertificates: describeCertificates,
  CheckCertificateExist: checkCertificateExist,
}

/** The account of credentials that name none. */
export const defaultAccount = '100000000001'

/** What one exchange works with. Everything in it outlives the HTTP server. */
export interface World {
  readonly profile: Profile
  traits(): Traits
  /** OwnerUin of an account's certificates. */
  ownerUin(account: string): string
  readonly store: CertificateStore
  readonly calls: CallLog
  readonly faults: Faults
  readonly rateLimit: RateLimit
  credentials(): readonly Credentials[]
  /** Wall clock, ms since the Unix epoch. */
  now(): number
  /** Monotonic clock, ms. */
  elapsed(): number
  /** Told of each call once its outcome is known. */
  onCall?(call: Call): void
}

/**
 * Serves one HTTP request: reads it, lets it arrive, then authenticates, counts, works and answers, with the
 * faults that were asked for struck in between. A body that breaks off never arrived and is not listed.
 */
export async function serve(request: IncomingMessage, response: ServerResponse, world: World): Promise<void> {
  const body = await readBody(request)
  const received = {
    method: request.method ?? '',
    url: request.url ?? '/',
    headers: request.headers,
    body: body ?? Buffer.alloc(0),
  }
  const parsed = parseJson(received.body)
  const action = String(request.headers['x-tc-action'] ?? '')
  const summary = summarize(parsed)
  const target = { action, ...summary }
  const { faults } = world

  const jitter = faults.take('jitter', target)
  if (jitter !== undefined) await sleep(Math.random() * jitter.ms)
  const call = world.calls.open({
    action,
    ...summary,
    requestId: randomUUID(),
    arrivedAt: new Date(world.now()).toISOString(),
    arrivedMs: world.elapsed(),
  })
  const secretId = /Credential=([^/]*)\//.exec(request.headers.authorization ?? '')?.[1]
  if (secretId !== undefined) call.secretId = secretId
  try {
    await respond()
  } finally {
    call.finishedMs = world.elapsed()
    world.onCall?.({ ...call })
  }

  async function respond(): Promise<void> {
    if (faults.take('reset', target) !== undefined) {
      call.result = 'ConnectionReset'
      call.delivery = 'lost'
      request.socket.resetAndDestroy()
      return
    }
    if (await faults.hang(target)) {
      call.result = 'Hung'
      call.delivery = 'lost'
      request.socket.destroy()
      return
    }
    const redirect = faults.take('redirect', target)
    if (redirect !== undefined) return answer(redirect.status, '', { location: redirect.location })
    const gateway = faults.take('http-status', target)
    if (gateway !== undefined) {
      return answer(gateway.status, gateway.body ?? '<html>gateway</html>', { 'content-type': 'text/html' })
    }
    const content = await outcome()
    const json = JSON.stringify({ Response: { ...content, RequestId: call.requestId } })
    if (call.result !== 'Success') return answer(200, json, {})
    const kill = faults.take('kill', target)
    if (kill !== undefined) {
      call.delivery = 'killed'
      killProcess(kill.pid)
      request.socket.destroy()
      return
    }
    await faults.hold('before-answer', target)
    if (faults.take('lose-response', target) !== undefined) {
      call.delivery = 'lost'
      request.socket.destroy()
      return
    }
    if (faults.take('cut-short', target) !== undefined) {
      call.delivery = 'garbled'
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(json),
      })
      response.write(half(json), () => request.socket.destroy())
      return
    }
    if (faults.take('malformed-json', target) === undefined) return answer(200, json, {})
    answer(200, half(json), {})
    if (call.delivery === 'answered') call.delivery = 'garbled'
  }

  /** The members of `Response`; sets the call's result. */
  async function outcome(): Promise<Readonly<Record<string, unknown>>> {
    try {
      const content = await work(received, body === undefined, parsed)
      call.result = 'Success'
      return content
    } catch (error) {
      const refusal =
        error instanceof ApiError ? error : new ApiError('InternalError', 'The simulator itself failed.')
      call.result = refusal.code
      const echo = faults.take('echo-request', target) === undefined ? '' : ` Request: ${received.body}`
      return { Error: { Code: refusal.code, Message: refusal.message + echo } }
    }
  }

  async function work(received: ReceivedRequest, tooLarge: boolean, parsed: unknown) {
    if (tooLarge) throw new ApiError('RequestSizeLimitExceeded', 'The request is larger than 10 MB.')
    checkProtocol(received)
    const credentials = authenticate(received, world.credentials(), world.now())
    const account = credentials.account ?? defaultAccount
    const { perform, input } = findAction(received, action, world.profile)
    if (!world.rateLimit.admit(account, action, call.arrivedMs)) {
      throw new ApiError('LimitExceeded.RateLimitExceeded', 'The API rate limit is reached.')
    }
    const delay = faults.take('delay', target)
    if (delay !== undefined) {
      await sleep(Math.max(0, delay.ms + (delay.spreadMs ?? 0) * (Math.random() * 2 - 1)))
    }
    const error = faults.take('error', target)
    if (error !== undefined) throw new ApiError(error.code, error.message ?? 'An error was asked for.')
    await faults.hold('before-work', target)
    const { profile, store } = world
    const parameters = checkParameters(parsed, input, profile.site)
    const [traits, ownerUin, now] = [world.traits(), world.ownerUin(account), world.now()]
    const content = perform(parameters, { account, profile, traits, ownerUin, store, now })
    noteCertificateId(call, content)
    return content
  }

  function answer(status: number, text: string, headers: Record<string, string>): void {
    if (status !== 200) call.result = `HTTP ${status}`
    call.delivery = request.socket.destroyed ? 'client-gone' : 'answered'
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...headers,
    })
    response.end(text)
  }
}

function half(text: string): string {
  return text.slice(0, Math.floor(text.length / 2))
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}

function checkProtocol(request: ReceivedRequest): void {
  if (request.method !== 'POST') throw new ApiError('UnsupportedProtocol', 'Only POST is served here.')
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new ApiError('UnsupportedProtocol', 'The Content-Type has to be application/json.')
  }
}

function findAction(request: ReceivedRequest, name: string, profile: Profile) {
  const version = request.headers['x-tc-version']
  if (version === undefined) throw new ApiError('MissingParameter', 'X-TC-Version is missing.')
  if (version !== facts.version) throw new ApiError('NoSuchVersion', 'There is no such API version.')
  if (name === '') throw new ApiError('MissingParameter', 'X-TC-Action is missing.')
  const perform = Object.hasOwn(actions, name) ? actions[name] : undefined
  const declared = facts.actions[name]
  if (perform === undefined || declared === undefined || (declared.chinaOnly && profile.site !== 'china')) {
    throw new ApiError('InvalidAction', 'There is no such action.')
  }
  return { perform, input: declared.input }
}

function noteCertificateId(call: OpenCall, content: Readonly<Record<string, unknown>>): void {
  const id = content['CertificateId'] || content['RepeatCertId']
  if (typeof id === 'string' && id !== '') call.certificateId = id
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already; the answer stays away all the same.
  }
}
