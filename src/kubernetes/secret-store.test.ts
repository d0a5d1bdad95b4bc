import { describe, expect, test } from 'vitest'
import { createKubernetesClient } from './client.ts'
import { errorOfStatus, KubernetesError } from './kubernetes-error.ts'
import { KubernetesSecretStore, outcomeOf } from './secret-store.ts'
import { type ScriptedCall, scriptedApiServer } from './testing/scripted-api-server.ts'
import { status } from './testing/watch-events.ts'

const never = new AbortController().signal
const reference = { namespace: 'shop', name: 'a', uid: 'u1', resourceVersion: '7' }

async function withStore<T>(
  script: (call: ScriptedCall) => void,
  use: (store: KubernetesSecretStore, calls: ScriptedCall[]) => Promise<T>,
): Promise<T> {
  await using server = await scriptedApiServer(script)
  const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
  try {
    return await use(new KubernetesSecretStore(client), server.calls)
  } finally {
    client.close()
  }
}

describe('get', () => {
  test('decodes the three data keys that are read and nothing else', async () => {
    const secret = {
      metadata: { namespace: 'shop', name: 'a', uid: 'u1', resourceVersion: '7', annotations: { k: 'v' } },
      data: { 'tls.crt': 'Y3J0', 'tls.key': '', other: 'eA==' },
    }
    const snapshot = await withStore(
      (call) => call.answer(200, secret),
      (store) => store.get('shop/a', never),
    )
    expect(snapshot).toEqual({
      ...reference,
      annotations: { k: 'v' },
      data: { 'tls.crt': Buffer.from('crt'), 'tls.key': Buffer.alloc(0) },
      deleting: false,
    })
  })

  test('survives a Secret without data and annotations that is being deleted', async () => {
    const metadata = { ...reference, deletionTimestamp: '2026-01-01T00:00:00Z', annotations: null }
    const snapshot = await withStore(
      (call) => call.answer(200, { metadata, data: null }),
      (store) => store.get('shop/a', never),
    )
    expect(snapshot).toEqual({ ...reference, annotations: {}, data: {}, deleting: true })
  })

  test('of a Secret that is gone is undefined', async () => {
    const snapshot = await withStore(
      (call) => call.answer(404, status(404, 'NotFound')),
      (store) => store.get('shop/a', never),
    )
    expect(snapshot).toBeUndefined()
  })

  test.each([401, 403, 429, 500, 503])('throws on %i', async (code) => {
    const got = withStore(
      (call) => call.answer(code, status(code, 'Whatever')),
      (store) => store.get('shop/a', never),
    )
    await expect(got).rejects.toMatchObject({ status: code })
  })

  test('of a key that is none is a mistake of the caller', async () => {
    const got = withStore(
      () => {},
      (store) => store.get('a', never),
    )
    await expect(got).rejects.toThrow(TypeError)
  })
})

describe('annotate', () => {
  test('sends a merge patch that names uid and resourceVersion and asks for metadata only', async () => {
    await withStore(
      (call) => call.answer(200, { metadata: { resourceVersion: '8' } }),
      async (store, calls) => {
        const outcome = await store.annotate(reference, { set: 'x', removed: null }, never)
        expect(outcome).toEqual({ kind: 'written', resourceVersion: '8' })
        expect(calls[0]).toMatchObject({
          method: 'PATCH',
          path: '/api/v1/namespaces/shop/secrets/a',
          query: { fieldManager: 'tencent-cert-sync' },
          body: { metadata: { uid: 'u1', resourceVersion: '7', annotations: { set: 'x', removed: null } } },
        })
        expect(calls[0]?.headers).toMatchObject({
          'content-type': 'application/merge-patch+json',
          accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
        })
      },
    )
  })

  test('throws when the connection breaks', async () => {
    const written = withStore(
      (call) => call.cut(),
      (store) => store.annotate(reference, {}, never),
    )
    await expect(written).rejects.toBeInstanceOf(KubernetesError)
  })
})

describe('what a failed write means', () => {
  const rbac =
    'secrets "a" is forbidden: User "system:serviceaccount:ns:sa" cannot patch resource "secrets" in API group "" in the namespace "shop"'
  const policy =
    "secrets \"a\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: only status keys"
  const webhook = 'admission webhook "hook.example.com" denied the request: no'
  // Names may be this long, and messages are cut before they are shown.
  const longName = `${'long-name.'.repeat(25)}end`

  test.each([
    ['the Secret is gone', 404, 'secrets "a" not found', 'stale'],
    ['the Secret changed', 409, 'the object has been modified', 'stale'],
    ['annotations are too long', 422, 'metadata.annotations: Too long', 'refused'],
    ['a policy refused', 403, policy, 'refused'],
    ['a webhook refused', 403, webhook, 'refused'],
    ['a webhook refused with its own code', 400, webhook, 'refused'],
    ['a webhook quotes the authorizer', 403, `${webhook}: ${rbac}`, 'refused'],
    ['a policy quotes the authorizer', 403, `${policy}: ${rbac}`, 'refused'],
    ['a webhook names a user', 403, `${webhook}, User "tenant" cannot change this Secret`, 'refused'],
    ['rights on a Secret with a long name are missing', 403, rbac.replace('"a"', `"${longName}"`), undefined],
    ['the request is too long', 413, 'too large', 'refused'],
    ['rights are missing', 403, rbac, undefined],
    ['the token is not accepted', 401, 'Unauthorized', undefined],
    ['the API server is busy', 429, 'too many requests', undefined],
    ['a webhook does not answer', 500, 'failed calling webhook', undefined],
    ['the API server is starting', 503, '', undefined],
    ['a proxy redirects', 302, '', undefined],
    ['there was no answer', 0, '', undefined],
  ])('%s (%i)', (_, code, message, kind) => {
    expect(outcomeOf(errorOfStatus(code, { message }))?.kind).toBe(kind)
  })

  test('a 422 about the uid means that the Secret was recreated', () => {
    const details = { causes: [{ reason: 'FieldValueInvalid', field: 'metadata.uid' }] }
    expect(outcomeOf(errorOfStatus(422, { reason: 'Invalid', details }))).toEqual({ kind: 'stale' })
  })
})
