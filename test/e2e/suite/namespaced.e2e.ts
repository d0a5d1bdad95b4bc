import { expect, test } from 'vitest'
import { unless } from '../../control-plane/admin.ts'
import { createLeaf } from '../../fixtures/certificates.ts'
import { rightsOf } from './harness/rights.ts'
import { useWorld } from './harness/use-world.ts'

const world = useWorld('namespaced', {
  variant: 'namespaced',
  namespaces: 3,
  values: ({ namespaces }) => ({ watchNamespaces: namespaces.slice(0, 2) }),
})

test('Secrets of its namespaces are synced, one of another namespace is invisible', async () => {
  const { namespaces, cloud } = world()
  const [first = '', second = '', foreign = ''] = namespaces
  const leaves = await Promise.all(
    ['foreign', 'one', 'two'].map((name) => createLeaf({ commonName: `${name}.example.com` })),
  )
  const [unseen, one, two] = leaves.map((leaf) => ({ chain: [leaf] }))
  await world().createSecret('tls', unseen ?? {}, foreign)
  await world().createSecret('tls', one ?? {}, first)
  await world().createSecret('tls', two ?? {}, second)
  await world().eventuallySynced('tls', { namespace: first })
  await world().eventuallySynced('tls', { namespace: second })
  // A pod that starts now lists what is there: it does not find it either.
  const [pod] = await world().release.pods()
  await world().kubectl.run(
    'delete',
    'pod',
    '--namespace',
    world().release.namespace,
    pod?.metadata.name ?? '',
  )
  await world().release.readyPods(2)
  await world().createSecret('late', { chain: [await createLeaf({ commonName: 'late' })] }, first)
  await world().eventuallySynced('late', { namespace: first })

  expect(await world().status('tls', foreign)).toMatchObject({ phase: undefined, uploaded: undefined })
  expect(await cloud.certificates()).toHaveLength(3)
})

test('the pod may do exactly what it must, by its own account of kubectl auth can-i', async () => {
  const { release, namespaces } = world()
  const [first = '', second = '', foreign = ''] = namespaces
  const rights = (namespace: string) => rightsOf(world(), namespace)
  const secretsAndEvents = ['events.events.k8s.io [create patch]', 'secrets [get list patch watch]']
  expect(await rights(first)).toEqual(secretsAndEvents)
  expect(await rights(second)).toEqual(secretsAndEvents)
  expect(await rights(foreign)).toEqual([])
  expect(await rights('kube-system')).toEqual([])
  expect(await rights(release.namespace)).toEqual([
    'leases.coordination.k8s.io [create]',
    `leases.coordination.k8s.io ${release.fullName} [get update]`,
  ])
})

test('there is no ClusterRole of the release', async () => {
  const { admin, release } = world()
  const query = { labelSelector: release.selector }
  for (const kind of ['clusterroles', 'clusterrolebindings']) {
    const path = `/apis/rbac.authorization.k8s.io/v1/${kind}`
    expect(await admin.request('GET', path, { query }).catch(unless(404))).toMatchObject({ items: [] })
  }
})
