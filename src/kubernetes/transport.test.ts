import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createCertificates } from '../../test/control-plane/certificates.ts'
import { createManualClock } from '../../test/fakes/manual-clock.ts'
import { createAuthority, createLeaf } from '../../test/fixtures/certificates.ts'
import { createKubernetesClient } from './client.ts'

const folder = mkdtempSync(join(tmpdir(), 'transport-'))
afterAll(() => rmSync(folder, { recursive: true }))

const { ca, serverCertificate, serverKey } = await createCertificates()
const users = await createAuthority({ name: 'Users' })
const request = { method: 'GET' as const, path: '/x' }

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Writes a kubeconfig with these entries and returns its path. */
function kubeconfig(cluster: Record<string, unknown>, user: Record<string, unknown> = {}): string {
  const path = join(folder, 'kubeconfig')
  const config = {
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'this', user: 'me' } }],
    clusters: [{ name: 'this', cluster }],
    users: [{ name: 'me', user }],
  }
  writeFileSync(path, JSON.stringify(config))
  return path
}

describe('over TLS', () => {
  const server = https.createServer(
    {
      cert: serverCertificate,
      key: serverKey,
      ca: users.certificatePem,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (received, answer) => {
      const { subject } = (received.socket as TLSSocket).getPeerCertificate()
      answer.end(JSON.stringify({ user: subject?.CN ?? 'nobody' }))
    },
  )
  let url = ''
  beforeAll(async () => {
    url = `https://127.0.0.1:${await listen(server)}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  const caData = Buffer.from(ca).toString('base64')

  test('the client certificate is shown, and the next one once its files were replaced', async () => {
    const clock = createManualClock()
    const show = async (commonName: string) => {
      const leaf = await createLeaf({ issuer: users, commonName })
      writeFileSync(join(folder, 'client.crt'), leaf.certificatePem)
      writeFileSync(join(folder, 'client.key'), leaf.keyPem)
    }
    await show('first.example.com')
    const user = { 'client-certificate': 'client.crt', 'client-key': 'client.key' }
    const cluster = { server: url, 'certificate-authority-data': caData }
    const client = createKubernetesClient({ kubeconfig: kubeconfig(cluster, user), clock })
    expect((await client.request(request)).body).toEqual({ user: 'first.example.com' })
    await show('second.example.com')
    expect((await client.request(request)).body).toEqual({ user: 'first.example.com' })
    await clock.advance(60_000)
    expect((await client.request(request)).body).toEqual({ user: 'second.example.com' })
    client.close()
  })

  test.each([
    ['of another CA', {}, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN/],
    ['of another name', { 'certificate-authority-data': caData, 'tls-server-name': 'other' }, /ALTNAME/],
  ])('a server with a certificate %s is refused', async (_, cluster, words) => {
    const client = createKubernetesClient({ kubeconfig: kubeconfig({ server: url, ...cluster }) })
    await expect(client.request(request)).rejects.toMatchObject({
      reason: 'ConnectionFailed',
      message: expect.stringMatching(words),
    })
    client.close()
  })

  test('insecure-skip-tls-verify and tls-server-name do what they say', async () => {
    for (const trust of [
      { 'insecure-skip-tls-verify': true },
      { 'certificate-authority-data': caData, 'tls-server-name': 'kubernetes.default.svc' },
    ]) {
      const client = createKubernetesClient({ kubeconfig: kubeconfig({ server: url, ...trust }) })
      expect((await client.request(request)).body).toEqual({ user: 'nobody' })
      client.close()
    }
  })
})

test('a server that takes the connection but never finishes the handshake is given up after ten seconds', async () => {
  const clock = createManualClock()
  let connected = false
  const mute = createServer((socket) => {
    connected = true
    socket.on('error', () => {}).resume()
  })
  const server = `https://127.0.0.1:${await listen(mute)}`
  const client = createKubernetesClient({ kubeconfig: kubeconfig({ server }), clock })
  const refused = expect(client.request(request)).rejects.toMatchObject({ reason: 'Timeout' })
  while (!connected) await new Promise((resolve) => setTimeout(resolve, 2))
  await clock.advance(10_000)
  await refused
  expect(clock.elapsed()).toBe(10_000)
  expect(clock.pending()).toBe(0)
  client.close()
  await new Promise((resolve) => mute.close(resolve))
})
