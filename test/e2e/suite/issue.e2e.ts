import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { statusKeys, userKeys } from '../../../src/contract/annotation-keys.ts'
import { eventually } from '../../harness/eventually.ts'
import { chainTagOf } from '../../simulator/chain-tag.ts'
import { type CertificateSpec, Issuance } from './harness/issuance.ts'
import { SecretHistory } from './harness/secret-history.ts'
import { useWorld } from './harness/use-world.ts'

const world = useWorld('issue')
const optedIn = { [userKeys.upload]: 'true' }
let issuance: Issuance
const histories: SecretHistory[] = []

beforeAll(async () => {
  const { admin, kubectl, namespace } = world()
  issuance = new Issuance(admin, kubectl, namespace)
  await issuance.prepare()
  // Renewed every ten seconds while the other tests run: the last test looks at what came of it.
  await certificate({ name: 'restless', duration: '1h', renewBefore: '59m50s' })
})

afterAll(() => Promise.all(histories.map((each) => each.close())))

function certificate(spec: CertificateSpec): Promise<void> {
  return issuance.certificate({ ...spec, annotations: optedIn })
}

/** SHA-256 of the leaf that a Secret holds now, lower-case hex. */
async function leafOf(name: string): Promise<string> {
  const { data } = await world().admin.getSecret(world().namespace, name)
  const pem = Buffer.from(data?.['tls.crt'] ?? '', 'base64')
  return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()
}

/** What the cloud holds for a Secret, found by its ownership tags. */
function ownedBy(name: string) {
  const { cloud, clusterName, namespace } = world()
  return cloud.certificatesOf(clusterName, `${namespace}/${name}`)
}

/** What becomes of a Secret from now on; the state of now is in it already. */
async function history(name: string): Promise<SecretHistory> {
  const made = new SecretHistory(world().kubeconfig, world().namespace, name)
  histories.push(made)
  await eventually(`the watch tells of ${name}`, () => made.states.length > 0)
  return made
}

test('a Certificate with our key in its secretTemplate gets a CertificateId, tagged with its chain', async () => {
  await certificate({ name: 'shop' })
  const { uploaded, origin } = await world().eventuallySynced('shop')
  expect(origin).toBe('Uploaded')
  expect(uploaded?.fingerprint).toBe(await leafOf('shop'))
  const held = await ownedBy('shop')
  expect(held).toMatchObject([{ id: uploaded?.certificateId, leafFingerprint: uploaded?.fingerprint }])
  expect(uploaded?.chainFingerprint).toMatch(/^SVR:[0-9a-f]{64}$/)
  expect(held.map(({ tags }) => chainTagOf(tags)?.chainFingerprint)).toEqual([uploaded?.chainFingerprint])
})

test('people see the Event with kubectl events', async () => {
  const { kubectl, namespace } = world()
  await certificate({ name: 'seen' })
  const { uploaded } = await world().eventuallySynced('seen')
  let shown = ''
  await eventually(
    'the Event is there',
    async () => {
      shown = await kubectl.run('events', '--namespace', namespace, '--for', 'secret/seen')
      return shown.includes('CertificateUploaded')
    },
    { details: () => shown },
  )
  expect(shown).toContain(uploaded?.certificateId)
  expect(shown).toContain('Normal')
})

test('re-issued three times: an id each, the status is never lost, and cert-manager does not fight for it', async () => {
  await certificate({ name: 'renewed' })
  let { uploaded } = await world().eventuallySynced('renewed')
  const ids = [uploaded?.certificateId]
  const seen = await history('renewed')
  for (let revision = 2; revision <= 4; revision++) {
    await issuance.reissue('renewed')
    await issuance.eventuallyRevision('renewed', revision)
    const status = await world().eventuallySynced('renewed', { before: uploaded?.certificateId })
    expect(status.previous[0]?.certificateId).toBe(uploaded?.certificateId)
    uploaded = status.uploaded
    ids.push(uploaded?.certificateId)
    expect(uploaded?.fingerprint).toBe(await leafOf('renewed'))
  }
  expect(new Set(ids).size).toBe(4)
  const held = await ownedBy('renewed')
  expect(held.map(({ id }) => id).sort()).toEqual(ids.sort())
  expect(held.map(({ tags }) => chainTagOf(tags)?.chainFingerprint)).toEqual(
    held.map(({ chainFingerprint }) => chainFingerprint),
  )

  // The watch may be behind what a request sees.
  const told = () =>
    seen.states.some((it) => it.annotations[statusKeys.certificateId] === uploaded?.certificateId)
  await eventually('the watch tells of the last id', told)
  // At every moment somebody who reads the Secret finds an id.
  const withoutId = seen.states.filter((it) => !ids.includes(it.annotations[statusKeys.certificateId]))
  expect(withoutId).toEqual([])
  // Three issues are a handful of writes; a fight would be hundreds.
  expect(seen.writes.own).toBe(3)
  expect(seen.writes.foreign).toBeLessThanOrEqual(9)
})

test('a temporary certificate is not uploaded, the one that replaces it is', async () => {
  const { kubectl } = world()
  await certificate({ name: 'waiting', issuer: 'late', temporary: true })
  const pending = await world().eventuallyStatus('waiting', 'is Pending', ({ phase }) => phase === 'Pending')
  expect(pending).toMatchObject({ reason: 'TemporaryCertificate', uploaded: undefined })
  const temporary = await leafOf('waiting')

  await kubectl.apply(issuance.issuer('late'))
  const { uploaded } = await world().eventuallySynced('waiting')
  expect(uploaded?.fingerprint).toBe(await leafOf('waiting'))
  expect(uploaded?.fingerprint).not.toBe(temporary)
  expect(await ownedBy('waiting')).toHaveLength(1)
  const calls = await world().cloud.calls('UploadCertificate')
  expect(calls.filter(({ leafFingerprint }) => leafFingerprint === temporary)).toEqual([])
})

test('a Secret deleted to force a re-issue: one new certificate, the old one is found by its ownership tags', async () => {
  const { admin, namespace } = world()
  await certificate({ name: 'deleted' })
  const { uploaded: before } = await world().eventuallySynced('deleted')
  await admin.deleteSecret(namespace, 'deleted')
  await admin.eventually(namespace, 'deleted', 'is there again', (secret) => secret !== undefined)
  const { uploaded: after } = await world().eventuallySynced('deleted', { before: before?.certificateId })
  expect(after?.fingerprint).toBe(await leafOf('deleted'))
  expect((await ownedBy('deleted')).map(({ id }) => id)).toEqual([
    before?.certificateId,
    after?.certificateId,
  ])
})

test('a writer that replaces the whole Secret makes no second certificate', async () => {
  const { admin, namespace, cloud } = world()
  await certificate({ name: 'replaced' })
  const { uploaded } = await world().eventuallySynced('replaced')
  const { data = {} } = await admin.getSecret(namespace, 'replaced')
  const bytes = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64')])
  await admin.replaceSecret(namespace, 'replaced', {
    annotations: optedIn,
    data: Object.fromEntries(bytes),
  })
  // What cert-manager makes of it, too: it puts its own annotations back.
  const status = await world().eventuallySynced('replaced')
  expect(status.uploaded).toEqual(uploaded)
  const held = await cloud.certificates()
  expect(held.filter(({ leafFingerprint }) => leafFingerprint === uploaded?.fingerprint)).toHaveLength(1)
})

test('a Certificate that renews every ten seconds meets the upload budget, and its id stays true', async () => {
  const { uploaded } = await world().eventuallyStatus(
    'restless',
    'the budget is used up',
    ({ reason }) => reason === 'UploadBudgetExceeded',
    { timeoutMs: 120_000 },
  )
  const held = await ownedBy('restless')
  expect(held).toHaveLength(5)
  // Two renewals later nothing has changed.
  await issuance.eventuallyRevision('restless', (await issuance.revision('restless')) + 2, 60_000)
  const later = await world().status('restless')
  expect(later).toMatchObject({ phase: 'Pending', reason: 'UploadBudgetExceeded', uploaded })
  expect(await ownedBy('restless')).toEqual(held)
  expect(held.find(({ id }) => id === uploaded?.certificateId)?.leafFingerprint).toBe(uploaded?.fingerprint)
  expect(uploaded?.fingerprint).not.toBe(await leafOf('restless'))
})

test('no second saw more than ten uploads', async () => {
  expect(await world().cloud.maxInAnySecond()).toBeLessThanOrEqual(10)
})
