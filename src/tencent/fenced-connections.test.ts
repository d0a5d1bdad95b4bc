import { createServer } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createAuthority, createLeaf } from '../../test/fixtures/certificates.ts'
import { ConnectProxy } from '../../test/harness/connect-proxy.ts'
import { systemClock } from '../clock.ts'
import { NotLeadingError } from '../ports/not-leading-error.ts'
import { ApiClient } from './api-client.ts'
import { createCredentials } from './credentials.ts'
import { answering, TestService, type TlsIdentity } from './testing/test-service.ts'

const { signal } = new AbortController()
const call = { action: 'UploadCertificate', parameters: {} } as const
const trusted = getCACertificates()
let identity: TlsIdentity

beforeAll(async () => {
  const issuer = await createAuthority({ name: 'Test authority' })
  const leaf = await createLeaf({ commonName: 'localhost', issuer })
  identity = { cert: leaf.certificatePem, key: leaf.keyPem }
  setDefaultCACertificates([...trusted, issuer.certificatePem])
})

afterAll(() => setDefaultCACertificates(trusted))

type Way = 'http' | 'https' | 'https through a proxy'

/** A service, a client of it, and a fence that lets so many looks pass. */
async function createScene(way: Way, options: { host?: string; requestTimeoutMs?: number } = {}) {
  const service = await TestService.start(
    answering({ CertificateId: 'abc' }),
    way === 'http' ? undefined : identity,
  )
  const proxy = way === 'https through a proxy' ? await ConnectProxy.start() : undefined
  const fence = {
    looks: 0,
    openFor: Number.POSITIVE_INFINITY,
    check() {
      if (++this.looks > this.openFor) throw new NotLeadingError()
    },
  }
  const { host = `localhost:${service.port}`, ...rest } = options
  const client = new ApiClient({
    endpoint: { protocol: way === 'http' ? 'http' : 'https', host, site: 'china' },
    proxy: proxy && { url: proxy.url(), address: 'unused' },
    credentials: createCredentials(
      { kind: 'environment', secretId: 'an-id', secretKey: 'a-key' },
      systemClock,
    ),
    clock: systemClock,
    fence,
    ...rest,
  })
  onTestFinished(async () => {
    client.close()
    await proxy?.[Symbol.asyncDispose]()
    await service[Symbol.asyncDispose]()
  })
  return { service, client, fence }
}

describe.each<Way>(['http', 'https', 'https through a proxy'])('over %s', (way) => {
  test('calls pass while the fence is open, on one connection', async () => {
    const { service, client, fence } = await createScene(way)
    for (let i = 0; i < 3; i++) await client.call(call, signal)
    expect(service.received).toHaveLength(3)
    // Before each call, and once for the connection.
    expect(fence.looks).toBe(4)
  })

  test('nothing is sent on a new connection when the fence was closed before that is open', async () => {
    const { service, client, fence } = await createScene(way)
    fence.openFor = 1
    await expect(client.call(call, signal)).rejects.toMatchObject({
      code: 'ConnectionFailed',
      reached: 'unsent',
    })
    expect(fence.looks).toBe(2)
    expect(service.received).toEqual([])
  })

  test('nothing is sent on a connection that is there when the fence is closed', async () => {
    const { service, client, fence } = await createScene(way)
    await client.call(call, signal)
    fence.openFor = fence.looks
    await expect(client.call(call, signal)).rejects.toMatchObject({
      code: 'ConnectionFailed',
      reached: 'unsent',
    })
    expect(service.received).toHaveLength(1)
  })

  test('a redirect whose target has a user that cannot be decoded is an error like any other', async () => {
    const { service, client } = await createScene(way)
    service.respond = (it) => it.writeHead(302, { location: 'https://u%zz@elsewhere.example.com/' }).end()
    await expect(client.call(call, signal)).rejects.toMatchObject({ code: 'Redirect' })
    expect(service.received).toHaveLength(1)
  })

  test('ten calls at once are all answered', async () => {
    const { service, client } = await createScene(way)
    await Promise.all(Array.from({ length: 10 }, () => client.call(call, signal)))
    expect(service.received).toHaveLength(10)
  })
})

test('a port where nobody listens is a failed connection', async () => {
  for (const way of ['http', 'https'] as const) {
    const { client } = await createScene(way, { host: '127.0.0.1:1' })
    await expect(client.call(call, signal)).rejects.toMatchObject({ code: 'ConnectionFailed.ECONNREFUSED' })
  }
})

test('a handshake that does not end is given up, by the time-out and by closing', async () => {
  const connections = new Set<unknown>()
  const silent = createServer((socket) => {
    connections.add(socket)
    socket.on('error', () => {}).once('close', () => connections.delete(socket))
    socket.resume()
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    silent.close()
  })
  const host = `127.0.0.1:${(silent.address() as { port: number }).port}`
  const { client } = await createScene('https', { host, requestTimeoutMs: 100 })
  await expect(client.call(call, signal)).rejects.toMatchObject({ code: 'Timeout' })
  await expect.poll(() => connections.size).toBe(0)

  const { client: other } = await createScene('https', { host })
  const failed = expect(other.call(call, signal)).rejects.toMatchObject({ code: 'ConnectionFailed' })
  await expect.poll(() => connections.size).toBe(1)
  other.close()
  await failed
  await expect.poll(() => connections.size).toBe(0)
})
