import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { multipliedCertificate } from '../fixtures/certificate-extensions.ts'
import { chainFingerprint, createLeaf } from '../fixtures/certificates.ts'
import { blockPem, secretData, slowChain } from '../fixtures/hostile-certificates.ts'
import { spelledOutChain, spelledOutPrivateKey } from '../fixtures/spelled-out-curve.ts'
import { eventually } from '../harness/eventually.ts'
import { type Replica, Replicas } from '../harness/replicas.ts'

/* All tenants, the renewal of the lease and the probes share one event loop. No tenant may take it from the others. */

const cluster = sharedCluster()
afterAll(() => cluster.close())

const hostile = 60

/** Both answer their probes, and the lease is still the leader's. */
async function expectRolesKept(
  replicas: Replicas,
  [leader, standby]: readonly [Replica, Replica],
  holder: string | undefined,
): Promise<void> {
  for (const { process } of [leader, standby]) {
    expect((await process.health('/healthz')).status).toBe(200)
    expect(process.stderr).toBe('')
  }
  expect((await replicas.lease())?.spec).toMatchObject({ holderIdentity: holder, leaseTransitions: 0 })
  expect(leader.said('no longer leading')).toBeUndefined()
  expect(standby.said('leading')).toBeUndefined()
}

test('chains that take long to verify cost neither the lease, nor the probes, nor a tenant beside them', async () => {
  await using replicas = await Replicas.create(cluster, { namespaces: 2 })
  const { world } = replicas
  const other = world.namespaces.at(-1) as string
  const [leader, standby] = await replicas.startTwo({ options: { resync: '1s' } })
  const holder = (await replicas.lease())?.spec.holderIdentity

  const names = Array.from({ length: hostile }, (_, index) => `slow-${index}`)
  const created = names.map((name) =>
    cluster.admin.createTlsSecret(world.namespace, name, {
      annotations: world.annotationsOf({}),
      data: { ...slowChain() },
    }),
  )
  await Promise.race(created)
  const leaf = await createLeaf({ commonName: 'neighbour.example.com' })
  await world.createSecret('neighbour', { chain: [leaf] }, other)
  await world.eventuallySynced('neighbour', chainFingerprint('SVR', leaf), {
    namespace: other,
    timeoutMs: 5_000,
  })

  await Promise.all(created)
  for (const name of names) {
    await world.eventuallyStatus(name, 'rejected', ({ reason }) => reason === 'UnsupportedKey')
  }
  const reconciles = () => leader.process.metric('tencent_cert_sync_reconcile_total')
  const before = await reconciles()
  await eventually('all are reconciled again', async () => (await reconciles()) >= before + 3 * hostile)
  // The same, with a Secret that comes while all others are resynced.
  await world.createSecret('late', { chain: [await createLeaf({ commonName: 'late.example.com' })] }, other)
  await world.eventuallyStatus('late', 'Synced', ({ phase }) => phase === 'Synced', {
    namespace: other,
    timeoutMs: 5_000,
  })

  await expectRolesKept(replicas, [leader, standby], holder)
})

test('one Secret whose key or certificate takes long to decode costs a tenant beside it nothing either', async () => {
  await using replicas = await Replicas.create(cluster, { namespaces: 2 })
  const { world } = replicas
  const other = world.namespaces.at(-1) as string
  const [leader, standby] = await replicas.startTwo({ options: { resync: '1s' } })
  const holder = (await replicas.lease())?.spec.holderIdentity

  const neighbour = await createLeaf({ commonName: 'neighbour.example.com' })
  const key = Buffer.from(blockPem(spelledOutPrivateKey('sec1'), 'EC PRIVATE KEY'))
  const slow = {
    extensions: { data: { ...secretData(multipliedCertificate()) }, reason: 'UnsupportedExtension' },
    chain: { data: { ...spelledOutChain() }, reason: 'UnsupportedKey' },
    key: {
      data: { 'tls.crt': Buffer.from(neighbour.certificatePem), 'tls.key': key },
      reason: 'KeyUnreadable',
    },
  }
  for (const [name, { data }] of Object.entries(slow)) {
    const annotations = world.annotationsOf({})
    await cluster.admin.createTlsSecret(world.namespace, name, { annotations, data })
  }
  await world.createSecret('neighbour', { chain: [neighbour] }, other)
  await world.eventuallySynced('neighbour', chainFingerprint('SVR', neighbour), {
    namespace: other,
    timeoutMs: 5_000,
  })
  for (const [name, { reason }] of Object.entries(slow)) {
    await world.eventuallyStatus(name, 'rejected', (status) => status.reason === reason)
  }
  const reconciles = () => leader.process.metric('tencent_cert_sync_reconcile_total')
  const before = await reconciles()
  await eventually(
    'all are reconciled again',
    async () => (await reconciles()) >= before + 3 * Object.keys(slow).length,
  )

  await expectRolesKept(replicas, [leader, standby], holder)
  // What the chart allows a replica.
  for (const { process } of [leader, standby]) expect(peakMebibytes(process.pid)).toBeLessThan(192)
})

function peakMebibytes(pid: number): number {
  const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) / 1_024
}
