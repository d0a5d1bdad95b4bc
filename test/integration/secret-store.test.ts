import { writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { statusKeys } from '../../src/contract/annotation-keys.ts'
import { createKubernetesClient, type KubernetesClient } from '../../src/kubernetes/client.ts'
import { KubernetesEventRecorder } from '../../src/kubernetes/event-recorder.ts'
import { KubernetesSecretStore } from '../../src/kubernetes/secret-store.ts'
import type { SecretReference } from '../../src/ports/secrets.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'

const cluster = sharedCluster()
const { admin } = cluster
const client = createKubernetesClient({ kubeconfig: cluster.adminKubeconfig })
const store = new KubernetesSecretStore(client)
const { signal } = new AbortController()
afterAll(async () => {
  client.close()
  await cluster.close()
})

/** A new TLS Secret in a new namespace, and how it is referred to. */
async function newSecret(data: Record<string, string> = {}): Promise<SecretReference> {
  const namespace = await admin.newNamespace('store')
  const { metadata } = await admin.createTlsSecret(namespace, 'web', {
    data,
    annotations: { theirs: 'stays' },
  })
  const { uid = '', resourceVersion = '' } = metadata
  return { namespace, name: 'web', uid, resourceVersion }
}

describe('a status write', () => {
  test('sets and removes our annotations and leaves theirs, and names the new resourceVersion', async () => {
    const reference = await newSecret()
    const first = await store.annotate(
      reference,
      { [statusKeys.phase]: 'Synced', [statusKeys.reason]: 'x' },
      signal,
    )
    const written = await store.get(`${reference.namespace}/web`, signal)
    expect(first).toEqual({ kind: 'written', resourceVersion: written?.resourceVersion })
    expect(written?.annotations).toEqual({
      theirs: 'stays',
      [statusKeys.phase]: 'Synced',
      [statusKeys.reason]: 'x',
    })
    await store.annotate({ ...reference, ...written }, { [statusKeys.reason]: null }, signal)
    expect(await admin.annotations(reference.namespace, 'web')).toEqual({
      theirs: 'stays',
      [statusKeys.phase]: 'Synced',
    })
    const { managedFields = [] } = (await admin.getSecret(reference.namespace, 'web')).metadata
    expect(managedFields.map(({ manager }) => manager)).toContain('tencent-cert-sync')
  })

  test('that changes nothing keeps the resourceVersion', async () => {
    const reference = await newSecret()
    const first = await store.annotate(reference, { [statusKeys.phase]: 'Synced' }, signal)
    const resourceVersion = first.kind === 'written' ? first.resourceVersion : ''
    const again = await store.annotate(
      { ...reference, resourceVersion },
      { [statusKeys.phase]: 'Synced' },
      signal,
    )
    expect(again).toEqual({ kind: 'written', resourceVersion })
  })

  test('against an older state is stale (409)', async () => {
    const reference = await newSecret()
    await admin.updateSecret(reference.namespace, 'web', { annotations: { theirs: 'changed' } })
    expect(await store.annotate(reference, { [statusKeys.phase]: 'Synced' }, signal)).toEqual({
      kind: 'stale',
    })
  })

  test('against a recreated Secret is stale, even with its resourceVersion (422 on the uid)', async () => {
    const reference = await newSecret()
    await admin.deleteSecret(reference.namespace, 'web')
    const { metadata } = await admin.createTlsSecret(reference.namespace, 'web')
    const { resourceVersion = '' } = metadata
    const annotations = { [statusKeys.phase]: 'Synced' }
    expect(await store.annotate(reference, annotations, signal)).toEqual({ kind: 'stale' })
    expect(await store.annotate({ ...reference, resourceVersion }, annotations, signal)).toEqual({
      kind: 'stale',
    })
    expect(await admin.annotations(reference.namespace, 'web')).toEqual({})
  })

  test('against a deleted Secret is stale (404) and creates none', async () => {
    const reference = await newSecret()
    await admin.deleteSecret(reference.namespace, 'web')
    expect(await store.annotate(reference, { [statusKeys.phase]: 'Synced' }, signal)).toEqual({
      kind: 'stale',
    })
    expect(await admin.listSecrets(reference.namespace)).toEqual([])
    expect(await store.get(`${reference.namespace}/web`, signal)).toBeUndefined()
  })

  test('beyond the size that annotations may have is refused (422)', async () => {
    const reference = await newSecret()
    const outcome = await store.annotate(reference, { [statusKeys.message]: 'x'.repeat(262_144) }, signal)
    expect(outcome).toMatchObject({ kind: 'refused', message: expect.stringContaining('Too long') })
  })

  test('without the right to patch throws, and works as soon as the right is there', async () => {
    const reference = await newSecret()
    const { namespace } = reference
    const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]
    const account = await cluster.serviceAccounts.create(namespace, 'operator', {
      namespaces: { [namespace]: rules },
    })
    const limited = createKubernetesClient({ kubeconfig: account.kubeconfig })
    const limitedStore = new KubernetesSecretStore(limited)
    const write = () => limitedStore.annotate(reference, { [statusKeys.phase]: 'Synced' }, signal)
    await expect(write()).rejects.toMatchObject({ name: 'KubernetesError', status: 403 })
    const more = [{ apiGroups: [''], resources: ['secrets'], verbs: ['patch'] }]
    await cluster.serviceAccounts.grant(account, { namespaces: { [namespace]: more } })
    expect((await write()).kind).toBe('written')
    await expect(limitedStore.get(`${namespace}/web`, signal)).rejects.toMatchObject({ status: 403 })
    limited.close()
  })

  test('is answered without the private key, which the API server sends to whoever does not ask for metadata', async () => {
    const reference = await newSecret({ 'tls.key': 'CANARY' })
    const canary = Buffer.from('CANARY').toString('base64')
    const answers: string[] = []
    const recording: KubernetesClient = {
      server: client.server,
      stream: (request) => client.stream(request),
      close: () => {},
      async request<T>(request: Parameters<KubernetesClient['request']>[0]) {
        const answer = await client.request<T>(request)
        answers.push(JSON.stringify(answer))
        return answer
      },
    }
    const outcome = await new KubernetesSecretStore(recording).annotate(
      reference,
      { [statusKeys.phase]: 'a' },
      signal,
    )
    expect(outcome.kind).toBe('written')
    expect(answers).toHaveLength(1)
    expect(answers.join()).not.toContain(canary)
    await recording.request({
      method: 'PATCH',
      path: `/api/v1/namespaces/${reference.namespace}/secrets/web`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { annotations: { [statusKeys.phase]: 'b' } } },
    })
    expect(answers.at(-1)).toContain(canary)
  })
})

test('a read brings the data decoded and says when the Secret is being deleted', async () => {
  const { namespace } = await newSecret({ 'tls.crt': 'crt', 'tls.key': 'key', 'ca.crt': 'ca', other: 'x' })
  expect((await store.get(`${namespace}/web`, signal))?.data).toEqual({
    'tls.crt': Buffer.from('crt'),
    'tls.key': Buffer.from('key'),
    'ca.crt': Buffer.from('ca'),
  })
  await admin.patchSecret(namespace, 'web', { metadata: { finalizers: ['example.com/hold'] } })
  expect((await store.get(`${namespace}/web`, signal))?.deleting).toBe(false)
  await admin.deleteSecret(namespace, 'web')
  expect((await store.get(`${namespace}/web`, signal))?.deleting).toBe(true)
  await admin.patchSecret(namespace, 'web', { metadata: { finalizers: null } })
})

test('50 calls in a row go over one TLS connection', async () => {
  const { namespace } = await newSecret()
  let connections = 0
  const target = new URL(cluster.url)
  const relay = createServer((near) => {
    connections += 1
    const far = connect(Number(target.port), target.hostname)
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const kubeconfig = join(cluster.connection.folder, `${namespace}.kubeconfig`)
  const server = `https://127.0.0.1:${(relay.address() as AddressInfo).port}`
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      'current-context': 'relay',
      contexts: [{ name: 'relay', context: { cluster: 'relay', user: 'admin' } }],
      clusters: [{ name: 'relay', cluster: { server, 'certificate-authority': cluster.caFile } }],
      users: [{ name: 'admin', user: { token: cluster.adminToken } }],
    }),
  )
  const through = createKubernetesClient({ kubeconfig })
  const throughStore = new KubernetesSecretStore(through)
  for (let call = 0; call < 50; call++) await throughStore.get(`${namespace}/web`, signal)
  expect(connections).toBe(1)
  await Promise.all(Array.from({ length: 50 }, () => throughStore.get(`${namespace}/web`, signal)))
  expect(connections).toBeLessThanOrEqual(16)
  through.close()
  await new Promise((resolve) => relay.close(resolve))
})

describe('Events', () => {
  const warnings: string[] = []
  const quiet = () => {}
  const recorder = new KubernetesEventRecorder({
    client,
    clock: systemClock,
    log: {
      trace: quiet,
      debug: (_, message) => void warnings.push(message),
      info: quiet,
      warn: quiet,
      error: quiet,
    },
    instance: 'integration-test',
  })
  const event = (secret: SecretReference, message: string) => ({
    secret,
    type: 'Warning' as const,
    reason: 'KeyMismatch' as const,
    action: 'Check',
    message,
  })

  test('appear on the Secret, and repetitions are counted in one', async () => {
    const secret = await newSecret()
    for (let times = 0; times < 3; times++) {
      recorder.record(event(secret, 'the key does not belong to the certificate'))
      await recorder.flush()
    }
    recorder.record(event(secret, 'another'))
    await recorder.flush()
    const events = await admin.listEvents(secret.namespace, 'web')
    expect(events).toHaveLength(2)
    expect(events.find(({ note }) => note !== 'another')).toMatchObject({
      type: 'Warning',
      reason: 'KeyMismatch',
      action: 'Check',
      note: 'the key does not belong to the certificate',
      reportingController: 'tencent-cert-sync.io/operator',
      reportingInstance: 'integration-test',
      regarding: { kind: 'Secret', namespace: secret.namespace, name: 'web', uid: secret.uid },
      series: { count: 3 },
    })
    expect(warnings).toEqual([])
  })

  test('with the longest note and the longest name of a Secret are accepted', async () => {
    const secret = await newSecret()
    const name = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`
    const { metadata } = await admin.createTlsSecret(secret.namespace, name)
    const reference = { ...secret, name, uid: metadata.uid ?? '' }
    recorder.record(event(reference, '證'.repeat(2000)))
    await recorder.flush()
    const events = await admin.listEvents(secret.namespace, name)
    expect(events).toHaveLength(1)
    expect(Buffer.byteLength(events[0]?.note ?? '')).toBeGreaterThan(1000)
    expect(warnings).toEqual([])
  })

  test('in a namespace that is being deleted are dropped silently', async () => {
    const secret = await newSecret()
    await admin.deleteNamespace(secret.namespace)
    recorder.record(event(secret, 'too late'))
    await recorder.flush()
    expect(await admin.listEvents(secret.namespace, 'web')).toEqual([])
    expect(warnings).toEqual(['failed to record an Event'])
  })
})
