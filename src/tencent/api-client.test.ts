import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Clock, systemClock } from '../clock.ts'
import { ServiceError } from '../ports/service-error.ts'
import { ApiClient } from './api-client.ts'
import { createCredentials } from './credentials.ts'
import { answering, type Respond, refusing, TestService } from './testing/test-service.ts'

const canary = 'canary-private-key'
const secretKey = 'canary-secret-key'
const credentials = createCredentials(
  { kind: 'environment', secretId: 'canary-secret-id', secretKey, token: 'canary-token' },
  systemClock,
)
const upload = { action: 'UploadCertificate', parameters: { CertificatePrivateKey: canary } } as const

let service: TestService
let client: ApiClient

function createClient(host: string, options: { clock?: Clock; requestTimeoutMs?: number } = {}): ApiClient {
  return new ApiClient({
    endpoint: { protocol: 'http', host, site: 'china' },
    credentials,
    clock: systemClock,
    ...options,
  })
}

beforeEach(async () => {
  service = await TestService.start(answering({ CertificateId: 'abc' }))
  client = createClient(service.host)
})

afterEach(async () => {
  client.close()
  await service[Symbol.asyncDispose]()
})

/** The error of a call, and that nothing secret is in it. */
async function failureOf(call: Promise<unknown>): Promise<ServiceError> {
  const error = await call.then(
    () => expect.unreachable('the call succeeded'),
    (it: unknown) => it,
  )
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('canary')
  expect(error).toBeInstanceOf(ServiceError)
  expect((error as Error).cause).toBeUndefined()
  return error as ServiceError
}

/** A clock whose timers run only when the test says so. */
function heldClock(): Clock & { runTimers(): void } {
  const timers = new Set<() => void>()
  return {
    ...systemClock,
    after(_, callback) {
      timers.add(callback)
      return () => timers.delete(callback)
    },
    runTimers() {
      for (const callback of timers) callback()
    },
  }
}

describe('a request', () => {
  test('is signed for the service ssl with TC3-HMAC-SHA256 whatever the name of the host', async () => {
    await client.call(upload, new AbortController().signal)
    const [request] = service.received
    expect(request).toMatchObject({
      method: 'POST',
      url: '/',
      text: JSON.stringify(upload.parameters),
      headers: {
        host: service.host,
        'content-type': 'application/json',
        'x-tc-action': 'UploadCertificate',
        'x-tc-version': '2019-12-05',
        'x-tc-token': 'canary-token',
      },
    })
    expect(request?.headers.authorization).toMatch(
      /^TC3-HMAC-SHA256 Credential=canary-secret-id\/\d{4}-\d\d-\d\d\/ssl\/tc3_request, SignedHeaders=content-type;host, Signature=[0-9a-f]{64}$/,
    )
  })

  test('has no token header where there is no token', async () => {
    const withoutToken = new ApiClient({
      endpoint: { protocol: 'http', host: service.host, site: 'china' },
      credentials: createCredentials({ kind: 'environment', secretId: 'id', secretKey: 'key' }, systemClock),
      clock: systemClock,
    })
    await withoutToken.call(upload, new AbortController().signal)
    withoutToken.close()
    expect(service.received[0]?.headers).not.toHaveProperty('x-tc-token')
  })

  test('goes straight to the endpoint whatever the variable http_proxy says', async () => {
    await using proxy = await TestService.start(answering({ CertificateId: 'stolen' }))
    vi.stubEnv('http_proxy', `http://${proxy.host}`)
    await client.call(upload, new AbortController().signal).finally(() => vi.unstubAllEnvs())
    expect(service.received).toHaveLength(1)
    expect(proxy.received).toEqual([])
  })

  test('goes out on the connection of the one before', async () => {
    const ports = new Set<number | undefined>()
    service.respond = (response, request) => {
      ports.add(response.socket?.remotePort)
      answering({})(response, request)
    }
    for (let call = 1; call <= 5; call += 1) await client.call(upload, new AbortController().signal)
    expect(service.received).toHaveLength(5)
    expect(ports.size).toBe(1)
  })
})

describe('a redirect', () => {
  test.each([300, 301, 302, 303, 304, 305, 307, 308])(
    'with status %i is an error, and no second request is made',
    async (status) => {
      await using elsewhere = await TestService.start(answering({ CertificateId: 'stolen' }))
      const locations = [
        `http://${elsewhere.host}/`,
        '/again',
        'http://[',
        'https://127.0.0.1:1/',
        // A URL, but its user cannot be decoded.
        'http://u%zz@127.0.0.1:1/',
        '//u%zz@127.0.0.1:1/',
      ]
      for (const location of locations) {
        service.received.length = 0
        service.respond = (response) => response.writeHead(status, { location }).end()
        const error = await failureOf(client.call(upload, new AbortController().signal))
        expect(error).toMatchObject({ code: 'Redirect', failure: 'unknown' })
        expect(error.hint).toContain('--tencent-endpoint')
        expect(service.received).toHaveLength(1)
      }
      expect(elsewhere.received).toEqual([])
    },
  )
})

describe('an answer that is none', () => {
  const truncated =
    (headers: Record<string, string>): Respond =>
    (response) => {
      response.writeHead(200, headers)
      response.write('{"Response":', () => response.destroy())
    }
  const cases: readonly [name: string, Respond, code: string, failure: string][] = [
    ['503', (it) => it.writeHead(503).end(canary), 'HTTP503', 'outage'],
    ['500 with an empty body', (it) => it.writeHead(500).end(), 'HTTP500', 'outage'],
    ['429', (it) => it.writeHead(429).end(canary), 'HTTP429', 'outage'],
    ['404', (it) => it.writeHead(404).end(canary), 'HTTP404', 'outage'],
    ['204', (it) => it.writeHead(204).end(), 'MalformedResponse', 'outage'],
    ['malformed JSON', (it) => it.end(`{"${canary}`), 'MalformedResponse', 'outage'],
    ['an HTML page', (it) => it.end(`<p>${canary}</p>`), 'MalformedResponse', 'outage'],
    ['nothing', (it) => it.end(), 'MalformedResponse', 'outage'],
    ['{}', (it) => it.end('{}'), 'MalformedResponse', 'outage'],
    ['null', (it) => it.end('null'), 'MalformedResponse', 'outage'],
    ['Response null', (it) => it.end('{"Response":null}'), 'MalformedResponse', 'outage'],
    ['a list', (it) => it.end(`{"Response":["${canary}"]}`), 'MalformedResponse', 'outage'],
    ['an error without code', answering({ Error: { Message: canary } }), 'MalformedResponse', 'outage'],
    ['an error that is a text', answering({ Error: canary }), 'MalformedResponse', 'outage'],
    ['a code that is prose', refusing(`${canary} -----BEGIN`), 'MalformedResponse', 'outage'],
    ['a reset', (it) => it.socket?.resetAndDestroy(), 'ConnectionFailed.ECONNRESET', 'outage'],
    ['a body cut short', truncated({}), 'ConnectionFailed', 'outage'],
    ['a body shorter than announced', truncated({ 'Content-Length': '100' }), 'ConnectionFailed', 'outage'],
    [
      'a compressed body shorter than announced',
      (response) => {
        const body = gzipSync(`{"Response":{"x":"${randomBytes(1_000).toString('hex')}"}}`)
        response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': body.length })
        response.write(body.subarray(0, 500), () => response.destroy())
      },
      'ConnectionFailed',
      'outage',
    ],
    [
      'a gateway error shorter than announced',
      (response) => {
        response.writeHead(503, { 'Content-Length': '100' })
        response.write(canary, () => response.destroy())
      },
      'HTTP503',
      'outage',
    ],
    [
      'broken compression',
      (it) => it.writeHead(200, { 'Content-Encoding': 'gzip' }).end(canary),
      'ConnectionFailed',
      'outage',
    ],
    [
      'an endless body',
      (it) => {
        const block = Buffer.alloc(1024 * 1024, canary)
        const fill = () => {
          while (!it.destroyed && it.write(block));
        }
        it.on('drain', fill)
        fill()
      },
      'MalformedResponse',
      'outage',
    ],
    [
      'a small body that expands to a huge one',
      (it) => it.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(Buffer.alloc(16 * 1024 * 1024))),
      'MalformedResponse',
      'outage',
    ],
  ]

  test.each(cases)('%s', async (_, respond, code, failure) => {
    service.respond = respond
    const error = await failureOf(client.call(upload, new AbortController().signal))
    expect(error).toMatchObject({ code, failure, action: 'UploadCertificate' })
    expect(service.received).toHaveLength(1)
    service.respond = answering({ CertificateId: 'abc' })
    await expect(client.call(upload, new AbortController().signal)).resolves.toBeDefined()
  })

  test('nobody listening is a refused connection', async () => {
    const { host } = service
    await service[Symbol.asyncDispose]()
    const error = await failureOf(createClient(host).call(upload, new AbortController().signal))
    expect(error).toMatchObject({ code: 'ConnectionFailed.ECONNREFUSED', failure: 'outage' })
  })
})

describe("the service's errors", () => {
  test('keep code and request id and lose the message, which may echo the request', async () => {
    service.respond = (response, request) => refusing('InternalError', request.text)(response, request)
    const error = await failureOf(client.call(upload, new AbortController().signal))
    expect(service.received[0]?.text).toContain(canary)
    expect(error).toMatchObject({ code: 'InternalError', failure: 'outage', requestId: 'request-1' })
    expect(error.message).toBe('UploadCertificate failed: InternalError')
  })

  test('are cosmetic only where alias, tags or use were sent', async () => {
    service.respond = refusing('InvalidParameter.ReservedTagKey')
    const { signal } = new AbortController()
    expect(await failureOf(client.call(upload, signal))).toMatchObject({ failure: 'rejected' })
    expect(await failureOf(client.call({ ...upload, cosmeticsSent: true }, signal))).toMatchObject({
      failure: 'cosmetic',
    })
  })

  test('a request id that is no id is dropped', async () => {
    service.respond = answering({ RequestId: `${canary} `.repeat(9), Error: { Code: 'InternalError' } })
    const error = await failureOf(client.call(upload, new AbortController().signal))
    expect(error.requestId).toBeUndefined()
  })
})

describe('waiting', () => {
  const silences: readonly [name: string, Respond][] = [
    ['without headers', () => undefined],
    ['in the middle of the body', (response) => response.writeHead(200).write('{"Response":')],
  ]

  test.each(silences)('ends with Timeout when the service falls silent %s', async (_, respond) => {
    const clock = heldClock()
    const impatient = createClient(service.host, { clock })
    service.respond = (response, request) => {
      respond(response, request)
      clock.runTimers()
    }
    const error = await failureOf(impatient.call(upload, new AbortController().signal))
    impatient.close()
    expect(error).toMatchObject({ code: 'Timeout', failure: 'outage' })
  })

  test('lasts as long as the configuration says', async () => {
    const waits: number[] = []
    const clock: Clock = {
      ...systemClock,
      after(ms, callback) {
        waits.push(ms)
        return systemClock.after(ms, callback)
      },
    }
    const { signal } = new AbortController()
    await createClient(service.host, { clock }).call(upload, signal)
    await createClient(service.host, { clock, requestTimeoutMs: 700 }).call(upload, signal)
    expect(waits).toEqual([30_000, 700])
  })

  test.each(silences)('ends with Aborted when the caller gives up %s', async (_, respond) => {
    const controller = new AbortController()
    service.respond = (response, request) => {
      respond(response, request)
      controller.abort(new Error(canary))
    }
    const error = await failureOf(client.call(upload, controller.signal))
    expect(error).toMatchObject({ code: 'Aborted', failure: 'outage', countsForAccount: false })
  })

  test('does not begin for a caller that has given up: nothing is sent', async () => {
    const error = await failureOf(client.call(upload, AbortSignal.abort(new Error(canary))))
    expect(error.code).toBe('Aborted')
    expect(service.received).toEqual([])
  })
})

describe('credentials', () => {
  test('that are missing are an error of the caller that names what is missing, and nothing is sent', async () => {
    const lost = new ApiClient({
      endpoint: { protocol: 'http', host: service.host, site: 'china' },
      credentials: createCredentials({ kind: 'directory', path: '/nonexistent' }, systemClock),
      clock: systemClock,
    })
    const error = await failureOf(lost.call(upload, new AbortController().signal))
    expect(error).toMatchObject({ code: 'CredentialsMissing', failure: 'caller', countsForAccount: true })
    expect(error.hint).toContain('/nonexistent/TENCENTCLOUD_SECRET_ID')
    expect(service.received).toEqual([])
  })

  test('are not shown by an inspected client', async () => {
    await client.call(upload, new AbortController().signal)
    expect(inspect(client, { depth: 20, showHidden: true })).not.toContain('canary')
  })
})
