import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { noAnswer, type ServiceBehaviour } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const keys = ['web/site', 'shop/site'] as const
const hour = 3_600_000

let material: TestMaterial
/** Three chains of one leaf. */
let chains: readonly TestChain[]

beforeAll(async () => {
  material = await createMaterial()
  chains = [material.first, material.firstAgain, material.firstAlone]
})

/** Something that happens to two Secrets with certificates of one leaf. */
interface Step {
  readonly happen: (world: World) => void
  /** What a counterexample calls it. */
  readonly [fc.toStringMethod]: () => string
}

const key = fc.constantFrom(...keys)
const chain = fc.nat(2)

const steps = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(key, chain).map(([key, i]) => step(`${key} gets chain ${i}`, give(key, i))),
  },
  fc.tuple(key, chain).map(([key, i]) =>
    step(`${key} is recreated with chain ${i}`, (world) => {
      world.store.delete(key)
      give(key, i)(world)
    }),
  ),
  key.map((key) => step(`${key} is deleted`, (world) => world.store.delete(key))),
  fc.constant(step('restart', (world) => world.start())),
  fc.nat(8).map((at) => step(`death after ${at + 1}`, (world) => world.process.dieAt(at + 1))),
  fc.constant(
    step('an answer to an upload is lost', (world) => {
      let lost = 0
      world.service.lostAnswer = ({ upload }) =>
        upload && lost++ === 0 ? noAnswer('UploadCertificate') : undefined
    }),
  ),
)

const deletions = key.map((key) =>
  step(`the certificate of ${key} is deleted, and asked for`, (world) => {
    if (!world.store.keys().includes(key)) return
    const id = world.status(key).uploaded?.certificateId
    if (id !== undefined) world.service.delete(id)
    ask(world, key)
  }),
)

function step(name: string, happen: Step['happen']): Step {
  return { happen, [fc.toStringMethod]: () => name }
}

/** Asks for a look, as nobody has asked before. */
function ask(world: World, key: string): void {
  world.ask(key, `${world.clock.elapsed()}, after ${world.store.snapshot(key).resourceVersion}`)
}

function give(key: string, i: number): Step['happen'] {
  return ({ store }) => {
    const { data } = chains[i] as TestChain
    if (store.keys().includes(key)) store.replaceData(key, data)
    else store.put(key, userAnnotations(), data)
  }
}

function expectOneOfEach(world: World): void {
  for (const { chainFingerprint } of chains) {
    expect(world.service.withChain(chainFingerprint).length, chainFingerprint).toBeLessThanOrEqual(1)
  }
}

/** Lets the steps happen; there is never a second certificate of a chain (I1). */
async function live(
  service: Partial<ServiceBehaviour>,
  happenings: readonly (readonly [Step, number])[],
): Promise<World> {
  const world = new World({ service })
  world.start()
  for (const [{ happen }, thenMs] of happenings) {
    if (world.process.dead) world.start()
    happen(world)
    await world.clock.advance(thenMs)
    expectOneOfEach(world)
  }
  world.process.spare()
  if (world.process.dead) world.start()
  world.service.lostAnswer = undefined
  await world.clock.advance(hour)
  expectOneOfEach(world)
  return world
}

/** What the Secrets say in the end: an id that exists, of their leaf. */
function expectTruth(world: World): void {
  for (const key of world.store.keys()) {
    expect(world.status(key).phase, key).toBe('Synced')
    expect(world.certificateOf(key)?.leaf, key).toBe(material.first.fingerprint)
  }
}

const behaviours: readonly (readonly [string, Partial<ServiceBehaviour>])[] = [
  ['by leaf, the oldest is named', { compares: 'leaf' }],
  ['by leaf, the newest is named', { compares: 'leaf', names: 'newest' }],
  ['by chain', { compares: 'chain' }],
  ['by leaf, CertificateExists, in China', { compares: 'leaf', duplicates: 'refused' }],
  ['by chain, CertificateExists, in China', { compares: 'chain', duplicates: 'refused' }],
  [
    'by chain, CertificateExists, elsewhere',
    { compares: 'chain', duplicates: 'refused', canFindByChain: false },
  ],
]

const pause = fc.constantFrom(0, 1_100, 5_000, 60_000)

describe.each(behaviours)('in every order of events, %s', (_, service) => {
  it('a chain of two Secrets has one certificate, and both say the truth', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(steps, pause), { maxLength: 10 }), async (happenings) => {
        expectTruth(await live(service, happenings))
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  it('neither says an id that is gone once both were asked', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.oneof(steps, deletions), pause), { maxLength: 8 }),
        async (happenings) => {
          const world = await live(service, happenings)
          for (const key of world.store.keys()) ask(world, key)
          // A chain that was missing before comes back after six hours, then daily.
          await world.clock.advance(80 * hour)
          expectOneOfEach(world)
          expectTruth(world)
        },
      ),
      { numRuns: 40 },
    )
  }, 60_000)
})
