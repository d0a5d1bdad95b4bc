import { afterEach, expect, test } from 'vitest'
import { ApiError } from '../../control-plane/api-client.ts'
import { eventually } from '../../harness/eventually.ts'
import { Batch } from './harness/batch.ts'
import { reportFigure } from './harness/figures.ts'
import type { OperatorPod } from './harness/release.ts'
import { eventuallyLeads, leaseOf, type Takeover, takeover } from './harness/takeover.ts'
import { expectEverythingTrue } from './harness/truth.ts'
import { useWorld } from './harness/use-world.ts'

/* Two replicas with the chart's own times: a lease of 15 s, renewed every 2 s. */

const world = useWorld('ha')
let batches = 0

/** A change of leader in the middle of a batch, after which everything is synced and true. */
async function inABatch(what: string, event: (leader: OperatorPod) => Promise<unknown>): Promise<Takeover> {
  await world().release.readyPods(2)
  const batch = await Batch.create(world(), { count: 60, name: `batch-${++batches}` })
  await batch.eventuallyUploaded(5)
  const change = await takeover(world(), event)
  const seconds = (ms: number) => (ms / 1_000).toFixed(1)
  reportFigure(
    `takeover, leader ${what}: next one holds the lease, uploads`,
    `${seconds(change.leaseMs)} s, ${seconds(change.uploadMs)} s`,
  )
  await batch.eventuallySynced()
  return change
}

function podPath({ metadata }: OperatorPod): string {
  return `/api/v1/namespaces/${world().release.namespace}/pods/${metadata.name}`
}

/** Asks for an eviction, as `kubectl drain` does. */
function evict(pod: OperatorPod): Promise<unknown> {
  const { name } = pod.metadata
  const metadata = { name, namespace: world().release.namespace }
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata }
  return world().admin.request('POST', `${podPath(pod)}/eviction`, { body })
}

/** How often the container of a pod was started again. */
async function restarts({ metadata: { name } }: OperatorPod): Promise<number | undefined> {
  const pod = (await world().release.pods()).find(({ metadata }) => metadata.name === name)
  return pod?.status.containerStatuses?.[0]?.restartCount
}

afterEach(() => expectEverythingTrue(world()))

test('both replicas are ready, and the one that the Lease names leads', async () => {
  const { release } = world()
  const pods = await release.readyPods(2)
  const { pod, identity } = await eventuallyLeads(world())
  const leads = await Promise.all(pods.map((each) => release.metric(each, 'tencent_cert_sync_leader')))
  expect(leads.toSorted()).toEqual([0, 1])
  expect(pods[leads.indexOf(1)]?.metadata.name).toBe(pod.metadata.name)
  expect((await leaseOf(world())).spec).toMatchObject({ holderIdentity: identity, leaseDurationSeconds: 15 })
})

test("the leader's pod is deleted: it hands over, and the other goes on", async () => {
  const change = await inABatch('deleted', (leader) => world().admin.request('DELETE', podPath(leader)))
  expect(change.reason).toBe('released')
  expect(change.leader.metadata.name).not.toBe(change.before.metadata.name)
})

test('the leader is killed with SIGKILL: its lease runs out, and another goes on', async ({ skip }) => {
  const { faults } = world().cluster
  if (faults === undefined) return skip('the processes of this cluster are out of reach')
  const { namespace } = world().release
  const change = await inABatch('killed', ({ metadata }) => faults.killContainer(namespace, metadata.name))
  expect(change.reason).toBe('expired')
  await eventually('the container is there again', async () => (await restarts(change.before)) === 1)
  await world().release.readyPods(2)
})

test('the leader is evicted: it hands over, and the budget refuses to evict the other until there are two again', async () => {
  const { admin, release } = world()
  const budget = `/apis/policy/v1/namespaces/${release.namespace}/poddisruptionbudgets/${release.fullName}`
  const pods = await release.readyPods(2)
  await eventually('the budget knows of two pods', async () => {
    const { status } = await admin.request<{ status: { disruptionsAllowed?: number } }>('GET', budget)
    return status.disruptionsAllowed === 1
  })
  let refusal: unknown
  const change = await inABatch('evicted', async (leader) => {
    await evict(leader)
    const other = pods.find(({ metadata }) => metadata.name !== leader.metadata.name)
    if (other !== undefined) refusal = await evict(other).catch((error: unknown) => error)
  })
  expect(refusal).toBeInstanceOf(ApiError)
  expect(refusal).toMatchObject({ status: 429 })
  expect(change.reason).toBe('released')

  // A drain goes on asking.
  await eventually(
    'the next leader may be evicted, too',
    () =>
      evict(change.leader).then(
        () => true,
        (error: unknown) => {
          if (error instanceof ApiError && error.status === 429) return false
          throw error
        },
      ),
    { timeoutMs: 60_000 },
  )
  await release.readyPods(2)
  const late = await Batch.create(world(), { count: 3, name: 'late' })
  await late.eventuallySynced()
})
