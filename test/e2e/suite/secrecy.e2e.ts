import { createPrivateKey } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { userKeys } from '../../../src/contract/annotation-keys.ts'
import { createLeaf } from '../../fixtures/certificates.ts'
import { Canaries } from '../../harness/canary.ts'
import { Issuance } from './harness/issuance.ts'
import { useWorld } from './harness/use-world.ts'

const world = useWorld('secrecy', { values: { log: { level: 'trace' } } })
const canaries = new Canaries()

/** Good, renewed, refused and rejected uploads, with a cloud that repeats requests in its errors. */
beforeAll(async () => {
  const { admin, kubectl, namespace, cloud, credentials } = world()
  canaries.addText('SecretKey', credentials.secretKey)
  const issuance = new Issuance(admin, kubectl, namespace)
  await issuance.prepare()
  await issuance.certificate({ name: 'issued', annotations: { [userKeys.upload]: 'true' } })
  const { uploaded } = await world().eventuallySynced('issued')
  await addKeyOf('issued', 'issued')
  await issuance.reissue('issued')
  await world().eventuallySynced('issued', { before: uploaded?.certificateId })
  await addKeyOf('issued', 'issued again')

  await cloud.fault({ kind: 'echo-request' })
  await cloud.fault({ kind: 'error', code: 'FailedOperation.CertificateInvalid', alias: 'refused' })
  await cloud.fault({ kind: 'error', code: 'InternalError', alias: 'failing' })
  await create('refused', 'Rejected')
  await create('failing', 'Failed')
  await create('rsa', 'Synced', 'rsa')
  await create('mismatched', 'Rejected', 'ecdsa', (await createLeaf({ commonName: 'other' })).keyPem)
})

async function create(name: string, phase: string, keyType: 'ecdsa' | 'rsa' = 'ecdsa', key?: string) {
  const leaf = await createLeaf({ commonName: `${name}.example.com`, keyType })
  canaries.addKey(`key of ${name}`, leaf.key)
  if (key !== undefined) canaries.addKey(`other key of ${name}`, createPrivateKey(key))
  await world().createSecret(name, { chain: [leaf], ...(key !== undefined && { key }) })
  await world().eventuallyStatus(name, `is ${phase}`, (status) => status.phase === phase)
}

async function addKeyOf(secret: string, name: string) {
  const { data } = await world().admin.getSecret(world().namespace, secret)
  canaries.addKey(`key of ${name}`, createPrivateKey(Buffer.from(data?.['tls.key'] ?? '', 'base64')))
}

test('the canaries are found where they are', async () => {
  const { admin, namespace } = world()
  const secrets = JSON.stringify(await admin.listSecrets(namespace))
  const names = [...canaries.namesIn(secrets)]
  expect(names).toContain('key of issued again')
  expect(names).toContain('key of rsa')
})

test('logs at the level trace hold no key', async () => {
  const { release } = world()
  const pods = await release.pods()
  expect(pods).toHaveLength(2)
  const logs = (await Promise.all(pods.map((pod) => release.logText(pod)))).join('')
  expect(logs).toContain('FailedOperation.CertificateInvalid')
  expect(canaries.tracesIn(logs)).toEqual([])
})

test('Events, annotations and what else a Secret shows besides its data hold no key', async () => {
  const { admin, namespace } = world()
  const events = await admin.request('GET', `/apis/events.k8s.io/v1/namespaces/${namespace}/events`)
  const shown = JSON.stringify([events, (await admin.listSecrets(namespace)).map(({ metadata }) => metadata)])
  expect(shown).toContain('RefusedByService')
  expect(canaries.tracesIn(shown)).toEqual([])
})

test('metrics and the Lease hold no key', async () => {
  const { admin, release } = world()
  const pages = await Promise.all((await release.pods()).map((pod) => release.metrics(pod)))
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${release.namespace}/leases`
  const shown = JSON.stringify([pages, await admin.request('GET', leases)])
  expect(shown).toContain('tencent_cert_sync_uploads_total')
  expect(canaries.tracesIn(shown)).toEqual([])
})

test("what Helm keeps of the release, and the pods' descriptions, hold no SecretKey", async () => {
  const { release } = world()
  const shown = await Promise.all([
    release.helm('get', 'all', release.name),
    ...(await release.pods()).map((pod) => JSON.stringify(pod)),
  ])
  expect(canaries.tracesIn(shown.join(''))).toEqual([])
})
