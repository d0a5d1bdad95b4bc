import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { ApiClient, ApiError } from '../control-plane/api-client.ts'
import type { Secret } from '../control-plane/api-objects.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { createLeaf } from '../fixtures/certificates.ts'
import { ApiProxy, statusObject } from '../harness/api-proxy.ts'
import { eventually, World } from '../harness/world.ts'

/* What tests build on: a proxy that changes nothing unless a test asks it to, and sees everything. */

const cluster = sharedCluster()
afterAll(() => cluster.close())

let world: World
let proxy: ApiProxy
let client: ApiClient
beforeEach(async () => {
  world = await World.create(cluster)
  proxy = await ApiProxy.start(cluster)
  const [{ cluster: to }] = JSON.parse(readFileSync(proxy.kubeconfig(world.account), 'utf8')).clusters
  const ca = Buffer.from(to['certificate-authority-data'], 'base64').toString()
  client = new ApiClient(proxy.url, ca, () => readFileSync(world.account.tokenFile, 'utf8'))
})
afterEach(async () => {
  await client.close()
  await proxy[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

const path = (name = '') => `/api/v1/namespaces/${world.namespace}/secrets${name}`

test('speaks with the token of its client and passes everything on', async () => {
  await world.createSecret('shop', { chain: [await createLeaf({ commonName: 'shop.example.com' })] })
  const direct = await cluster.admin.getSecret(world.namespace, 'shop')
  expect(await client.request<Secret>('GET', path('/shop'))).toEqual(direct)
  const refused = client.request('GET', '/api/v1/namespaces/kube-system/secrets')
  await expect(refused).rejects.toThrow(ApiError)
  await expect(refused).rejects.toThrow(world.account.user)
  expect(proxy.requests.map((each) => each.path)).toEqual([
    path('/shop'),
    '/api/v1/namespaces/kube-system/secrets',
  ])
})

test('answers in the place of the API server, cuts, and refuses connections on demand', async () => {
  proxy.onRequest = ({ method }) =>
    method === 'GET' ? { status: 410, body: statusObject(410, 'Expired') } : undefined
  await expect(client.request('GET', path())).rejects.toMatchObject({ status: 410, reason: 'Expired' })
  proxy.onRequest = () => 'cut'
  await expect(client.request('GET', path())).rejects.not.toThrow(ApiError)
  proxy.onRequest = () => undefined
  await proxy.stop()
  await expect(client.request('GET', path())).rejects.toThrow(/ECONNREFUSED/)
  await proxy.listen()
  expect(await client.request('GET', path())).toMatchObject({ kind: 'SecretList' })
})

test('keeps the answers, decompressed, those of watches as they grow', async () => {
  const answers = proxy.recordAnswers()
  const leaf = await createLeaf({ commonName: 'shop.example.com' })
  const key = Buffer.from(leaf.keyPem).toString('base64')
  const operator = world.startOperator({ kubeconfig: proxy.kubeconfig(world.account) })
  // Without WatchList, what was there before the watch is listed.
  await operator.ready()
  // So large that the API server compresses it.
  await world.createSecret('shop', { chain: [leaf], ca: Array.from({ length: 300 }, () => leaf) })
  await world.eventuallyStatus('shop', 'Synced', ({ phase }) => phase === 'Synced')
  await eventually('an Event was sent', () => proxy.requests.some(({ path }) => path.endsWith('/events')))
  await operator.stop()

  const texts = (wanted: (answer: (typeof answers)[number]) => boolean) =>
    answers.filter(wanted).map((answer) => answer.text())
  const read = texts(({ request }) => request.method === 'GET' && request.path === path('/shop'))
  expect(read.length).toBeGreaterThan(0)
  for (const text of read) expect(text).toContain(key)
  const watched = texts(({ request }) => request.watch).join('\n')
  expect(watched).toContain('"type":"ADDED"')
  expect(watched).toContain('"name":"shop"')
  // Metadata only: of all that the API server says, nothing but the GET has the key in it.
  const others = texts(({ request }) => request.method !== 'GET' || request.path !== path('/shop'))
  expect(others.filter((text) => text.includes(key))).toEqual([])
})
