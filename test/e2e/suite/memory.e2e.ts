import { beforeAll, expect, test } from 'vitest'
import { writeNeighbours } from '../../bench/neighbours.ts'
import { CertifiedSecrets, numbered } from './harness/certified-secrets.ts'
import { reportFigure } from './harness/figures.ts'
import { MemoryGauge } from './harness/memory-gauge.ts'
import type { OperatorPod } from './harness/release.ts'
import { expectEverythingTrue } from './harness/truth.ts'
import { useWorld } from './harness/use-world.ts'

const all = 5_000
const optedIn = 200
const renewals = 300

const world = useWorld('memory', { namespaces: 2, install: false })
let secrets: CertifiedSecrets

/** The Secrets are there before the operator is: its first list is as long as it can be. */
beforeAll(async () => {
  const { admin, namespaces } = world()
  secrets = new CertifiedSecrets(world())
  await writeNeighbours(admin, namespaces[1] ?? '', all - optedIn)
  await secrets.put(...numbered('shop', optedIn))
})

test('5,000 TLS Secrets, 200 uploads and 300 renewals: every pod stays under its limit, and none is restarted', async () => {
  const { release, admin, cloud } = world()
  await release.install()
  const pods = await release.readyPods(2)
  const gauge = new MemoryGauge(admin, pods)
  try {
    await secrets.synced()
    const names = secrets.names
    await secrets.put(...names)
    await secrets.synced()
    await secrets.put(...names.slice(0, renewals - optedIn))
    await secrets.synced()
    expect(await cloud.certificates()).toHaveLength(optedIn + renewals)

    const limitMiB = await memoryLimitMiB()
    const leader = (await release.leader())?.metadata.name
    for (const pod of pods) {
      const peakMiB = await gauge.peakMiB(pod)
      const role = pod.metadata.name === leader ? 'leader' : 'standby'
      const figure = `${peakMiB.toFixed(0)} MiB of ${limitMiB} MiB`
      reportFigure(`most memory of the ${role}'s pod, 5,000 TLS Secrets, 500 uploads`, figure)
      expect(peakMiB).toBeLessThan(limitMiB)
      // Files that are mapped, Node itself above all, count for whichever pod of the node touched them first: more than
      // all that this process ever had resident no pod is charged for.
      const residentMiB = await mostResidentMiB(pod)
      reportFigure(
        `most that its process had resident, Node itself included (${role})`,
        `${residentMiB.toFixed(0)} MiB`,
      )
      expect(residentMiB).toBeLessThan(limitMiB)
    }
  } finally {
    gauge.close()
  }
  const after = await release.readyPods(2)
  expect(
    after.map(({ metadata, status }) => [metadata.name, status.containerStatuses?.[0]?.restartCount]),
  ).toEqual(pods.map(({ metadata }) => [metadata.name, 0]))
  await expectEverythingTrue(world())
})

/** The most memory that the operator of a pod ever had resident (VmHWM). */
async function mostResidentMiB({ metadata: { name } }: OperatorPod): Promise<number> {
  const { kubectl, release } = world()
  const script = `fs.readFileSync('/proc/1/status', 'utf8')`
  const exec = ['exec', '--namespace', release.namespace, name, '--', '/nodejs/bin/node', '--print', script]
  const status = await kubectl.run(...exec)
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? []
  if (kibibytes === undefined) throw new Error(`${name} tells no VmHWM`)
  return Number(kibibytes) / 1_024
}

/** What the chart gives a pod by default. */
async function memoryLimitMiB(): Promise<number> {
  const { kubectl, release } = world()
  const path = '{.items[0].spec.containers[0].resources.limits.memory}'
  const ask = ['get', 'pods', '--namespace', release.namespace, '--selector', release.selector]
  const limit = await kubectl.run(...ask, '--output', `jsonpath=${path}`)
  const [, mebibytes] = /^(\d+)Mi$/.exec(limit) ?? []
  if (mebibytes === undefined) throw new Error(`the memory limit is "${limit}"`)
  return Number(mebibytes)
}
