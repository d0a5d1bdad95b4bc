import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from '../../harness/eventually.ts'
import { CertifiedSecrets, numbered } from './harness/certified-secrets.ts'
import { CloudWay } from './harness/cloud-way.ts'
import { reportFigure } from './harness/figures.ts'
import type { OperatorPod } from './harness/release.ts'
import { eventuallyLeads } from './harness/takeover.ts'
import { expectEverythingTrue } from './harness/truth.ts'
import { useWorld } from './harness/use-world.ts'

/* Two replicas with the chart's own times: a leader that cannot renew its Lease for 10 s ends. */

const world = useWorld('outage')
const unbreakable = 'the programs of this cluster are out of reach'
/** What an outage must never be taken for: it is no refusal. */
const refusals = ['StatusNotWritable', 'NotAllowed', 'CredentialsRefused', 'UnexpectedError']
/**
 * An API server that ends withdraws its endpoint: the way to it through its Service opens again only when kube-proxy
 * has looked, after a back-off of its own of 30 to 60 s, and then the operator's, of up to 10 s, has to pass. Nearly
 * 100 s were seen when that was 30 s, too.
 */
const backOffsMs = 240_000
let secrets: CertifiedSecrets
let round = 0

/** Both pods are ready, and know of Secrets that are synced. */
beforeEach(async () => {
  await world().release.readyPods(2)
  secrets ??= new CertifiedSecrets(world())
  await secrets.put(...numbered(`shop-${++round}`, 5))
  await secrets.synced()
})

afterEach(async () => {
  await expectEverythingTrue(world())
  await expectNoRefusal()
})

/** Neither the Secrets nor their Events nor the logs speak of one. */
async function expectNoRefusal(): Promise<void> {
  const { admin, namespace, release } = world()
  const told: unknown[] = []
  for (const { metadata } of await admin.listSecrets(namespace)) told.push(metadata.annotations)
  const events = await admin.request<{ items: unknown[] }>(
    'GET',
    `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
  )
  const logs = await Promise.all((await release.pods()).map((pod) => release.logText(pod)))
  const text = JSON.stringify([told, events.items, logs])
  expect(text).toContain('CertificateUploaded')
  expect(refusals.filter((reason) => text.includes(reason))).toEqual([])
}

/** Uploads that are under way: some are done, others not. */
async function inTheMiddleOfUploads(): Promise<void> {
  const before = (await world().cloud.certificates()).length
  await secrets.put(...numbered(`batch-${round}`, 50))
  const uploaded = async () => (await world().cloud.certificates()).length - before
  await eventually('a few are uploaded', async () => (await uploaded()) >= 3)
  expect(await uploaded()).toBeLessThan(50)
}

/** How often the container of each pod was started again. */
async function restarts(): Promise<Record<string, number | undefined>> {
  const pods = await world().release.pods()
  const count = ({ metadata, status }: OperatorPod) =>
    [metadata.name, status.containerStatuses?.[0]?.restartCount] as const
  return Object.fromEntries(pods.map(count))
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

test('the way to the cloud is cut and healed: ids stay, pods stay, and what changed meanwhile is synced', async () => {
  const way = new CloudWay(world())
  const before = await restarts()
  const known = await world().status(`shop-${round}-1`)
  await way.cut()
  try {
    await secrets.put(...numbered(`shop-${round}`, 5), ...numbered(`cut-${round}`, 15))
    // Not each of them: those that wait for the account are not told one by one.
    await eventually('a Secret says that the cloud cannot be reached', async () => {
      const statuses = await Promise.all(secrets.names.map((name) => world().status(name)))
      return statuses.some(({ phase, reason }) => phase === 'Failed' && reason === 'ServiceUnavailable')
    })
    // It goes on trying, and the id that it has is still true.
    const { pod } = await eventuallyLeads(world())
    const tries = () => world().release.metric(pod, 'tencent_cert_sync_uploads_total', { result: 'outage' })
    const first = await tries()
    // Looks at an account that is away grow rare, up to one a minute.
    await eventually('it is tried again', async () => (await tries()) > first, { timeoutMs: 90_000 })
    expect((await world().status(`shop-${round}-1`)).uploaded).toEqual(known.uploaded)
    // A cloud that is away makes no pod unready: another one could not reach it either.
    await world().release.readyPods(2, 5_000)
  } finally {
    await way.heal()
  }
  const healed = performance.now()
  await secrets.synced()
  reportFigure('way to the cloud healed: 20 Secrets synced after', seconds(performance.now() - healed))
  expect(await restarts()).toEqual(before)
})

test('the API server is restarted amid uploads: pods stay, and everything is synced', async ({ skip }) => {
  const { faults } = world().cluster
  if (faults === undefined) return skip(unbreakable)
  const before = await restarts()
  await inTheMiddleOfUploads()
  const gone = performance.now()
  await faults.killApiServer()
  await faults.startApiServer()
  const back = performance.now()
  // Just now authorised calls may still be answered with 403, the operator's as well.
  await secrets.put(...numbered(`shop-${round}`, 5), ...numbered(`late-${round}`, 5))
  await secrets.synced()
  reportFigure('API server killed and started: away for', seconds(back - gone))
  reportFigure('API server back: everything synced after', seconds(performance.now() - back))
  await world().release.readyPods(2)
  expect(await restarts()).toEqual(before)
})

test('the API server is away longer than the lease: the leader ends and is unready, then all goes on', async ({
  skip,
}) => {
  const { faults } = world().cluster
  if (faults === undefined) return skip(unbreakable)
  const before = await restarts()
  const led = (await eventuallyLeads(world())).pod.metadata.name
  const readySince = await readyTimes()
  await inTheMiddleOfUploads()
  await faults.restartApiServer({ downMs: 20_000 })
  const back = performance.now()
  await secrets.put(...numbered(`shop-${round}`, 5), ...numbered(`late-${round}`, 5))
  await secrets.synced(backOffsMs)
  reportFigure('API server back after 20 s: everything synced after', seconds(performance.now() - back))
  await world().release.readyPods(2)
  // It must not work without its Lease. The other one only waited.
  expect(await restarts()).toEqual({ ...before, [led]: (before[led] ?? 0) + 1 })
  const unready = Object.entries(await readyTimes()).filter(([name, time]) => readySince[name] !== time)
  expect(unready.map(([name]) => name)).toEqual([led])
}, 480_000)

/** Since when each pod is ready, RFC 3339. */
async function readyTimes(): Promise<Record<string, string | undefined>> {
  const pods = await world().release.readyPods(2)
  const since = ({ metadata, status }: OperatorPod) =>
    [metadata.name, status.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime] as const
  return Object.fromEntries(pods.map(since))
}

test('the kubelet and containerd are restarted amid uploads: containers go on, and everything is synced', async ({
  skip,
}) => {
  const { faults } = world().cluster
  if (faults === undefined) return skip(unbreakable)
  const before = await restarts()
  await inTheMiddleOfUploads()
  await faults.restartContainerd()
  await faults.restartKubelet()
  await secrets.put(...numbered(`shop-${round}`, 5), ...numbered(`late-${round}`, 5))
  await secrets.synced()
  await world().release.readyPods(2)
  expect(await restarts()).toEqual(before)
})
