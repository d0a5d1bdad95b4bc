import { afterEach, expect, test } from 'vitest'
import { statusPrefix } from '../../../src/contract/annotation-keys.ts'
import { readStatus } from '../../../src/contract/status.ts'
import { eventually } from '../../harness/eventually.ts'
import { Batch } from './harness/batch.ts'
import { reportFigure } from './harness/figures.ts'
import { eventuallyLeads } from './harness/takeover.ts'
import { expectEverythingTrue } from './harness/truth.ts'
import { useWorld } from './harness/use-world.ts'

/* Everything that a person does with Helm, each in the middle of a batch of 200 Secrets. */

const world = useWorld('upgrade', { namespaces: 3 })
const count = 200

/** Does something when a part of a new batch is uploaded; resolves when it is done. */
async function inTheMiddle(what: string, namespace: string, work: () => Promise<void>): Promise<Batch> {
  await world().release.readyPods(2)
  const batch = await Batch.create(world(), { count, name: what, namespace })
  await batch.eventuallyUploaded(20)
  expect((await batch.uploads()).length).toBeLessThan(count - 20)
  const begun = performance.now()
  await work()
  reportFigure(`helm ${what} in the middle of ${count} Secrets`, seconds(begun))
  return batch
}

/** "12.3 s", since a moment of `performance.now()`. */
function seconds(since: number): string {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`
}

/** Annotations by Secret. */
async function annotations(namespace: string): Promise<Map<string, Record<string, string>>> {
  const secrets = await world().admin.listSecrets(namespace)
  return new Map(secrets.map(({ metadata }) => [metadata.name, metadata.annotations ?? {}]))
}

async function podNames(): Promise<string[]> {
  return (await world().release.pods()).map(({ metadata }) => metadata.name)
}

/** Resolves with the pods' names when none of `old` is left: Helm ends as soon as the new ones are ready. */
async function eventuallyReplaced(old: readonly string[]): Promise<string[]> {
  let names: string[] = []
  const replaced = async () => {
    names = await podNames()
    return !names.some((name) => old.includes(name))
  }
  await eventually('every pod is a new one', replaced, { details: () => `${old} before, ${names} now` })
  return names
}

afterEach(() => expectEverythingTrue(world()))

test('helm upgrade and helm rollback: new pods, every Secret synced, no certificate twice', async () => {
  const { release, namespaces } = world()
  const [upgraded = '', rolledBack = ''] = namespaces
  const first = await podNames()
  const batch = await inTheMiddle('upgrade', upgraded, () => release.install({ log: { level: 'debug' } }))
  const second = await eventuallyReplaced(first)
  await batch.eventuallySynced()

  const other = await inTheMiddle('rollback', rolledBack, () => release.rollback())
  await eventuallyReplaced(second)
  await other.eventuallySynced()
})

test('helm uninstall and re-install: annotations stay, what was synced is not uploaded again, the rest is', async () => {
  const { release, namespaces, cloud } = world()
  const [, , namespace = ''] = namespaces
  const batch = await inTheMiddle('uninstall', namespace, () => release.uninstall())
  const left = await annotations(namespace)
  const synced = [...left].filter(([, each]) => readStatus(each).phase === 'Synced')
  expect(synced.length).toBeGreaterThan(0)
  expect(synced.length).toBeLessThan(count)
  const callsBefore = await cloud.calls('UploadCertificate')

  // The leader lost its rights before it was told to end, so it could not release the Lease, which has to run out.
  const begun = performance.now()
  await release.install()
  await eventuallyLeads(world())
  reportFigure('helm install again, until a pod leads', seconds(begun))
  await batch.eventuallySynced()
  const after = await annotations(namespace)
  for (const [name, each] of synced) expect(after.get(name), name).toEqual(each)
  const calls = (await cloud.calls('UploadCertificate')).slice(callsBefore.length)
  const leaves = new Set(synced.map(([, each]) => readStatus(each).uploaded?.fingerprint))
  expect(calls.filter(({ leafFingerprint }) => leaves.has(leafFingerprint))).toEqual([])
  expect(calls.length).toBeGreaterThan(0)
})

test('helm uninstall and re-install where everything is synced: no upload, no write', async () => {
  const { release, namespaces, cloud } = world()
  const versions = async () => {
    const all = await Promise.all(namespaces.map((each) => world().admin.listSecrets(each)))
    return all.flat().map(({ metadata }) => [metadata.name, metadata.resourceVersion])
  }
  const uploads = async () => (await cloud.calls('UploadCertificate')).length
  const before = { uploads: await uploads(), versions: await versions() }
  await release.uninstall()
  await release.install()
  const { pod } = await eventuallyLeads(world())
  const looks = () => release.metric(pod, 'tencent_cert_sync_reconcile_total', { step: 'Synced' })
  await eventually('every Secret was looked at', async () => (await looks()) >= namespaces.length * count, {
    timeoutMs: 60_000,
  })
  expect({ uploads: await uploads(), versions: await versions() }).toEqual(before)
})

test('a status that was removed while the operator was uninstalled is put back, without a second certificate', async () => {
  const { release, namespace, kubectl } = world()
  await release.uninstall()
  const before = (await annotations(namespace)).get('upgrade-1') ?? {}
  const ours = Object.keys(before).filter((key) => key.startsWith(statusPrefix))
  expect(ours.length).toBeGreaterThan(0)
  await kubectl.run(
    ...['annotate', 'secret', 'upgrade-1', '--namespace', namespace],
    ...ours.map((key) => `${key}-`),
  )
  // Installed again, it is put back: without a second certificate.
  await release.install()
  await world().eventuallySynced('upgrade-1')
})
