import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { inspect } from 'node:util'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest'
import { createAuthority, createLeaf } from '../../test/fixtures/certificates.ts'
import { ConnectProxy, type TunnelVerdict } from '../../test/harness/connect-proxy.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { ServiceError } from '../ports/service-error.ts'
import { ApiClient } from './api-client.ts'
import { createCredentials } from './credentials.ts'
import { answering, TestService, type TlsIdentity } from './testing/test-service.ts'

const key = 'canary-private-key'
const user = 'canary-user'
const password = 'canary-p@ss:word'
const { signal } = new AbortController()
const call = { action: 'UploadCertificate', parameters: { CertificatePrivateKey: key } } as const
const trusted = getCACertificates()

let identity: TlsIdentity
let service: TestService
let proxy: ConnectProxy
const clients: ApiClient[] = []

beforeAll(async () => {
  const issuer = await createAuthority({ name: 'Test authority' })
  const leaf = await createLeaf({ commonName: 'localhost', issuer })
  identity = { cert: leaf.certificatePem, key: leaf.keyPem }
  setDefaultCACertificates([...trusted, issuer.certificatePem])
})

afterAll(() => setDefaultCACertificates(trusted))

beforeEach(async () => {
  service = await TestService.start(answering({ CertificateId: 'abc' }), identity)
  proxy = await ConnectProxy.start()
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await proxy[Symbol.asyncDispose]()
  await service[Symbol.asyncDispose]()
})

function createClient(
  options: { url?: string; host?: string; clock?: Clock; requestTimeoutMs?: number } = {},
): ApiClient {
  const { url = proxy.url(), host = `localhost:${service.port}`, ...rest } = options
  const client = new ApiClient({
    endpoint: { protocol: 'https', host, site: 'china' },
    proxy: { url, address: 'unused' },
    credentials: createCredentials(
      { kind: 'environment', secretId: 'canary-secret-id', secretKey: 'canary-secret-key' },
      systemClock,
    ),
    clock: systemClock,
    ...rest,
  })
  clients.push(client)
  return client
}

async function failureOf(failing: Promise<unknown>): Promise<ServiceError> {
  const error = await failing.then(
    () => expect.unreachable('the call succeeded'),
    (it: unknown) => it,
  )
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('canary')
  return error as ServiceError
}

const noneOpen = () => eventually('the proxy has no connection left', () => proxy.open === 0)

describe('through a proxy', () => {
  test('only the name of the host is seen: TLS is spoken with the host', async () => {
    await expect(createClient().call(call, signal)).resolves.toMatchObject({
      fields: { CertificateId: 'abc' },
    })
    expect(service.received).toMatchObject([{ text: JSON.stringify(call.parameters) }])
    expect(proxy.asked).toEqual([{ line: `CONNECT localhost:${service.port}`, authorization: undefined }])
    expect(proxy.passed.length).toBeGreaterThan(500)
    expect(proxy.passed).not.toMatch(/canary|POST|TC3-HMAC/)
  })

  test('calls follow each other on one connection', async () => {
    const client = createClient()
    for (let count = 1; count <= 5; count += 1) await client.call(call, signal)
    expect(service.received).toHaveLength(5)
    expect(proxy.asked).toHaveLength(1)
    client.close()
    await noneOpen()
  })

  test('that wants a user gets it, decoded, and the host does not', async () => {
    await createClient({ url: proxy.url(`${user}:${encodeURIComponent(password)}`) }).call(call, signal)
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
    expect(proxy.asked).toMatchObject([{ authorization }])
    expect(service.received[0]?.headers).not.toHaveProperty('proxy-authorization')
  })

  test('that speaks TLS itself, calls arrive as well', async () => {
    await using secure = await ConnectProxy.start({ tls: identity })
    const client = createClient({ url: secure.url() })
    await client.call(call, signal)
    await client.call(call, signal)
    expect(service.received).toHaveLength(2)
    expect(secure.asked).toHaveLength(1)
    client.close()
  })

  test('that answers byte by byte, calls arrive as well, and nothing piles up', async () => {
    const warnings: string[] = []
    const note = ({ message }: Error) => warnings.push(message)
    process.on('warning', note)
    onTestFinished(() => void process.off('warning', note))
    proxy.verdict = 'tunnel in pieces'
    const client = createClient()
    await client.call(call, signal)
    await client.call(call, signal)
    expect(service.received).toHaveLength(2)
    expect(warnings).toEqual([])
  })

  test.each(['http', 'https'])(
    'answers pass that are longer than the headers may be: %s',
    async (protocol) => {
      await using secure = await ConnectProxy.start({ tls: identity })
      service.respond = answering({ CertificateId: 'x'.repeat(500_000) })
      const client = createClient(protocol === 'https' ? { url: secure.url() } : {})
      const { fields } = await client.call(call, signal)
      expect(fields['CertificateId']).toHaveLength(500_000)
      client.close()
    },
  )

  test('a host whose certificate is for another name gets no request', async () => {
    const error = await failureOf(createClient({ host: `127.0.0.1:${service.port}` }).call(call, signal))
    expect(error).toMatchObject({
      code: 'ConnectionFailed.ERR_TLS_CERT_ALTNAME_INVALID',
      failure: 'outage',
      reached: 'unsent',
    })
    expect(service.received).toEqual([])
    await noneOpen()
  })

  test('a redirect is an error, and nobody is asked a second time', async () => {
    const client = createClient()
    for (const location of ['https://elsewhere.example.com/', 'https://u%zz@elsewhere.example.com/']) {
      service.respond = (it) => it.writeHead(307, { location }).end()
      expect(await failureOf(client.call(call, signal))).toMatchObject({ code: 'Redirect' })
    }
    expect(service.received).toHaveLength(2)
    for (const { line } of proxy.asked) expect(line).toBe(`CONNECT localhost:${service.port}`)
  })

  test('what the environment says of proxies to Node itself changes nothing', async () => {
    await using other = await ConnectProxy.start()
    for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'])
      vi.stubEnv(name, other.url())
    await createClient()
      .call(call, signal)
      .finally(() => vi.unstubAllEnvs())
    expect(service.received).toHaveLength(1)
    expect(other.asked).toEqual([])
  })
})

describe('a proxy that refuses', () => {
  test.each([403, 407, 502, 503])('with %i is an outage with a code that says so', async (status) => {
    proxy.verdict = status
    const client = createClient({ url: proxy.url(`${user}:${encodeURIComponent(password)}`) })
    const error = await failureOf(client.call(call, signal))
    expect(error).toMatchObject({ code: `Proxy${status}`, failure: 'outage', reached: 'unsent' })
    expect(error.hint).toMatch(status === 407 ? /user and password.*HTTPS_PROXY/ : /proxy in HTTPS_PROXY/)
    expect(service.received).toEqual([])
  })

  test('is left at once, call by call, and asked again by the next', async () => {
    proxy.verdict = 502
    const client = createClient()
    for (let count = 1; count <= 3; count += 1) await failureOf(client.call(call, signal))
    expect(proxy.asked).toHaveLength(3)
    await noneOpen()
    proxy.verdict = 'tunnel'
    await expect(client.call(call, signal)).resolves.toBeDefined()
  })

  test('with a long page is told apart by its status alone', async () => {
    proxy.verdict = 403
    proxy.page = 'x'.repeat(300_000)
    expect(await failureOf(createClient().call(call, signal))).toMatchObject({ code: 'Proxy403' })
    await noneOpen()
  })

  test('by not being there is ConnectionFailed.ECONNREFUSED', async () => {
    const url = proxy.url()
    await proxy[Symbol.asyncDispose]()
    expect(await failureOf(createClient({ url }).call(call, signal))).toMatchObject({
      code: 'ConnectionFailed.ECONNREFUSED',
      failure: 'outage',
      reached: 'unsent',
    })
  })
})

describe('a proxy that sends headers without end', () => {
  test('is an outage with a code that says so, and is left before they are collected', async () => {
    proxy.verdict = 'endless headers'
    const client = createClient({ requestTimeoutMs: 5_000 })
    const calls = await Promise.all([1, 2].map(() => failureOf(client.call(call, signal))))
    expect(calls).toMatchObject(
      Array(2).fill({ code: 'ProxyMalformed', failure: 'outage', reached: 'unsent' }),
    )
    expect(calls[0]?.hint).toMatch(/HTTPS_PROXY/)
    await noneOpen()
    proxy.verdict = 'tunnel'
    await expect(client.call(call, signal)).resolves.toBeDefined()
  })

  test('of which each is short costs the same', async () => {
    proxy.verdict = 'endless headers in pieces'
    expect(await failureOf(createClient().call(call, signal))).toMatchObject({ code: 'ProxyMalformed' })
    await noneOpen()
  })
})

describe('a proxy that hangs', () => {
  const silences: TunnelVerdict[] = ['silence', 'nowhere']

  test.each(silences)('(%s) is a Timeout, and leaves no connection behind', async (verdict) => {
    proxy.verdict = verdict
    const client = createClient({ requestTimeoutMs: 200 })
    const calls = await Promise.all([1, 2, 3].map(() => failureOf(client.call(call, signal))))
    expect(calls).toMatchObject(Array(3).fill({ code: 'Timeout', failure: 'outage', reached: 'unsent' }))
    expect(proxy.asked).toHaveLength(3)
    await noneOpen()
  })

  test.each(silences)('(%s) does not keep a call that is given up', async (verdict) => {
    proxy.verdict = verdict
    const controller = new AbortController()
    const failing = failureOf(createClient().call(call, controller.signal))
    await eventually('the proxy is asked', () => proxy.asked.length === 1)
    controller.abort()
    expect(await failing).toMatchObject({ code: 'Aborted', countsForAccount: false })
  })

  test.each(silences)('(%s) keeps no connection of a client that is closed', async (verdict) => {
    proxy.verdict = verdict
    const client = createClient()
    const failing = failureOf(client.call(call, signal))
    await eventually('the proxy is asked', () => proxy.asked.length === 1)
    client.close()
    expect(await failing).toMatchObject({ code: 'ConnectionFailed' })
    await noneOpen()
  })

  test('leaves a set-up connection alone, however long it lives', async () => {
    const timers = new Set<() => void>()
    const clock: Clock = {
      ...systemClock,
      after(_, callback) {
        timers.add(callback)
        return () => timers.delete(callback)
      },
    }
    const client = createClient({ clock })
    await client.call(call, signal)
    expect(timers.size).toBe(0)
    await client.call(call, signal)
    expect(proxy.asked).toHaveLength(1)
  })
})
