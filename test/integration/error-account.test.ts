import { afterAll, expect, test } from 'vitest'
import { rungs } from '../../src/ledger/cosmetics-ladder.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { Scene, type SceneSecret } from '../harness/scene.ts'
import { credentials, eventually } from '../harness/world.ts'

const cluster = sharedCluster()
afterAll(() => cluster.close())

const minute = 60_000

function scenario(name: string, run: (scene: Scene) => Promise<void>): void {
  test.concurrent(name, async () => {
    await using scene = await Scene.create(cluster)
    await run(scene)
    expect(scene.world.simulator.maxInAnySecond('UploadCertificate')).toBeLessThanOrEqual(10)
  })
}

const accountHeld = (scene: Scene) => scene.operator.metric('tencent_cert_sync_account_held')
const isFailed = ({ phase }: { phase: string | undefined }) => phase === 'Failed'

/** New Secrets, written one after the other, each once the last one's upload has failed. */
async function failOneByOne(scene: Scene, code: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const secret = await scene.secret(name)
    scene.world.simulator.fault({ kind: 'error', code, leafFingerprint: secret.leaf.fingerprint })
    await scene.write(secret)
    await scene.eventuallyStatus(secret, 'Failed', isFailed)
  }
}

async function writeAll(scene: Scene, names: readonly string[]): Promise<SceneSecret[]> {
  const secrets = await Promise.all(names.map((name) => scene.secret(name)))
  for (const secret of secrets) await scene.write(secret)
  return secrets
}

for (const [code, calls] of [
  ['AuthFailure.UnauthorizedOperation', 1],
  // With ever less of alias, tags and use.
  ['UnauthorizedOperation', rungs.length],
] as const) {
  scenario(`${code} holds the account after three Secrets, not after two`, async (scene) => {
    const { simulator } = scene.world
    await scene.startOperator({ resync: '100ms' })
    await failOneByOne(scene, code, ['a', 'b'])
    expect(await accountHeld(scene)).toBe(0)
    const [between] = await writeAll(scene, ['between'])
    if (between === undefined) throw new Error('unreachable')
    await scene.eventuallySynced(between)

    // A success lies between, and has both tried once more: these are the first and the second again.
    const both = 4 * calls + 1
    await eventually('both are tried again', () => simulator.calls('UploadCertificate').length === both)
    expect(await accountHeld(scene)).toBe(0)
    // A success so recent proves that the account has the permission.
    scene.clock.leap(minute)
    await failOneByOne(scene, code, ['e'])
    await eventually('the account is held', async () => (await accountHeld(scene)) === 1)

    const held = await writeAll(scene, ['held', 'too'])
    await scene.resyncs(20)
    expect(simulator.calls('UploadCertificate')).toHaveLength(5 * calls + 1)
    for (const secret of held) expect(await scene.status(secret)).toMatchObject({ phase: undefined })

    simulator.clearFaults()
    scene.clock.leap(10 * minute)
    for (const secret of held) await scene.eventuallySynced(secret)
    expect(await accountHeld(scene)).toBe(0)
  })
}

scenario('NoProjectPermission never holds the account, whatever the number of Secrets', async (scene) => {
  await scene.startOperator({ resync: '100ms' })
  await failOneByOne(scene, 'FailedOperation.NoProjectPermission', ['a', 'b', 'c', 'd'])

  const [healthy] = await writeAll(scene, ['healthy'])
  if (healthy === undefined) throw new Error('unreachable')
  await scene.eventuallySynced(healthy)
  expect(await accountHeld(scene)).toBe(0)
})

scenario(
  'refused credentials are tried with one call at a time, each time for another Secret',
  async (scene) => {
    const { simulator } = scene.world
    simulator.setCredentials([])
    await scene.startOperator({ resync: '100ms' })
    const [first] = await writeAll(scene, ['first'])
    if (first === undefined) throw new Error('unreachable')
    await scene.eventuallyStatus(first, 'CredentialsRefused', (it) => it.reason === 'CredentialsRefused')
    const others = await writeAll(scene, ['second', 'third'])
    await scene.resyncs(3)
    expect(simulator.calls()).toHaveLength(1)
    for (const secret of others) expect(await scene.writes(secret)).toBe(0)

    // 30 s, then every minute.
    const waits = [30, 60, 60, 60, 60, 60, 60].map((seconds) => seconds * 1_000)
    let triedAt = scene.clock.elapsed()
    for (const [index, wait] of waits.entries()) {
      scene.clock.leap(triedAt + 0.79 * wait - scene.clock.elapsed())
      await scene.resyncs(2)
      expect(simulator.calls()).toHaveLength(index + 1)
      scene.clock.leap(triedAt + wait - scene.clock.elapsed())
      // Counted by the operator: a leap before it has read the answer would be a time-out of the call.
      await eventually('the answer to the next try', async () => {
        return (await scene.operator.metric('tencent_cert_sync_uploads_total')) === index + 2
      })
      expect(simulator.calls()).toHaveLength(index + 2)
      triedAt = scene.clock.elapsed()
      await scene.resyncs(2)
    }
    const tried = simulator.calls().map((it) => it.leafFingerprint)
    expect(new Set(tried).size).toBe(3)
    for (const [index, leaf] of tried.slice(1).entries()) expect(leaf).not.toBe(tried[index])

    simulator.setCredentials([credentials])
    scene.clock.leap(10 * minute)
    for (const secret of [first, ...others]) await scene.eventuallySynced(secret)
    expect(simulator.calls()).toHaveLength(waits.length + 4)
  },
)
