import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { statusKeys, userKeys } from '../../src/contract/annotation-keys.ts'
import { createKubernetesClient } from '../../src/kubernetes/client.ts'
import { KubernetesSecretStore } from '../../src/kubernetes/secret-store.ts'
import { ApiError, applyPatch, mergePatch } from '../control-plane/api-client.ts'
import type { Secret } from '../control-plane/api-objects.ts'
import { type InstalledChart, installChart } from './installed-chart.ts'
import { monitoredCluster } from './monitored-cluster.ts'

const { cluster, resources } = await monitoredCluster()
const { admin } = cluster
const { signal } = new AbortController()

let namespace: string
let chart: InstalledChart
let path: string
let created = 0

beforeAll(async () => {
  namespace = await admin.newNamespace('guarded')
  chart = await installChart(cluster, resources, { variant: 'default', namespace })
  // Were the rights as wide as they can be: the policy has to hold alone.
  const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['*'] }]
  await cluster.serviceAccounts.grant(chart.account, { namespaces: { [namespace]: rules } })
})
afterAll(async () => {
  await chart?.client.close()
  await cluster.close()
})

beforeEach(async () => {
  const name = `web-${created++}`
  path = `/api/v1/namespaces/${namespace}/secrets/${name}`
  await admin.createTlsSecret(namespace, name, {
    data: { 'tls.crt': 'certificate', 'tls.key': 'key', other: 'more' },
    labels: { team: 'shop' },
    annotations: { theirs: 'stays', [userKeys.alias]: 'web', [statusKeys.phase]: 'Synced' },
  })
})

const secret = () => admin.request<Secret>('GET', path)
const patch = (body: unknown) => chart.client.request('PATCH', path, { body, contentType: mergePatch })
const annotations = (values: Record<string, string | null>) => ({ metadata: { annotations: values } })

/** Nothing but the record of who wrote what. */
function content({ metadata, ...rest }: Secret): unknown {
  const { managedFields: _fields, resourceVersion: _version, ...kept } = metadata
  return { ...rest, metadata: kept }
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: '00000000-0000-0000-0000-000000000000' }

const forbidden: readonly (readonly [what: string, change: unknown, message: RegExp])[] = [
  ['replaces a private key', { data: { 'tls.key': base64('other') } }, /may not change the data/],
  ['adds data', { data: { extra: base64('x') } }, /may not change the data/],
  ['removes data', { data: { other: null } }, /may not change the data/],
  ['adds data as text', { stringData: { extra: 'x' } }, /may not change the data/],
  ['makes it immutable', { immutable: true }, /nor whether they are immutable/],
  ['sets a label', { metadata: { labels: { more: 'x' } } }, /may not change the labels/],
  ['changes a label', { metadata: { labels: { team: 'x' } } }, /may not change the labels/],
  ['removes all labels', { metadata: { labels: null } }, /may not change the labels/],
  ['sets a finalizer', { metadata: { finalizers: ['example.com/x'] } }, /may not change the finalizers/],
  ['sets an owner', { metadata: { ownerReferences: [owner] } }, /may not change the owners/],
  ['sets a foreign annotation', annotations({ more: 'x' }), /not more$/],
  ['changes a foreign annotation', annotations({ theirs: 'x' }), /not theirs$/],
  ['removes a foreign annotation', annotations({ theirs: null }), /not theirs$/],
  ["changes a user's key", annotations({ [userKeys.alias]: 'x' }), /not tencent-cert-sync.io\/alias$/],
  ['opts a Secret in', annotations({ [userKeys.upload]: 'true' }), /not tencent-cert-sync.io\/upload$/],
  ["sets a user's key", annotations({ [userKeys.paused]: 'true' }), /not tencent-cert-sync.io\/paused$/],
  [
    'hides a foreign annotation behind its status',
    annotations({ [statusKeys.phase]: 'Failed', theirs: 'x' }),
    /not theirs$/,
  ],
  [
    'writes a key that only looks like its own',
    annotations({ 'status.tencent-cert-sync.io.example.com/phase': 'x' }),
    /may change no annotations but/,
  ],
]

describe('under the admission policy, with every right on Secrets, the operator is refused when it', () => {
  test.each(forbidden)('%s', async (_what, change, message) => {
    const before = await secret()
    const refusal: unknown = await patch(change).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(ApiError)
    expect((refusal as ApiError).status).toBe(403)
    expect((refusal as ApiError).message).toMatch(/ValidatingAdmissionPolicy .*tencent-cert-sync/)
    expect((refusal as ApiError).message).toMatch(message)
    expect(await secret()).toEqual(before)
  })

  test('changes the type, which the API server lets nobody do', async () => {
    const before = await secret()
    await expect(patch({ type: 'Opaque' })).rejects.toThrow(/immutable|may not change the type/)
    expect(await secret()).toEqual(before)
  })

  test('replaces the whole Secret', async () => {
    const before = await secret()
    const { metadata, data = {}, ...rest } = before
    const body = {
      ...rest,
      metadata: { ...metadata, labels: {} },
      data: { ...data, 'tls.key': base64('other') },
    }
    await expect(chart.client.request('PUT', path, { body })).rejects.toThrow(/may not change the data/)
    expect(await secret()).toEqual(before)
  })

  test('applies somebody else into it', async () => {
    const before = await secret()
    const body = { apiVersion: 'v1', kind: 'Secret', metadata: { annotations: { theirs: 'x' } } }
    const query = { fieldManager: 'tencent-cert-sync', force: true }
    const answer = chart.client.request('PATCH', path, { body, contentType: applyPatch, query })
    await expect(answer).rejects.toThrow(/not theirs$/)
    expect(await secret()).toEqual(before)
  })

  test('creates a Secret', async () => {
    const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'new' } }
    const collection = path.slice(0, path.lastIndexOf('/'))
    await expect(chart.client.request('POST', collection, { body })).rejects.toThrow(/may not create Secrets/)
  })

  test('deletes a Secret, or all of them', async () => {
    const collection = path.slice(0, path.lastIndexOf('/'))
    await expect(chart.client.request('DELETE', path)).rejects.toThrow(/may not delete Secrets/)
    await expect(chart.client.request('DELETE', collection)).rejects.toThrow(/may not delete Secrets/)
    expect((await secret()).metadata.deletionTimestamp).toBeUndefined()
  })
})

describe('under the admission policy', () => {
  test('the operator writes and removes its status annotations', async () => {
    const client = createKubernetesClient({ kubeconfig: chart.account.kubeconfig })
    const store = new KubernetesSecretStore(client)
    const before = await secret()
    const { uid = '', resourceVersion = '', name } = before.metadata
    const reference = { namespace, name, uid, resourceVersion }
    const status = { [statusKeys.certificateId]: 'kX3v9QzT', [statusKeys.phase]: null }
    const outcome = await store.annotate(reference, status, signal)
    expect(outcome).toEqual({ kind: 'written', resourceVersion: expect.any(String) })
    const { [statusKeys.phase]: _phase, ...kept } = before.metadata.annotations ?? {}
    const after = { ...before.metadata, annotations: { ...kept, [statusKeys.certificateId]: 'kX3v9QzT' } }
    expect(content(await secret())).toEqual(content({ ...before, metadata: after }))
    client.close()
  })

  test('what the policy refuses is a refused write for the operator, with its words', async () => {
    const client = createKubernetesClient({ kubeconfig: chart.account.kubeconfig })
    const store = new KubernetesSecretStore(client)
    const { uid = '', resourceVersion = '', name } = (await secret()).metadata
    const outcome = await store.annotate({ namespace, name, uid, resourceVersion }, { theirs: 'x' }, signal)
    expect(outcome).toEqual({ kind: 'refused', message: expect.stringMatching(/not theirs$/) })
    client.close()
  })

  test('the largest Secret with a great many annotations can be written: judging it is not too costly', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 990 }, (_, index) => [`example.com/annotation-${index}`, 'x'.repeat(200)]),
    )
    const { metadata } = await admin.createTlsSecret(namespace, 'large', {
      data: { 'tls.crt': 'c'.repeat(500_000), 'tls.key': 'k'.repeat(500_000) },
      annotations: many,
    })
    path = `/api/v1/namespaces/${namespace}/secrets/${metadata.name}`
    await patch(annotations({ [statusKeys.phase]: 'Synced' }))
    expect((await secret()).metadata.annotations).toEqual({ ...many, [statusKeys.phase]: 'Synced' })
    await expect(patch({ data: { 'tls.key': base64('k'.repeat(499_999)) } })).rejects.toThrow(/the data/)
  })

  test('a Secret with 40,000 annotations is refused by their number, which costs hardly more than the write itself', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 40_000 }, (_, index) => [index.toString(36).padStart(4, '0'), '']),
    )
    const { metadata } = await admin.createTlsSecret(namespace, 'many', { annotations: many })
    path = `/api/v1/namespaces/${namespace}/secrets/${metadata.name}`
    const ownMs: number[] = []
    const guardedMs: number[] = []
    for (const phase of ['Pending', 'Synced']) {
      const body = annotations({ [statusKeys.phase]: phase })
      const start = performance.now()
      await admin.request('PATCH', path, { body, contentType: mergePatch })
      const between = performance.now()
      await expect(patch(annotations({ [statusKeys.phase]: 'Failed' }))).rejects.toThrow(
        /403.* Secrets with more than 1,000 annotations/,
      )
      ownMs.push(between - start)
      guardedMs.push(performance.now() - between)
    }
    // Most of it is the API server's own work on an object of this size. A loop over the keys took ten times as long.
    expect(Math.min(...guardedMs) / Math.min(...ownMs)).toBeLessThan(4)
    expect((await secret()).metadata.annotations).toMatchObject({ [statusKeys.phase]: 'Synced' })
  })

  test('a Secret without annotations, labels and data gets its first status', async () => {
    const { metadata } = await admin.createSecret(namespace, 'bare', { type: 'Opaque' })
    path = `/api/v1/namespaces/${namespace}/secrets/${metadata.name}`
    await patch(annotations({ [statusKeys.phase]: 'Rejected' }))
    expect((await secret()).metadata.annotations).toEqual({ [statusKeys.phase]: 'Rejected' })
  })

  test('nobody else is held to it, not even a ServiceAccount of the same name elsewhere', async () => {
    const elsewhere = await admin.newNamespace('elsewhere')
    const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['*'] }]
    const other = await cluster.serviceAccounts.create(elsewhere, chart.account.name, {
      namespaces: { [namespace]: rules },
    })
    const client = createKubernetesClient({ kubeconfig: other.kubeconfig })
    await client.request({
      method: 'PATCH',
      path,
      contentType: mergePatch,
      body: { data: { 'tls.key': base64('renewed') }, metadata: { labels: { team: 'blog' } } },
    })
    expect((await secret()).metadata.labels).toEqual({ team: 'blog' })
    client.close()
  })
})
