import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type Server, type Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createAuthority, createLeaf, type TestCertificate } from '../../test/fixtures/certificates.ts'
import { ConnectProxy } from '../../test/harness/connect-proxy.ts'
import { systemClock } from '../clock.ts'
import type { ServiceError } from '../ports/service-error.ts'
import { ApiClient } from './api-client.ts'
import { createCredentials } from './credentials.ts'
import { answering, type Respond, TestService } from './testing/test-service.ts'

/*
 * What a call says that got no answer: why, and how far it got. With real sockets, and over every way there is.
 */

const { signal } = new AbortController()
const call = { action: 'UploadCertificate', parameters: {} } as const
const day = 86_400_000
const trusted = getCACertificates()
let authority: TestCertificate
let stranger: TestCertificate

beforeAll(async () => {
  authority = await createAuthority({ name: 'Test authority' })
  stranger = await createAuthority({ name: 'Stranger' })
  setDefaultCACertificates([...trusted, authority.certificatePem])
})

afterAll(() => setDefaultCACertificates(trusted))

type Way = 'straight' | 'behind a fence' | 'through a proxy'
/** What is left open where a call was not answered. A proxy may deliver it later. */
const unanswered = (way: Way) => (way === 'through a proxy' ? 'unknown' : 'ended')
const ways: readonly Way[] = ['straight', 'behind a fence', 'through a proxy']

async function clientOf(way: Way, host: string, protocol: 'http' | 'https' = 'https'): Promise<ApiClient> {
  const proxy = way === 'through a proxy' ? await ConnectProxy.start() : undefined
  const client = new ApiClient({
    endpoint: { protocol, host, site: 'china' },
    proxy: proxy && { url: proxy.url(), address: 'unused' },
    credentials: createCredentials(
      { kind: 'environment', secretId: 'an-id', secretKey: 'a-key' },
      systemClock,
    ),
    clock: systemClock,
    ...(way === 'behind a fence' && { fence: { check: () => {} } }),
  })
  onTestFinished(async () => {
    client.close()
    await proxy?.[Symbol.asyncDispose]()
  })
  return client
}

async function failureOf(client: ApiClient, until = signal): Promise<ServiceError> {
  return client.call(call, until).then(
    () => expect.unreachable('the call succeeded'),
    (error: ServiceError) => error,
  )
}

/** A TCP server that does this to each connection when the first bytes arrive; its port. */
async function startTcp(onBytes: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => onBytes(socket))
    onTestFinished(() => void socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as { port: number }).port
}

const badCertificates: readonly [string, code: string, hint: RegExp, () => Promise<TestCertificate[]>][] = [
  [
    'signed by itself',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    /NODE_EXTRA_CA_CERTS/,
    async () => [await createLeaf({ commonName: 'localhost' })],
  ],
  [
    'of an authority that is not trusted',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    /NODE_EXTRA_CA_CERTS/,
    async () => [await createLeaf({ commonName: 'localhost', issuer: stranger })],
  ],
  [
    'of an authority that is not trusted and comes along',
    'SELF_SIGNED_CERT_IN_CHAIN',
    /NODE_EXTRA_CA_CERTS/,
    async () => [await createLeaf({ commonName: 'localhost', issuer: stranger }), stranger],
  ],
  [
    'that has expired',
    'CERT_HAS_EXPIRED',
    /clock of the node/,
    async () => [
      await createLeaf({
        commonName: 'localhost',
        issuer: authority,
        notBefore: new Date(Date.now() - 2 * day),
        notAfter: new Date(Date.now() - day),
      }),
    ],
  ],
  [
    'that is not valid yet',
    'CERT_NOT_YET_VALID',
    /clock of the node/,
    async () => [
      await createLeaf({
        commonName: 'localhost',
        issuer: authority,
        notBefore: new Date(Date.now() + day),
        notAfter: new Date(Date.now() + 2 * day),
      }),
    ],
  ],
  [
    'for another host',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    /another host name/,
    async () => [await createLeaf({ commonName: 'elsewhere.example.com', issuer: authority })],
  ],
]

describe.each(ways)('%s', (way) => {
  test.each(badCertificates)('a certificate %s is named, and no request is sent', async (...row) => {
    const [, cause, hint, create] = row
    const chain = await create()
    await using service = await TestService.start(answering({}), {
      cert: chain.map(({ certificatePem }) => certificatePem).join(''),
      key: chain[0]?.keyPem ?? '',
    })
    const error = await failureOf(await clientOf(way, `localhost:${service.port}`))
    expect(error).toMatchObject({ code: `ConnectionFailed.${cause}`, failure: 'outage', reached: 'unsent' })
    expect(error.hint).toMatch(hint)
    expect(service.received).toEqual([])
  })

  test('a server that does not speak TLS is named', async () => {
    const port = await startTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const error = await failureOf(await clientOf(way, `localhost:${port}`))
    expect(error.code).toMatch(/^ConnectionFailed\.(EPROTO|ERR_SSL_WRONG_VERSION_NUMBER)$/)
    expect(error).toMatchObject({ reached: 'unsent', hint: expect.stringContaining('TLS 1.2') })
  })

  test.each([
    ['reset', (socket: Socket) => socket.resetAndDestroy()],
    ['closed', (socket: Socket) => socket.end()],
  ])('a connection that is %s within the handshake has sent nothing', async (_, end) => {
    const port = await startTcp(end)
    const error = await failureOf(await clientOf(way, `localhost:${port}`))
    expect(error).toMatchObject({ code: 'ConnectionFailed.ECONNRESET', reached: 'unsent' })
  })

  test('a request whose connection is reset may have arrived', async () => {
    const leaf = await createLeaf({ commonName: 'localhost', issuer: authority })
    const reset: Respond = (response) => response.socket?.destroy()
    await using service = await TestService.start(reset, { cert: leaf.certificatePem, key: leaf.keyPem })
    const error = await failureOf(await clientOf(way, `localhost:${service.port}`))
    expect(error).toMatchObject({ code: 'ConnectionFailed.ECONNRESET', reached: unanswered(way) })
    expect(service.received).toHaveLength(1)
  })

  test('a request on the connection of the one before may have arrived', async () => {
    const leaf = await createLeaf({ commonName: 'localhost', issuer: authority })
    const identity = { cert: leaf.certificatePem, key: leaf.keyPem }
    await using service = await TestService.start(answering({}), identity)
    const client = await clientOf(way, `localhost:${service.port}`)
    await client.call(call, signal)
    service.respond = (response) => response.socket?.destroy()
    expect(await failureOf(client)).toMatchObject({ reached: unanswered(way) })
  })
})

describe.each<Way>(['straight', 'behind a fence'])('%s', (way) => {
  test('a name that is not in DNS is named', async () => {
    const error = await failureOf(await clientOf(way, 'ssl.invalid'))
    // EAI_AGAIN: on a machine without DNS.
    expect(error.code).toMatch(/^ConnectionFailed\.(ENOTFOUND|EAI_AGAIN)$/)
    expect(error).toMatchObject({ reached: 'unsent', hint: expect.stringContaining('DNS') })
  })

  test.each(['localhost', '127.0.0.1'])('%s, where nobody listens, has refused', async (host) => {
    const error = await failureOf(await clientOf(way, `${host}:1`))
    expect(error).toMatchObject({ code: 'ConnectionFailed.ECONNREFUSED', reached: 'unsent' })
    expect(error.hint).toContain('port')
  })
})

describe('how far a call got', () => {
  const answers: readonly [string, Respond, code: string][] = [
    ['a gateway error', (it) => it.writeHead(503).end(), 'HTTP503'],
    ['a redirect', (it) => it.writeHead(302, { location: '/' }).end(), 'Redirect'],
    ['an answer without meaning', (it) => it.end('{}'), 'MalformedResponse'],
    [
      'an error of the service without a request ID',
      answering({ RequestId: '', Error: { Code: 'InternalError' } }),
      'InternalError',
    ],
    ['an answer cut short', (it) => it.writeHead(200).write('{', () => it.destroy()), 'ConnectionFailed'],
  ]
  test.each(answers)('%s is an answer', async (_, respond, code) => {
    await using service = await TestService.start(respond)
    expect(await failureOf(await clientOf('straight', service.host, 'http'))).toMatchObject({
      code: expect.stringContaining(code),
      reached: 'answered',
    })
  })

  test('a call that is given up before its connection is open has sent nothing', async () => {
    const port = await startTcp(() => controller.abort(new DOMException('late', 'TimeoutError')))
    const controller = new AbortController()
    const client = await clientOf('straight', `localhost:${port}`)
    expect(await failureOf(client, controller.signal)).toMatchObject({ code: 'Timeout', reached: 'unsent' })
  })

  test('a call that is given up within the answer was answered', async () => {
    await using service = await TestService.start((it) => it.writeHead(200).write('{'))
    const controller = new AbortController()
    const client = await clientOf('straight', service.host, 'http')
    const headersArrived = () => setImmediate(() => controller.abort())
    subscribe('http.client.response.finish', headersArrived)
    onTestFinished(() => void unsubscribe('http.client.response.finish', headersArrived))
    expect(await failureOf(client, controller.signal)).toMatchObject({ code: 'Aborted', reached: 'answered' })
  })

  test('missing credentials send nothing', async () => {
    const client = new ApiClient({
      endpoint: { protocol: 'http', host: '127.0.0.1:1', site: 'china' },
      credentials: createCredentials({ kind: 'directory', path: '/nonexistent' }, systemClock),
      clock: systemClock,
    })
    expect(await failureOf(client)).toMatchObject({ code: 'CredentialsMissing', reached: 'unsent' })
  })
})

test.each([
  ['TimeoutError', 'Timeout'],
  ['AbortError', 'Aborted'],
])('a caller whose reason is a %s gets %s', async (name, code) => {
  const controller = new AbortController()
  await using service = await TestService.start(() => controller.abort(new DOMException('a reason', name)))
  const client = await clientOf('straight', service.host, 'http')
  expect(await failureOf(client, controller.signal)).toMatchObject({ code, reached: 'ended' })
})
