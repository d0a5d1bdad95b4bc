import { afterAll, expect, test } from 'vitest'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { chainFingerprint, createAuthority, createLeaf } from '../fixtures/certificates.ts'
import { createBatch } from '../harness/batch.ts'
import { eventually, World } from '../harness/world.ts'
import { facts } from '../simulator/facts.ts'

/*
 * One tenant's poison and the service's bad hour: what can be answered is answered, as fast as the limit lets it. These
 * run in real time, against the program as it is shipped.
 */

const cluster = sharedCluster()
const issuer = await createAuthority({ name: 'Issuer' })
afterAll(() => cluster.close())

/** Creates a Secret; resolves with its leaf's fingerprint and with a function that waits until it is synced. */
async function put(world: World, name: string, namespace: string) {
  const leaf = await createLeaf({ issuer, commonName: `${name}.example.com` })
  await world.createSecret(name, { chain: [leaf, issuer] }, namespace)
  const chain = chainFingerprint('SVR', leaf, issuer)
  const synced = (timeoutMs: number) => world.eventuallySynced(name, chain, { namespace, timeoutMs })
  return { fingerprint: leaf.fingerprint, synced }
}

/** No action was ever called an eleventh time in a second (I2). */
function expectPaced({ simulator }: World): void {
  for (const action of Object.keys(facts.actions)) {
    expect(simulator.maxInAnySecond(action), action).toBeLessThanOrEqual(10)
  }
}

test.each(['InternalError', 'UnauthorizedOperation'])(
  'a healthy Secret beside 50 of another namespace that are always answered %s is synced within 10 s',
  async (code) => {
    await using world = await World.create(cluster, { namespaces: 2 })
    const { simulator } = world
    const [poisoned, healthy] = world.namespaces as [string, string]
    const poison = await Promise.all(
      Array.from({ length: 50 }, (_, index) => put(world, `poisoned-${index}`, poisoned)),
    )
    for (const { fingerprint } of poison)
      simulator.fault({ kind: 'error', code, leafFingerprint: fingerprint })
    const beside = await put(world, 'beside', healthy)
    world.startOperator()
    await eventually('a poisoned Secret is uploaded', () => world.uploads() > 0)
    await beside.synced(10_000)

    const tried = () => new Set(simulator.calls('UploadCertificate').map((it) => it.leafFingerprint))
    await eventually(
      'every poisoned Secret has been tried',
      () => poison.every(({ fingerprint }) => tried().has(fingerprint)),
      { timeoutMs: 20_000, details: () => `Tried: ${tried().size}` },
    )
    const after = await put(world, 'after', healthy)
    await after.synced(10_000)
    expect(simulator.certificates().map((it) => it.leafFingerprint)).toEqual([
      beside.fingerprint,
      after.fingerprint,
    ])
    expectPaced(world)
  },
)

test('with two of three calls failing at random, 0.8 of what is possible in 45 s is uploaded', async () => {
  await using world = await World.create(cluster)
  const { simulator } = world
  await createBatch(world, 200)
  simulator.fault({ kind: 'error', code: 'InternalError', probability: 2 / 3, seed: 1 })
  world.startOperator()
  await eventually('the first upload arrives', () => world.uploads() > 0)

  const seconds = 45
  const possible = (10 * seconds) / 3
  const uploaded = () => simulator.certificates().length
  await eventually(`${0.8 * possible} are uploaded`, () => uploaded() >= 0.8 * possible, {
    timeoutMs: 1_000 * seconds,
    details: () => `Uploaded: ${uploaded()}, in ${world.uploads()} calls`,
  })
  expectPaced(world)
}, 120_000)
