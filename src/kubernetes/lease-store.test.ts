import { describe, expect, it, onTestFinished } from 'vitest'
import { createManualClock } from '../../test/fakes/manual-clock.ts'
import { createKubernetesClient } from './client.ts'
import { readLease, releasedSpec, renewedSpec, takenSpec } from './lease.ts'
import { KubernetesLeaseStore } from './lease-store.ts'
import { type ScriptedCall, scriptedApiServer } from './testing/scripted-api-server.ts'

const { signal } = new AbortController()
const path = '/apis/coordination.k8s.io/v1/namespaces/ops/leases'
const lease = { metadata: { name: 'sync', resourceVersion: '7', labels: { a: 'b' } }, spec: {} }

async function storeOver(script: (call: ScriptedCall) => void) {
  const server = await scriptedApiServer(script)
  const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
  onTestFinished(async () => {
    client.close()
    await server[Symbol.asyncDispose]()
  })
  const store = new KubernetesLeaseStore({ client, namespace: 'ops', name: 'sync', timeoutMs: 5_000 })
  return { server, store }
}

describe('a Lease at the API server', () => {
  it('is read, made and replaced with three requests, the last of which names the resourceVersion', async () => {
    const { server, store } = await storeOver((call) => call.answer(200, lease))
    const read = await store.get(signal)
    expect(read).toEqual(lease)
    await store.create({ holderIdentity: 'me' }, signal)
    await store.update(read ?? lease, { holderIdentity: 'you' }, signal)
    const object = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
    expect(server.calls.map((it) => [it.method, it.path, it.body])).toEqual([
      ['GET', `${path}/sync`, undefined],
      ['POST', path, { ...object, metadata: { name: 'sync' }, spec: { holderIdentity: 'me' } }],
      ['PUT', `${path}/sync`, { ...object, metadata: lease.metadata, spec: { holderIdentity: 'you' } }],
    ])
  })

  it('that is missing, exists already or has changed is not an error', async () => {
    const status = { GET: 404, POST: 409, PUT: 409 } as Record<string, number>
    const { store } = await storeOver((call) => call.answer(status[call.method] ?? 500, {}))
    expect(await store.get(signal)).toBeUndefined()
    expect(await store.create({}, signal)).toBeUndefined()
    expect(await store.update(lease, {}, signal)).toBeUndefined()
    status['PUT'] = 404
    expect(await store.update(lease, {}, signal)).toBeUndefined()
  })

  it.each([403, 429, 500])('throws at status %d', async (status) => {
    const { store } = await storeOver((call) => call.answer(status, {}))
    await expect(store.get(signal)).rejects.toMatchObject({ status })
    await expect(store.create({}, signal)).rejects.toMatchObject({ status })
    await expect(store.update(lease, {}, signal)).rejects.toMatchObject({ status })
  })

  it('throws if the response is not a Lease', async () => {
    const { store } = await storeOver((call) => call.answer(200, { metadata: {} }))
    await expect(store.get(signal)).rejects.toMatchObject({ reason: 'MalformedResponse' })
  })
})

describe('what is written', () => {
  const { now } = createManualClock(Date.UTC(2026, 4, 6, 7, 8, 9, 12))
  const holding = { identity: 'me', leaseDurationMs: 2_500, now: now() }

  it('has the times as MicroTime and the duration in whole seconds, never shorter than it is', () => {
    expect(takenSpec(undefined, holding)).toEqual({
      holderIdentity: 'me',
      leaseDurationSeconds: 3,
      acquireTime: '2026-05-06T07:08:09.012000Z',
      renewTime: '2026-05-06T07:08:09.012000Z',
      leaseTransitions: 0,
    })
  })

  it('keeps fields that are not known here', () => {
    const spec = { holderIdentity: 'you', leaseTransitions: 4, strategy: 'later' }
    for (const written of [
      takenSpec(spec, holding),
      renewedSpec(spec, holding),
      releasedSpec(spec, holding.now),
    ]) {
      expect(written).toMatchObject({ strategy: 'later' })
    }
    expect(takenSpec(spec, holding).leaseTransitions).toBe(5)
  })

  it('is read without fields of a wrong type', () => {
    const spec = { holderIdentity: 7, leaseDurationSeconds: 'long', renewTime: 'now' }
    expect(readLease({ ...lease, spec })).toEqual({ ...lease, spec: { renewTime: 'now' } })
    expect(readLease({ metadata: {} })).toBeUndefined()
    expect(readLease([])).toBeUndefined()
  })
})
