import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { statusKeys, statusPrefix } from '../../src/contract/annotation-keys.ts'
import type { ObjectMeta, Secret, SecretContent } from '../control-plane/api-objects.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import {
  chainFingerprint,
  createAuthority,
  createLeaf,
  type TestCertificate,
} from '../fixtures/certificates.ts'
import { InProcessOperator } from '../harness/in-process-operator.ts'
import { expectEverythingTrue } from '../harness/invariants.ts'
import { PassingTime } from '../harness/passing-time.ts'
import { dataOf, eventually, World } from '../harness/world.ts'

/*
 * cert-manager's issuing controller applies its Secret by force, whatever is in its template: sometimes a manifest that
 * somebody exported with the status keys of another day. The operator owns its own keys, leaves all others alone, and
 * neither gives up nor loops. A minute is a minute of the operator's clock, which is moved by hand.
 */

const cluster = sharedCluster()
const { admin } = cluster
const issuer = createAuthority({ name: 'Issuer' })
afterAll(() => cluster.close())

const certManager = 'cert-manager-certificates-issuing'
/** What the template of a Certificate may say. */
const template = {
  labels: { 'controller.cert-manager.io/fao': 'true', team: 'shop' },
  annotations: {
    'tencent-cert-sync.io/upload': 'true',
    'cert-manager.io/certificate-name': 'shop',
    'cert-manager.io/issuer-name': 'letsencrypt',
    'example.com/owner': 'the shop team',
  },
}

let time: PassingTime
let world: World
let operator: InProcessOperator
beforeEach(async () => {
  time = new PassingTime()
  world = await World.create(cluster, { elapsed: () => time.clock.elapsed() })
  operator = await InProcessOperator.start(world, time.clock)
})
afterEach(async () => {
  await operator.stop()
  await world[Symbol.asyncDispose]()
  time.end()
})

type Chain = readonly [TestCertificate, TestCertificate]

const newChain = async (): Promise<Chain> => [
  await createLeaf({ issuer: await issuer, commonName: 'shop.example.com' }),
  await issuer,
]

const manifest = (chain: Chain, annotations: Readonly<Record<string, string>> = {}): SecretContent => ({
  labels: template.labels,
  annotations: { ...template.annotations, ...annotations },
  data: dataOf({ chain }),
})

const apply = (content: SecretContent): Promise<Secret> =>
  admin.applySecret(world.namespace, 'shop', content, { fieldManager: certManager })

const synced = (chain: Chain, withinMs = 10_000) =>
  time.until(
    'the status is true',
    async () => {
      const { phase, uploaded } = await world.status('shop')
      const held = world.simulator.certificates().find(({ id }) => id === uploaded?.certificateId)
      const expected = chainFingerprint('SVR', ...chain)
      return (
        phase === 'Synced' && uploaded?.chainFingerprint === expected && held?.chainFingerprint === expected
      )
    },
    { withinMs },
  )

const readings = async () => (await world.requests({ verb: 'get', name: 'shop' })).length
const writes = async () => (await world.requests({ verb: 'patch', name: 'shop' })).length
/** The audit log is a moment behind. */
const eventuallyWrites = (count: number) =>
  eventually(`${count} writes are in the audit log`, async () => (await writes()) === count)

/** Applies by force every two seconds for a minute, and lets the operator see every change that this makes. */
async function applyForAMinute(contentAt: (second: number) => SecretContent): Promise<void> {
  for (let second = 0; second < 60; second += 2) {
    const { resourceVersion } = (await admin.getSecret(world.namespace, 'shop')).metadata
    const before = await readings()
    const applied = await apply(contentAt(second))
    if (applied.metadata.resourceVersion !== resourceVersion) {
      await eventually('the operator has seen the change', async () => (await readings()) > before)
    }
    await time.pass(2_000)
  }
}

const foreignAnnotations = ({ annotations = {} }: ObjectMeta) =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => !key.startsWith(statusPrefix)))

/** The paths of fields that a manager owns, as `metadata.annotations.KEY`. */
function ownedBy(manager: string, { managedFields = [] }: ObjectMeta): string[] {
  const paths = (fields: Record<string, unknown>, at: string): string[] =>
    Object.entries(fields).flatMap(([field, inner]) => {
      if (field === '.') return []
      const path = `${at}${field.replace(/^f:/, '')}`
      const below = paths(inner as Record<string, unknown>, `${path} > `)
      return below.length > 0 ? below : [path]
    })
  return managedFields
    .filter((entry) => entry.manager === manager)
    .flatMap(({ fieldsV1 = {} }) => paths(fieldsV1, ''))
}

const ownKey = (path: string) => path.startsWith(`metadata > annotations > ${statusPrefix}`)

test('a forced apply without status keys: the status stays, nothing is written, and nothing foreign is touched', async () => {
  const chain = await newChain()
  const before = (await apply(manifest(chain, { 'example.com/applied-at': '' }))).metadata
  await synced(chain)
  await eventuallyWrites(1)

  const noted = (second: number) => ({ 'example.com/applied-at': `${second} s` })
  await applyForAMinute((second) => manifest(chain, noted(second)))

  expect(await writes()).toBe(1)
  const { metadata } = await admin.getSecret(world.namespace, 'shop')
  expect(foreignAnnotations(metadata)).toEqual({ ...template.annotations, ...noted(58) })
  expect(metadata.labels).toEqual(template.labels)
  expect(ownedBy(certManager, metadata)).toEqual(ownedBy(certManager, before))
  const own = ownedBy('tencent-cert-sync', metadata)
  expect(own).toContain(`metadata > annotations > ${statusKeys.certificateId}`)
  expect(own.filter((path) => !ownKey(path))).toEqual([])
  await expectEverythingTrue(world)
})

test('a renewal by forced apply: the status is kept until the new id is there, and ours alone is written', async () => {
  const chain = await newChain()
  await apply(manifest(chain))
  await synced(chain)
  const next = await newChain()
  const renewed = (await apply(manifest(next))).metadata
  expect(renewed.annotations?.[statusKeys.certificateId]).toBe(world.simulator.certificates()[0]?.id)
  await synced(next)

  const { metadata } = await admin.getSecret(world.namespace, 'shop')
  expect(foreignAnnotations(metadata)).toEqual(template.annotations)
  expect(ownedBy(certManager, metadata)).toEqual(ownedBy(certManager, renewed))
  expect(ownedBy('tencent-cert-sync', metadata).filter((path) => !ownKey(path))).toEqual([])
  await eventuallyWrites(2)
  await expectEverythingTrue(world)
})

test('a forced apply with the status of another day: at most ten writes a minute, the true id afterwards', async () => {
  const old = await newChain()
  await apply(manifest(old))
  await synced(old)
  const exported = await admin.annotations(world.namespace, 'shop')
  const stale = Object.fromEntries(Object.entries(exported).filter(([key]) => key.startsWith(statusPrefix)))
  const chain = await newChain()
  await apply(manifest(chain))
  await synced(chain)
  // The budget of writes is full again.
  await time.pass(180_000, 10_000)
  await eventuallyWrites(2)

  await applyForAMinute(() => manifest(chain, stale))

  const within = (await writes()) - 2
  expect(within).toBeGreaterThanOrEqual(6)
  expect(within).toBeLessThanOrEqual(10)
  const contested = operator.log().filter(({ reason }) => reason === 'StatusContested')
  expect(contested.length).toBeGreaterThan(0)
  const events = async () => (await admin.listEvents(world.namespace, 'shop')).map(({ reason }) => reason)
  await eventually('an Event says so', async () => (await events()).includes('StatusContested'))

  await synced(chain, 60_000)
  await expectEverythingTrue(world)
  expect(world.uploads()).toBe(2)
  const { metadata } = await admin.getSecret(world.namespace, 'shop')
  expect(foreignAnnotations(metadata)).toEqual(template.annotations)
  expect(ownedBy('tencent-cert-sync', metadata).filter((path) => !ownKey(path))).toEqual([])
})

test('a forced apply with another id for the same certificate: the true id afterwards, without a call', async () => {
  const chain = await newChain()
  await apply(manifest(chain))
  await synced(chain)
  await eventuallyWrites(1)
  const calls = world.simulator.calls().length

  await applyForAMinute(() => manifest(chain, { [statusKeys.certificateId]: 'FOREIGN1' }))

  expect((await writes()) - 1).toBeLessThanOrEqual(10)
  await synced(chain, 60_000)
  await expectEverythingTrue(world)
  expect(world.simulator.calls()).toHaveLength(calls)
})
