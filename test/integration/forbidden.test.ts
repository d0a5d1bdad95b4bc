import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from 'vitest'
import { statusKeys } from '../../src/contract/annotation-keys.ts'
import { createKubernetesClient } from '../../src/kubernetes/client.ts'
import { KubernetesSecretStore } from '../../src/kubernetes/secret-store.ts'
import type { SecretReference, WriteOutcome } from '../../src/ports/secrets.ts'
import { createCertificates } from '../control-plane/certificates.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { controlPlaneHas } from '../control-plane/version.ts'
import { eventually } from '../harness/eventually.ts'

const cluster = sharedCluster()
const { admin } = cluster
const client = createKubernetesClient({ kubeconfig: cluster.adminKubeconfig })
const store = new KubernetesSecretStore(client)
const { signal } = new AbortController()
afterAll(async () => {
  client.close()
  await cluster.close()
})

const group = '/apis/admissionregistration.k8s.io/v1'
const apiVersion = 'admissionregistration.k8s.io/v1'
const longestName = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`
/** The authorizer's own words, from somebody else. */
const quoted =
  'secrets "web" is forbidden: User "tenant" cannot patch resource "secrets" in API group "" in the namespace "shop"'
const updatesOfSecrets = {
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: ['UPDATE'],
  resources: ['secrets'],
}

/** A new TLS Secret in a new namespace, and how it is referred to. */
async function newSecret(name = 'web'): Promise<SecretReference> {
  const namespace = await admin.newNamespace('forbidden')
  const { uid = '', resourceVersion = '' } = (await admin.createTlsSecret(namespace, name)).metadata
  return { namespace, name, uid, resourceVersion }
}

const selects = ({ namespace }: SecretReference) => ({
  matchLabels: { 'kubernetes.io/metadata.name': namespace },
})

/** Writes new statuses until one is not written: a policy or webhook is in force some time after its creation. */
async function firstThatIsNotWritten(reference: SecretReference): Promise<WriteOutcome> {
  let outcome: WriteOutcome = { kind: 'stale' }
  let count = 0
  await eventually('a write is not accepted', async () => {
    const now = await store.get(`${reference.namespace}/${reference.name}`, signal)
    count += 1
    outcome = await store.annotate({ ...reference, ...now }, { [statusKeys.phase]: `${count}` }, signal)
    return outcome.kind === 'refused'
  })
  return outcome
}

/** A webhook that answers every review with a 403 and this message. */
async function denyingWebhook(reference: SecretReference, message: string): Promise<AsyncDisposable> {
  const { ca, serverCertificate, serverKey } = await createCertificates()
  const server = createServer({ cert: serverCertificate, key: serverKey }, async (request, answer) => {
    const { request: reviewed } = (await json(request)) as { request: { uid: string } }
    const response = { uid: reviewed.uid, allowed: false, status: { code: 403, message } }
    answer.setHeader('content-type', 'application/json')
    answer.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const path = `${group}/validatingwebhookconfigurations`
  await admin.request('POST', path, {
    body: {
      apiVersion,
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: reference.namespace },
      webhooks: [
        {
          name: 'hook.example.com',
          clientConfig: { url, caBundle: Buffer.from(ca).toString('base64') },
          namespaceSelector: selects(reference),
          rules: [updatesOfSecrets],
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
        },
      ],
    },
  })
  return {
    async [Symbol.asyncDispose]() {
      await admin.request('DELETE', `${path}/${reference.namespace}`)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function denyingPolicy(reference: SecretReference, message: string): Promise<void> {
  const metadata = { name: reference.namespace }
  await admin.request('POST', `${group}/validatingadmissionpolicies`, {
    body: {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        matchConstraints: { namespaceSelector: selects(reference), resourceRules: [updatesOfSecrets] },
        validations: [{ expression: 'false', message, reason: 'Forbidden' }],
      },
    },
  })
  await admin.request('POST', `${group}/validatingadmissionpolicybindings`, {
    body: {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: reference.namespace, validationActions: ['Deny'] },
    },
  })
}

describe('a status write', () => {
  test('that a webhook denies in the words of the authorizer is refused', async () => {
    const reference = await newSecret()
    await using _webhook = await denyingWebhook(reference, quoted)
    expect(await firstThatIsNotWritten(reference)).toEqual({
      kind: 'refused',
      message: `admission webhook "hook.example.com" denied the request: ${quoted}`,
    })
  })

  // ValidatingAdmissionPolicy is served by default from Kubernetes 1.30 on.
  test.skipIf(!controlPlaneHas('1.30')).each([
    ['in its own words', 'only the operator writes here'],
    ['in the words of the authorizer', quoted],
  ])('that an admission policy denies %s is refused', async (_, message) => {
    const reference = await newSecret()
    await denyingPolicy(reference, message)
    expect(await firstThatIsNotWritten(reference)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(message.slice(0, 60)),
    })
  })

  test.each([
    ['a short name', 'web'],
    ['the longest name', longestName],
  ])('of a Secret with %s throws where rights are missing', async (_, name) => {
    const reference = await newSecret(name)
    const { namespace } = reference
    const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]
    const account = await cluster.serviceAccounts.create(namespace, 'operator', {
      namespaces: { [namespace]: rules },
    })
    const limited = createKubernetesClient({ kubeconfig: account.kubeconfig })
    const write = new KubernetesSecretStore(limited).annotate(reference, { [statusKeys.phase]: 'x' }, signal)
    await expect(write).rejects.toMatchObject({
      name: 'KubernetesError',
      status: 403,
      deniedByAuthorizer: true,
    })
    limited.close()
  })
})
