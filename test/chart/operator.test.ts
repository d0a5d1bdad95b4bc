import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { credentialNames } from '../../src/config.ts'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { chainFingerprint, createAuthority, createLeaf } from '../fixtures/certificates.ts'
import { eventually } from '../harness/eventually.ts'
import { OperatorProcess } from '../harness/operator-process.ts'
import { credentials, World } from '../harness/world.ts'
import { argumentsOf, type InstalledChart, installChart } from './installed-chart.ts'
import { monitoredCluster } from './monitored-cluster.ts'

const { cluster, resources } = await monitoredCluster()
const { admin } = cluster
afterAll(() => cluster.close())
const issuer = await createAuthority({ name: 'Issuer' })

/** The files of the credentials Secret, as a pod sees them. */
function credentialsFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tencent-cert-sync-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, credentialNames.secretId), credentials.secretId)
  writeFileSync(join(folder, credentialNames.secretKey), credentials.secretKey)
  return folder
}

/**
 * The bundle as a pod of the release: its arguments, its ServiceAccount; only the ports are free ones. The namespace, which
 * a pod finds beside its token, is said.
 */
async function startPod({ objects, account }: InstalledChart): Promise<OperatorProcess> {
  const args = argumentsOf(objects).filter((each) => !/^--(health|metrics)-address=/.test(each))
  const place = ['--kubeconfig', account.kubeconfig, '--lease-namespace', account.namespace]
  const pod = OperatorProcess.start({ args: [...args, ...place], env: {} })
  onTestFinished(() => pod.kill())
  return pod.ready()
}

test.each(['default', 'everything-on'])(
  'installed as %s, the rights, the policy and the arguments of the chart are what the operator needs',
  async (variant) => {
    await using world = await World.create(cluster)
    const namespace = await admin.newNamespace('installed')
    const values = {
      endpoint: world.simulator.url,
      credentials: { mountPath: credentialsFolder() },
      proxy: { httpsProxy: '' },
    }
    const chart = await installChart(cluster, resources, { variant, values, namespace })
    onTestFinished(() => chart.client.close())
    const first = await startPod(chart)
    const leaf = await createLeaf({ issuer, commonName: 'shop.example.com' })
    await world.createSecret('shop', { chain: [leaf, issuer] })

    const chain = chainFingerprint('SVR', leaf, issuer)
    const status = await world.eventuallySynced('shop', chain)

    // For the whole cluster: it may hold Secrets of other tests.
    const held = world.simulator.certificates().filter((each) => each.chainFingerprint === chain)
    expect(held.map(({ id }) => id)).toEqual([status.uploaded?.certificateId])
    await first.stop()
    const events = await admin.listEvents(world.namespace, 'shop')
    expect(events.map(({ reason }) => reason)).toEqual(['CertificateUploaded'])
    expect(first.log().filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
    // The second pod takes the Lease over, which needs other rights than to create it.
    const second = await startPod(chart)
    const renewed = await createLeaf({ issuer, commonName: 'shop.example.com' })
    await world.renewSecret('shop', { chain: [renewed, issuer] })
    await world.eventuallySynced('shop', chainFingerprint('SVR', renewed, issuer))
    await second.stop()
    expect(second.log().filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
  },
)

test('installed for one namespace, it syncs there and sees no Secret elsewhere', async () => {
  await using world = await World.create(cluster, { namespaces: 2 })
  const [inside = '', outside = ''] = world.namespaces
  const namespace = await admin.newNamespace('installed')
  const values = {
    watchNamespaces: [inside],
    endpoint: world.simulator.url,
    credentials: { mountPath: credentialsFolder() },
  }
  const chart = await installChart(cluster, resources, { variant: 'namespaced', values, namespace })
  onTestFinished(() => chart.client.close())
  const leaf = await createLeaf({ issuer, commonName: 'shop.example.com' })
  await world.createSecret('outside', { chain: [leaf, issuer] }, outside)
  await world.createSecret('inside', { chain: [leaf, issuer] }, inside)
  const pod = await startPod(chart)

  await world.eventuallySynced('inside', chainFingerprint('SVR', leaf, issuer), { namespace: inside })

  await pod.stop()
  // `create` is how installChart tries the policy.
  const verb = ['get', 'list', 'watch', 'patch']
  const asked = await cluster.auditEvents({ user: chart.account.user, resource: 'secrets', verb })
  expect(new Set(asked.map(({ objectRef }) => objectRef?.namespace))).toEqual(new Set([inside]))
  expect((await world.status('outside', outside)).phase).toBeUndefined()
  expect(pod.log().filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
})

test('ten Secrets with 40,000 annotations stop no other Secret, and one with too many of them is reported', async () => {
  await using world = await World.create(cluster)
  const namespace = await admin.newNamespace('installed')
  const values = { endpoint: world.simulator.url, credentials: { mountPath: credentialsFolder() } }
  const chart = await installChart(cluster, resources, { variant: 'default', values, namespace })
  onTestFinished(() => chart.client.close())
  const crowded = (count: number) => {
    const tiny = Array.from({ length: count }, (_, index) => [index.toString(36).padStart(4, '0'), ''])
    return { annotations: { ...Object.fromEntries(tiny), [userKeys.upload]: 'true' } }
  }
  for (let index = 0; index < 10; index++) {
    await admin.createTlsSecret(world.namespace, `crowded-${index}`, crowded(40_000))
  }
  await admin.createTlsSecret(world.namespace, 'too-many', crowded(1_001))
  const pod = await startPod(chart)
  const leaf = await createLeaf({ issuer, commonName: 'shop.example.com' })
  await world.createSecret('shop', { chain: [leaf, issuer] })

  await world.eventuallySynced('shop', chainFingerprint('SVR', leaf, issuer), { timeoutMs: 60_000 })

  const reported = async () => {
    const events = await admin.listEvents(world.namespace, 'too-many')
    const notes = events.filter(({ reason }) => reason === 'StatusNotWritable').map(({ note }) => note)
    return notes.some((note) => note?.includes('more than 1,000 annotations'))
  }
  await eventually('the Secret with too many annotations is reported', reported, { timeoutMs: 60_000 })
  await pod.stop()
}, 240_000)
