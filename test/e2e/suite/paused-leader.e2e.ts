import { afterEach, expect, test } from 'vitest'
import { eventually } from '../../harness/eventually.ts'
import { Batch } from './harness/batch.ts'
import { reportFigure } from './harness/figures.ts'
import type { OperatorPod } from './harness/release.ts'
import { eventuallyLeads, leaseOf, takeover } from './harness/takeover.ts'
import { expectEverythingTrue } from './harness/truth.ts'
import { useWorld } from './harness/use-world.ts'

/* Three replicas with a lease of 6 s. The leader stands still (SIGSTOP) for longer than that. */

const world = useWorld('paused', {
  variant: 'ha',
  // The liveness probe needs 50 s to give a container up, and the kubelet 12 s more to kill one that does not listen.
  values: {
    livenessProbe: { periodSeconds: 10, failureThreshold: 5 },
    shutdownGrace: '10s',
    terminationGracePeriodSeconds: 12,
  },
})
const out = 'the processes of this cluster are out of reach'

/** How the last container of a pod ended; undefined while none has. */
async function lastEnd({ metadata }: OperatorPod) {
  const { admin, release } = world()
  const path = `/api/v1/namespaces/${release.namespace}/pods/${metadata.name}`
  const { status } = await admin.request<{
    status: {
      containerStatuses?: { restartCount: number; lastState?: { terminated?: { exitCode: number } } }[]
    }
  }>('GET', path)
  const [container] = status.containerStatuses ?? []
  return container?.lastState?.terminated
}

/** What the old leader could have changed: the uploads to the cloud, the versions of all Secrets, who leads. */
async function everything() {
  const { admin, cloud, namespace } = world()
  const secrets = await admin.listSecrets(namespace)
  const versions = secrets.map(({ metadata }) => [metadata.name, metadata.resourceVersion])
  const { holderIdentity } = (await leaseOf(world())).spec
  return { uploads: (await cloud.calls('UploadCertificate')).length, versions, holderIdentity }
}

afterEach(() => expectEverythingTrue(world()))

test('woken up after another took over, it calls nothing and writes nothing, ends, and comes back as a standby', async ({
  skip,
}) => {
  const { cluster, cloud, release } = world()
  const { faults } = cluster
  if (faults === undefined) return skip(out)
  await release.readyPods(3)
  const { id } = await cloud.fault({
    ...{ kind: 'hold', at: 'before-work', action: 'UploadCertificate', skip: 5, times: 5 },
  })
  const batch = await Batch.create(world(), { count: 30, name: 'woken' })
  await eventually('five uploads are under way', async () =>
    (await cloud.faults()).some((each) => each.id === id && each.holding === 5),
  )
  const change = await takeover(world(), ({ metadata }) =>
    faults.pauseContainer(release.namespace, metadata.name),
  )
  const asleep = async () => {
    expect(change.reason).toBe('expired')
    expect(change.leader.metadata.name).not.toBe(change.before.metadata.name)
    // Now the service works on the calls of before, and their answers wait for the one who sleeps.
    await cloud.clearFaults(id)
    await batch.eventuallySynced()
    expect(await lastEnd(change.before)).toBeUndefined()
    return everything()
  }
  const before = await asleep().finally(() =>
    faults.resumeContainer(release.namespace, change.before.metadata.name),
  )
  await eventually('it ends', async () => (await lastEnd(change.before)) !== undefined)
  await release.readyPods(3)
  expect(await everything()).toEqual(before)
  expect(await lastEnd(change.before)).toMatchObject({ exitCode: 1 })
  expect(await release.logText(change.before, { previous: true })).toMatch(/"no longer leading"/)
  const log = await release.log(change.before)
  expect(log.map(({ msg }) => msg)).toContain('standing by')
  expect(await release.metric(change.before, 'tencent_cert_sync_leader')).toBe(0)
})

test('never woken up, it is restarted for failing its liveness probe, and comes back as a standby', async ({
  skip,
}) => {
  const { cluster, release } = world()
  const { faults } = cluster
  if (faults === undefined) return skip(out)
  const pods = await release.readyPods(3)
  const restartsBefore = await restarts()
  const { pod, identity } = await eventuallyLeads(world())
  const begun = performance.now()
  await faults.pauseContainer(release.namespace, pod.metadata.name)
  const next = await eventuallyLeads(world(), identity)
  expect(next.pod.metadata.name).not.toBe(pod.metadata.name)
  const batch = await Batch.create(world(), { count: 5, name: 'sleeping' })
  await batch.eventuallySynced()
  await eventually('it is restarted', async () => (await restarts()) === restartsBefore + 1, {
    timeoutMs: 150_000,
  })
  reportFigure(
    'leader paused for good: restarted by its liveness probe after',
    `${((performance.now() - begun) / 1_000).toFixed(0)} s`,
  )
  // 137: SIGKILL, since it could not listen to SIGTERM.
  expect(await lastEnd(pod)).toMatchObject({ exitCode: 137 })
  expect(names(await release.readyPods(3))).toEqual(names(pods))
  expect((await eventuallyLeads(world())).identity).toBe(next.identity)

  async function restarts() {
    const each = (await release.pods()).map(({ status }) => status.containerStatuses?.[0]?.restartCount ?? 0)
    return each.reduce((sum, count) => sum + count, 0)
  }
})

function names(pods: readonly OperatorPod[]): string[] {
  return pods.map(({ metadata }) => metadata.name)
}
