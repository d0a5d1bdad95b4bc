import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { statusKeys, userKeys } from '../../src/contract/annotation-keys.ts'
import { splitKey } from '../../src/contract/object-key.ts'
import { copySuffix, readOwnership } from '../../src/contract/ownership.ts'
import type { FailureClass } from '../../src/ports/service-error.ts'
import { type ServiceBehaviour, type StoredCertificate, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { identity, userAnnotations } from './observed.ts'
import { World } from './world.ts'

const keys = ['web/site', 'shop/site']

let material: TestMaterial
let chains: readonly TestChain[]

beforeAll(async () => {
  material = await createMaterial()
  chains = [material.first, material.firstAgain, material.firstAlone, material.second]
})

/** Something that happens. */
interface Incident {
  readonly name: string
  readonly happen: (world: World) => void
  /** The Secret that wants certificates of its own from now on. */
  readonly ownCopiesFor?: string
}

function incident(name: string, happen: (world: World) => void): Incident {
  return { name, happen }
}

const key = fc.constantFrom(...keys)
const settings = fc.constantFrom<Record<string, string | null>>(
  { [userKeys.alias]: 'another' },
  { [userKeys.alias]: null },
  { [userKeys.repeatable]: null },
  { [userKeys.paused]: 'true' },
  { [userKeys.paused]: null },
  { [userKeys.projectId]: 'x' },
  { [userKeys.projectId]: null },
  { [userKeys.requestedAt]: 'one' },
  { [userKeys.requestedAt]: 'two' },
  { [userKeys.upload]: null },
  { [userKeys.upload]: 'true' },
)
const failure = fc.constantFrom<FailureClass>(
  'throttled',
  'outage',
  'caller',
  'not-allowed',
  'quota',
  'rejected',
  'cosmetic',
  'unknown',
)

const strip = fc
  .tuple(key, fc.subarray(Object.values(statusKeys)))
  .map(([key, names]) =>
    incident(`${names} of ${key} are taken away`, (world) =>
      world.store.edit(key, Object.fromEntries(names.map((name) => [name, null]))),
    ),
  )
const word = fc.constantFrom('x', 'cert0001', 'Rejected', 'Synced')
const forge = fc
  .tuple(key, fc.constantFrom(...Object.values(statusKeys)), word)
  .map(([key, name, value]) =>
    incident(`${name} of ${key} becomes ${value}`, (world) => world.store.edit(key, { [name]: value })),
  )

const common = [
  fc
    .tuple(key, fc.nat(3))
    .map(([key, i]) =>
      incident(`${key} gets chain ${i}`, (world) =>
        world.store.replaceData(key, (chains[i] as TestChain).data),
      ),
    ),
  fc
    .tuple(key, settings)
    .map(([key, changes]) =>
      incident(`${key} gets ${JSON.stringify(changes)}`, (world) => world.store.edit(key, changes)),
    ),
  key.map((key) => ({
    ...incident(`${key} wants its own`, (world) => world.store.edit(key, { [userKeys.repeatable]: 'true' })),
    ownCopiesFor: key,
  })),
  fc.tuple(key, fc.nat(3)).map(([key, i]) =>
    incident(`${key} is recreated with chain ${i}`, (world) => {
      world.store.delete(key)
      world.store.put(key, userAnnotations(), (chains[i] as TestChain).data)
    }),
  ),
  fc.constant(incident('restart', (world) => world.start())),
  fc.nat(12).map((at) => incident(`death after ${at + 1}`, (world) => world.process.dieAt(at + 1))),
  fc.tuple(failure, fc.integer({ min: 1, max: 8 })).map(([failure, times]) =>
    incident(`${times} x ${failure}`, (world) => {
      let left = times
      world.service.fault = ({ action }) =>
        left-- > 0 ? serviceError({ failure, action, code: `Code.${failure}` }) : undefined
    }),
  ),
  key.map((key) =>
    incident(`a foreign edit of ${key} before a write`, (world) =>
      world.store.meanwhile.push(() => world.store.edit(key, { foreign: `${world.clock.elapsed()}` })),
    ),
  ),
]

function incidents(...more: fc.Arbitrary<Incident>[]) {
  const thenMs = fc.constantFrom(0, 100, 1_500, 30_000)
  return fc.array(fc.tuple(fc.oneof(...common, ...more), thenMs), { maxLength: 12 })
}

/** Lets it all happen, then puts everything right and gives the operator a day. */
async function live(
  behaviour: Partial<ServiceBehaviour>,
  incidents: readonly (readonly [Incident, number])[],
): Promise<World> {
  const world = new World({ service: behaviour })
  for (const key of keys) world.store.put(key, userAnnotations(), material.first.data)
  world.start()
  for (const [{ happen }, thenMs] of incidents) {
    happen(world)
    await world.clock.advance(thenMs)
  }
  world.service.fault = undefined
  world.process.spare()
  if (world.process.dead) world.start()
  for (const key of keys) {
    const puttingRight = { [userKeys.paused]: null, [userKeys.projectId]: null, [userKeys.upload]: 'true' }
    world.store.edit(key, puttingRight)
  }
  for (let hour = 0; hour < 26; hour++) {
    await world.clock.advance(3_600_000)
    await world.settle()
  }
  return world
}

function expectSyncedAndQuiet(world: World): void {
  for (const key of keys) {
    const { phase, uploaded, intent } = world.status(key)
    const leaf = world.store.snapshot(key).data['tls.crt']
    const chain = chains.find((it) => it.data['tls.crt']?.equals(leaf ?? Buffer.alloc(0)))
    expect(phase, key).toBe('Synced')
    expect(uploaded?.chainFingerprint, key).toBe(chain?.chainFingerprint)
    expect(world.certificateOf(key)?.leaf, key).toBe(uploaded?.fingerprint)
    expect(intent, key).toBeUndefined()
  }
}

/** Of a chain there is at most one certificate that all share, and one for each Secret that ever wanted its own. */
function expectOneEach(world: World, chain: string, owners: ReadonlySet<string>): void {
  const ownerOf = (certificate: StoredCertificate) =>
    keys.find((key) => certificate.alias.endsWith(copySuffix({ ...identity, ...splitKey(key) }, chain, true)))
  const perOwner = Map.groupBy(world.service.withChain(chain), ownerOf)
  for (const [owner, certificates] of perOwner) {
    expect(certificates, `of ${owner ?? 'all'}`).toHaveLength(1)
    if (owner === undefined) continue
    expect(owners).toContain(owner)
    const { secret } = readOwnership(certificates[0]?.tags ?? [])
    expect([undefined, owner]).toContain(secret)
  }
}

describe('whatever happens, in the end', () => {
  const behaviours: [string, Partial<ServiceBehaviour>][] = [
    ['by leaf', { compares: 'leaf' }],
    ['by leaf, the newest first', { compares: 'leaf', names: 'newest' }],
    ['by chain', { compares: 'chain' }],
    ['by leaf, CertificateExists', { compares: 'leaf', duplicates: 'refused' }],
    ['by chain, CertificateExists', { compares: 'chain', duplicates: 'refused' }],
  ]

  it.each(behaviours)(
    'every Secret is synced and at most one certificate was made for a chain: %s',
    async (_, behaviour) => {
      await fc.assert(
        fc.asyncProperty(incidents(), async (incidents) => {
          const world = await live(behaviour, incidents)
          expectSyncedAndQuiet(world)
          const owners = new Set(incidents.flatMap(([{ ownCopiesFor }]) => ownCopiesFor ?? []))
          for (const { chainFingerprint } of chains) expectOneEach(world, chainFingerprint, owners)
        }),
        { numRuns: 30 },
      )
    },
    120_000,
  )

  it('every Secret is synced although somebody forges its status, and nothing goes round in circles', async () => {
    await fc.assert(
      fc.asyncProperty(
        incidents(strip, forge),
        fc.constantFrom(...behaviours),
        async (incidents, [, behaviour]) => {
          const world = await live(behaviour, incidents)
          for (const key of keys) expect(world.status(key).phase).toBe('Synced')
          const operations = world.process.operations
          await world.clock.advance(3_600_000)
          expect(world.process.operations - operations).toBeLessThan(20)
        },
      ),
      { numRuns: 60 },
    )
  }, 120_000)
})
