import { afterAll, expect, test } from 'vitest'
import type { ApiClient } from '../control-plane/api-client.ts'
import type { PolicyRule } from '../control-plane/api-objects.ts'
import { installChart } from './installed-chart.ts'
import { monitoredCluster } from './monitored-cluster.ts'

const { cluster, resources } = await monitoredCluster()
const { admin } = cluster
afterAll(() => cluster.close())

const secrets = { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch', 'patch'] }
const events = { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] }
const leases = (resourceNames: string[]) => [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames, verbs: ['get', 'update'] },
]

/** What `kubectl auth can-i --list` shows, without what every ServiceAccount may do. */
async function rightsIn(namespace: string, client: ApiClient): Promise<PolicyRule[]> {
  const review = await client.request<{ status: { resourceRules: PolicyRule[]; incomplete: boolean } }>(
    'POST',
    '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    {
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectRulesReview',
        spec: { namespace },
      },
    },
  )
  expect(review.status.incomplete).toBe(false)
  return review.status.resourceRules.filter(
    ({ apiGroups: [group = ''] }) => !['authorization.k8s.io', 'authentication.k8s.io'].includes(group),
  )
}

/** The order in which the API server names rules is its own. */
function sameRules(seen: readonly PolicyRule[], expected: readonly PolicyRule[]): void {
  const sorted = (rules: readonly PolicyRule[]) => rules.map((rule) => JSON.stringify(shape(rule))).sort()
  expect(sorted(seen)).toEqual(sorted(expected))
}

function shape({ apiGroups, resources: kinds, verbs, resourceNames }: PolicyRule) {
  return { apiGroups, kinds, verbs, resourceNames: resourceNames ?? [] }
}

test('for all namespaces, the operator may do with Secrets, Events and its Lease what it needs, and nothing else', async () => {
  const namespace = await admin.newNamespace('rights')
  const { client } = await installChart(cluster, resources, { variant: 'default', namespace })
  sameRules(await rightsIn(namespace, client), [secrets, events, ...leases(['demo-tencent-cert-sync'])])
  sameRules(await rightsIn('kube-system', client), [secrets, events])
  await client.close()
})

test('for some namespaces, it has no right outside them, and in its own one nothing but its Lease', async () => {
  const [namespace = '', shop = '', blog = ''] = await Promise.all(
    ['rights', 'shop', 'blog'].map((prefix) => admin.newNamespace(prefix)),
  )
  const values = { watchNamespaces: [shop, blog] }
  const chart = await installChart(cluster, resources, { variant: 'namespaced', values, namespace })
  expect(chart.objects.map(({ kind }) => kind)).not.toContain('ClusterRole')
  expect(chart.objects.map(({ kind }) => kind)).not.toContain('ClusterRoleBinding')
  for (const each of [shop, blog]) sameRules(await rightsIn(each, chart.client), [secrets, events])
  sameRules(await rightsIn(namespace, chart.client), leases(['demo-tencent-cert-sync']))
  sameRules(await rightsIn('kube-system', chart.client), [])
  await chart.client.close()
})

test('without leader election it has no right to Leases, and with rbac.create=false none at all', async () => {
  for (const [variant, expected] of [
    ['minimal', [secrets, events]],
    ['no-rbac', []],
  ] as const) {
    const namespace = await admin.newNamespace('rights')
    const { client } = await installChart(cluster, resources, { variant, namespace })
    sameRules(await rightsIn(namespace, client), [...expected])
    await client.close()
  }
})

test('two releases of one name with their Leases in one namespace share neither Lease nor rights', async () => {
  const [leaseNamespace = '', ...namespaces] = await Promise.all(
    ['leases', 'rights', 'rights'].map((prefix) => admin.newNamespace(prefix)),
  )
  const values = { leaderElection: { leaseNamespace } }
  const charts = await Promise.all(
    namespaces.map((namespace) =>
      installChart(cluster, resources, { variant: 'default', values, namespace }),
    ),
  )
  for (const [index, { client }] of charts.entries()) {
    const lease = `demo-tencent-cert-sync.${namespaces[index]}`
    sameRules(await rightsIn(leaseNamespace, client), [secrets, events, ...leases([lease])])
    await client.close()
  }
})

test('two releases of one name in two namespaces do not share a role', async () => {
  const namespaces = await Promise.all([admin.newNamespace('rights'), admin.newNamespace('rights')])
  const charts = await Promise.all(
    namespaces.map((namespace) => installChart(cluster, resources, { variant: 'default', namespace })),
  )
  const [first, second] = charts
  for (const object of first?.objects ?? []) await resources.delete(object)
  sameRules(await rightsIn('kube-system', second?.client as ApiClient), [secrets, events])
  for (const { client } of charts) await client.close()
})
