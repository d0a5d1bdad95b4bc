import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import {
  chainFingerprint,
  createAuthority,
  createLeaf,
  type TestCertificate,
} from '../fixtures/certificates.ts'
import { Canaries } from '../harness/canary.ts'
import { ConnectProxy } from '../harness/connect-proxy.ts'
import type { OperatorProcess } from '../harness/operator-process.ts'
import { credentials, eventually, World } from '../harness/world.ts'

const cluster = sharedCluster()
const authorityFile = join(tmpdir(), `proxy-test-${process.pid}.pem`)
const issuer = await createAuthority({ name: 'Issuer' })
const localhost = await createLeaf({ commonName: 'localhost', issuer })
/** Of the proxy: 24 characters and more, so that every trace of it can be found. */
const password = randomBytes(24).toString('hex')

beforeAll(() => writeFileSync(authorityFile, issuer.certificatePem))
afterAll(async () => {
  rmSync(authorityFile, { force: true })
  await cluster.close()
})

/** A simulated cloud that speaks https under a private authority, and a proxy that wants a password. */
interface Scene {
  readonly world: World
  readonly proxy: ConnectProxy
  /** `localhost:PORT` of the cloud. */
  readonly host: string
  readonly chain: string
  /** Everything that neither the proxy nor the log may show. */
  readonly canaries: Canaries
  startOperator(env?: Readonly<Record<string, string>>): OperatorProcess
}

function scenario(name: string, run: (scene: Scene) => Promise<void>): void {
  test.concurrent(name, async () => {
    await using world = await World.create(cluster)
    await using cloud = await tlsBefore(world.simulator.port, localhost)
    await using proxy = await ConnectProxy.start()
    const leaf = await createLeaf({ commonName: 'shop.example.com', issuer })
    const canaries = new Canaries().addKey('private key', leaf.key).addText('password', password)
    const url = proxy.url(`operator:${password}`)
    await world.createSecret('shop', { chain: [leaf, issuer] })
    await run({
      world,
      proxy,
      host: cloud.host,
      chain: chainFingerprint('SVR', leaf, issuer),
      canaries,
      startOperator: (env = {}) =>
        world.startOperator(
          { 'tencent-endpoint': `https://${cloud.host}` },
          { HTTPS_PROXY: url, NODE_EXTRA_CA_CERTS: authorityFile, ...env },
        ),
    })
  })
}

/** Takes TLS off what comes in and hands it to a server on the loopback address. */
async function tlsBefore(
  port: number,
  { certificatePem: cert, keyPem: key }: TestCertificate,
): Promise<AsyncDisposable & { readonly host: string }> {
  const clients = new Set<Socket>()
  const server = createServer({ cert, key }, (client) => {
    clients.add(client)
    const upstream = connect(port, '127.0.0.1')
    client.on('error', () => upstream.destroy())
    upstream.on('error', () => client.destroy())
    client.once('close', () => upstream.destroy())
    client.pipe(upstream).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy()
      await server[Symbol.asyncDispose]()
    },
  }
}

scenario('a Secret is synced through the proxy, which learns the host and nothing else', async (scene) => {
  const { world, proxy, host, chain, canaries } = scene
  const operator = await scene.startOperator().ready()
  await world.eventuallySynced('shop', chain)

  expect(world.uploads()).toBe(1)
  const authorization = `Basic ${Buffer.from(`operator:${password}`).toString('base64')}`
  expect(new Set(proxy.asked.map(({ line }) => line))).toEqual(new Set([`CONNECT ${host}`]))
  expect(proxy.asked[0]?.authorization).toBe(authorization)
  expect(proxy.passed.length).toBeGreaterThan(1_000)
  expect(canaries.tracesIn(proxy.passed)).toEqual([])
  expect(proxy.passed).not.toContain(credentials.secretId)
  const said = operator.log().find((line) => line.msg === 'Tencent Cloud is reached through a proxy')
  expect(said?.['address']).toBe(new URL(proxy.url()).origin)
  expect(canaries.tracesIn(operator.stdout + operator.stderr + (await operator.metrics()))).toEqual([])
  expect(await operator.stop()).toBe(0)
})

scenario(
  'a proxy that refuses is reported as an outage with its status, and uploads are retried',
  async (scene) => {
    const { world, proxy, chain, canaries } = scene
    proxy.verdict = 407
    const operator = scene.startOperator()
    const status = await world.eventuallyStatus('shop', 'Failed', (it) => it.phase === 'Failed')
    expect(status).toMatchObject({ reason: 'ServiceUnavailable', uploaded: undefined })
    expect(status.message).toContain('Proxy407')
    expect(status.message).toContain('HTTPS_PROXY')
    const annotations = JSON.stringify(await cluster.admin.annotations(world.namespace, 'shop'))

    proxy.verdict = 'tunnel'
    await world.eventuallySynced('shop', chain)
    expect(
      await operator.metric('tencent_cert_sync_service_calls_total', { code: 'Proxy407' }),
    ).toBeGreaterThan(0)
    expect(canaries.tracesIn(operator.stdout + annotations + (await operator.metrics()))).toEqual([])
  },
)

scenario('a proxy that hangs does not hold up the end', async ({ proxy, startOperator }) => {
  proxy.verdict = 'nowhere'
  const operator = startOperator({ TENCENT_CERT_SYNC_SHUTDOWN_GRACE: '6s' })
  await eventually('the proxy is asked', () => proxy.asked.length > 0)
  expect(await operator.stop()).toBe(0)
  await eventually('the proxy has no connection left', () => proxy.open === 0)
})

scenario('a host of NO_PROXY is reached directly', async ({ world, proxy, chain, startOperator }) => {
  const operator = startOperator({ NO_PROXY: '.svc,10.0.0.0/8,localhost' })
  await world.eventuallySynced('shop', chain)
  expect(proxy.asked).toEqual([])
  expect(operator.stdout).not.toContain('proxy')
})

scenario('an authority that nobody named is not trusted: no key is sent', async (scene) => {
  const { world, proxy, startOperator } = scene
  const operator = startOperator({ NODE_EXTRA_CA_CERTS: '' })
  const status = await world.eventuallyStatus('shop', 'Failed', (it) => it.phase === 'Failed')
  const code = 'ConnectionFailed.UNABLE_TO_VERIFY_LEAF_SIGNATURE'
  expect(status.message).toContain(code)
  expect(status.message).toContain('NODE_EXTRA_CA_CERTS')
  await eventually('the log says why', () => operator.stdout.includes(code))
  expect(await operator.metric('tencent_cert_sync_service_calls_total', { code })).toBeGreaterThan(0)
  expect(proxy.asked.length).toBeGreaterThan(0)
  expect(world.simulator.calls()).toEqual([])
  await operator.stop()
})

scenario('a proxy that cannot be one ends the start, named and not shown', async ({ startOperator }) => {
  const operator = startOperator({ HTTPS_PROXY: `socks5://operator:${password}@proxy.example.com:1080` })
  expect(await operator.exited).toBe(2)
  expect(operator.stderr).toContain('HTTPS_PROXY: expected the http or https URL of a proxy')
  expect(operator.stderr).not.toContain(password)
})
