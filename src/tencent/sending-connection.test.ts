import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from 'node:tls'
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
import { createAuthority, createLeaf, type TestCertificate } from '../../test/fixtures/certificates.ts'
import { systemClock } from '../clock.ts'
import type { ServiceError } from '../ports/service-error.ts'
import { ApiClient } from './api-client.ts'
import { createCredentials } from './credentials.ts'

/* What still arrives of a request that nobody waits for any more. With real sockets. */

type Protocol = 'http' | 'https'

/** More than a host takes in that reads nothing, less than the other one keeps to be sent, bytes. */
const length = 1024 * 1024
/** More than a TLS handshake takes, bytes. */
const beginning = 16 * 1024
const trusted = getCACertificates()
let identity: TestCertificate
let request: ClientRequest | undefined

const onRequest = (message: unknown) => {
  request = (message as { request: ClientRequest }).request
}
beforeEach(() => subscribe('http.client.request.created', onRequest))
afterEach(() => void unsubscribe('http.client.request.created', onRequest))

beforeAll(async () => {
  const authority = await createAuthority({ name: 'Test authority' })
  identity = await createLeaf({ commonName: 'localhost', issuer: authority })
  setDefaultCACertificates([...trusted, authority.certificatePem])
})

afterAll(() => setDefaultCACertificates(trusted))

/** A TCP server that does this to each connection; its port. */
async function start(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    onTestFinished(() => void socket.destroy())
    onConnection(socket.on('error', () => {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/**
 * A server that reads the beginning of a request, the TLS handshake before it where there is one, and then nothing. What
 * arrives is counted on the wire. Its port.
 */
async function startSlow(protocol: Protocol, onStopped: (socket: Socket) => void): Promise<number> {
  const backend = createTlsServer({ cert: identity.certificatePem, key: identity.keyPem }, (it) =>
    it.resume(),
  )
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void backend.close())
  return start((socket) => {
    const next =
      protocol === 'https' ? connect((backend.address() as AddressInfo).port, '127.0.0.1') : undefined
    next?.on('error', () => {}).on('data', (chunk) => void socket.write(chunk))
    onTestFinished(() => void next?.destroy())
    let bytes = 0
    socket.on('data', function pass(chunk) {
      next?.write(chunk)
      bytes += chunk.length
      if (bytes < beginning) return
      socket.off('data', pass).pause()
      onStopped(socket)
    })
  })
}

async function failureOf(
  protocol: Protocol,
  port: number,
  hasFence: boolean,
  signal: AbortSignal,
): Promise<ServiceError> {
  const identification = { kind: 'environment', secretId: 'an-id', secretKey: 'a-key' } as const
  const client = new ApiClient({
    endpoint: { protocol, host: `localhost:${port}`, site: 'china' },
    credentials: createCredentials(identification, systemClock),
    clock: systemClock,
    ...(hasFence && { fence: { check: () => {} } }),
  })
  onTestFinished(() => client.close())
  const parameters = { CertificatePublicKey: 'a'.repeat(length) }
  return client.call({ action: 'UploadCertificate', parameters }, signal).then(
    () => expect.unreachable('the call succeeded'),
    (error: ServiceError) => error,
  )
}

/** When the kernel has the whole request of this test. */
function whenSent(callback: () => void): void {
  const isSent = () => request?.writableFinished === true && request.socket?.writableLength === 0
  vi.waitUntil(isSent).then(callback)
}

/** Reads to the end, whatever that is. How many bytes came. */
async function readLate(socket: Socket): Promise<number> {
  let bytes = 0
  return new Promise((resolve) => {
    socket.on('data', (chunk) => {
      bytes += chunk.length
    })
    for (const end of ['end', 'error', 'close']) socket.once(end, () => resolve(bytes))
    socket.resume()
  })
}

describe.each<[Protocol, boolean]>([
  ['http', false],
  ['https', false],
  ['http', true],
  ['https', true],
])('over %s (behind a fence: %s)', (protocol, hasFence) => {
  test.each([
    ['TimeoutError', 'Timeout'],
    ['AbortError', 'Aborted'],
  ])(
    'a call that is given up (%s) is reset: a server that reads later gets no more of it',
    async (name, code) => {
      const controller = new AbortController()
      const sockets: Socket[] = []
      const port = await startSlow(protocol, (socket) => {
        sockets.push(socket)
        whenSent(() => controller.abort(new DOMException('a reason', name)))
      })
      const error = await failureOf(protocol, port, hasFence, controller.signal)
      expect(error).toMatchObject({ code, reached: 'ended' })
      const [socket] = sockets
      if (!socket) throw new Error('nobody has connected')
      expect(await readLate(socket)).toBeLessThan(length / 2)
    },
  )

  test('a call whose server closes its side and reads on is reset, too', async () => {
    const late = Promise.withResolvers<number>()
    const port = await startSlow(protocol, (socket) => {
      whenSent(() => socket.end())
      failed.then(() => readLate(socket)).then(late.resolve, late.reject)
    })
    const failed = failureOf(protocol, port, hasFence, new AbortController().signal)
    expect(await failed).toMatchObject({ code: 'ConnectionFailed.ECONNRESET', reached: 'ended' })
    expect(await late.promise).toBeLessThan(length / 2)
  })
})
