import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { statusKeys } from '../../../src/contract/annotation-keys.ts'
import { at, objectsOf } from '../../chart/kubernetes-object.ts'
import { prometheusResources } from '../../chart/prometheus-operator/custom-resources.ts'
import { createLeaf } from '../../fixtures/certificates.ts'
import { eventually } from '../../harness/eventually.ts'
import type { Values } from './harness/chart-values.ts'
import { E2eWorld } from './harness/e2e-world.ts'
import { e2eCluster, e2eEnvironment } from './harness/environment.ts'
import { objectsIn, objectsOutside } from './harness/inventory.ts'
import { Kubectl } from './harness/kubectl.ts'
import { hostOf } from './harness/simulator-objects.ts'

/*
 * Ways to install the chart, each from nothing to nothing. Whether a NetworkPolicy is enforced is the cluster's affair: the
 * local one does not.
 */

interface Variant {
  readonly variant: string
  readonly replicas: number
  readonly values?: (world: E2eWorld) => Values
  /** Objects of the namespace that are not the release's and stay, the world's own aside. */
  readonly stays: (release: string) => readonly string[]
  /** Kinds that the manifest has, and that it does not have. */
  readonly has: readonly string[]
  readonly hasNot: readonly string[]
  /** What the status says of the account, without the endpoint. */
  readonly account?: string
}

const lease = (name: string) => `lease.coordination.k8s.io/${name}`
const optional = ['NetworkPolicy', 'ServiceMonitor', 'PodMonitor', 'PrometheusRule']

const variants: readonly Variant[] = [
  {
    variant: 'default',
    replicas: 2,
    stays: (release) => [lease(`${release}-tencent-cert-sync`)],
    has: ['ClusterRole', 'ClusterRoleBinding', 'PodDisruptionBudget', 'ValidatingAdmissionPolicy'],
    hasNot: optional,
  },
  {
    variant: 'namespaced',
    replicas: 2,
    values: ({ namespaces }) => ({ watchNamespaces: namespaces }),
    stays: (release) => [lease(`${release}-tencent-cert-sync`)],
    has: ['Role', 'RoleBinding', 'ValidatingAdmissionPolicy'],
    hasNot: ['ClusterRole', 'ClusterRoleBinding', ...optional],
  },
  {
    variant: 'ha',
    replicas: 3,
    stays: (release) => [lease(`${release}-tencent-cert-sync`)],
    has: ['ClusterRole', 'PodDisruptionBudget', 'ValidatingAdmissionPolicy'],
    hasNot: optional,
  },
  {
    variant: 'minimal',
    replicas: 1,
    stays: () => [],
    has: ['ClusterRole', 'Deployment'],
    hasNot: ['PodDisruptionBudget', 'Service', 'ValidatingAdmissionPolicy', ...optional],
  },
  {
    variant: 'everything-on',
    replicas: 3,
    stays: () => [lease('certificates')],
    has: ['NetworkPolicy', 'ServiceMonitor', 'PrometheusRule', 'ConfigMap', 'ValidatingAdmissionPolicy'],
    hasNot: ['PodMonitor'],
    account: 'team-a',
  },
]

const kubectl = new Kubectl(e2eEnvironment().kubectl, e2eCluster().kubeconfig)
/** The Prometheus operator's resources that the cluster did not have. */
let made: string[] = []

beforeAll(async () => {
  const definitions = await prometheusResources()
  const there = await objectsOutside(kubectl, 'monitoring.coreos.com')
  const missing = definitions.filter(({ metadata }) => !there.some((it) => it.endsWith(`/${metadata.name}`)))
  made = missing.map(({ metadata }) => `customresourcedefinition/${metadata.name}`)
  if (made.length === 0) return
  await kubectl.apply(...missing)
  await kubectl.run('wait', '--for=condition=Established', '--timeout=60s', ...made)
})
afterAll(async () => {
  if (made.length > 0) await kubectl.run('delete', ...made)
})

describe.each(variants)('$variant', ({ variant, replicas, values, stays, has, hasNot, account }) => {
  let world: E2eWorld
  let before: string[]

  beforeAll(async () => {
    const options = { variant, install: false, ...(values && { values }) }
    world = await E2eWorld.create(`variant-${variant}`, options)
    before = await objectsIn(kubectl, world.release.namespace)
  })
  afterAll(() => world?.end())

  /** What Helm installed. */
  async function manifest() {
    return objectsOf(await world.release.helm('get', 'manifest', world.release.name))
  }

  test('becomes ready, with the objects that it is to have', async () => {
    const { release } = world
    await release.install()
    const pods = await release.readyPods(replicas)
    expect(pods.map(({ status }) => status.containerStatuses?.[0]?.restartCount)).toEqual(pods.map(() => 0))
    const kinds = new Set((await manifest()).map(({ kind }) => kind))
    expect(has.filter((kind) => !kinds.has(kind))).toEqual([])
    expect(hasNot.filter((kind) => kinds.has(kind))).toEqual([])
  })

  test('syncs a Secret', async () => {
    const { cloud, clusterName, namespace, release } = world
    await world.createSecret('shop', { chain: [await createLeaf({ commonName: 'shop.example.com' })] })
    const { uploaded } = await world.eventuallySynced('shop')
    const owned = await cloud.certificatesOf(clusterName, `${namespace}/shop`)
    expect(owned.map(({ id }) => id)).toEqual([uploaded?.certificateId])
    expect(uploaded?.account).toBe(`${account ?? 'default'}@${hostOf(release.namespace)}`)
  })

  if (has.includes('ValidatingAdmissionPolicy')) {
    test('holds its own ServiceAccount to the status annotations', async () => {
      const { namespace, release } = world
      const [pod] = await release.pods()
      const as = `system:serviceaccount:${release.namespace}:${pod?.spec.serviceAccountName}`
      const patch = (change: unknown) =>
        kubectl.run(
          ...['patch', 'secret', 'shop', '--namespace', namespace, '--as', as, '--type=merge'],
          ...['--dry-run=server', '--patch', JSON.stringify(change)],
        )
      const key = Buffer.from('another key').toString('base64')
      await expect(patch({ data: { 'tls.key': key } })).rejects.toThrow(/may not change the data/)
      await expect(patch({ metadata: { labels: { a: 'b' } } })).rejects.toThrow(/may not change the labels/)
      await patch({ metadata: { annotations: { [statusKeys.phase]: 'Failed' } } })
    })
  }

  if (!hasNot.includes('Service')) {
    test('serves its metrics by a Service', async () => {
      const { admin, release } = world
      const service = (await manifest()).find(({ kind }) => kind === 'Service')
      const [name, port] = [service?.metadata.name, at(service, 'spec.ports.0.name')]
      const path = `/api/v1/namespaces/${release.namespace}/services/http:${name}:${port}/proxy/metrics`
      expect(await admin.request<string>('GET', path)).toContain('tencent_cert_sync_leader')
    })
  }

  test('goes with helm uninstall, and leaves nothing but its Lease and the status of Secrets', async () => {
    const { release, admin, namespace } = world
    const outside = await objectsOutside(kubectl, release.name)
    expect(outside).not.toEqual([])
    const status = await admin.annotations(namespace, 'shop')
    await release.uninstall()
    const expected = [...before, ...stays(release.name)].sort()
    let left: string[] = []
    await eventually(
      'everything is gone',
      async () => {
        left = await objectsIn(kubectl, release.namespace)
        return isDeepStrictEqual(left, expected)
      },
      { details: () => `left: ${left.filter((each) => !expected.includes(each)).join(', ')}` },
    )
    expect(await objectsOutside(kubectl, release.name)).toEqual([])
    expect(await admin.annotations(namespace, 'shop')).toEqual(status)
  })
})
