import { beforeAll, describe, expect, it } from 'vitest'
import type { ServiceBehaviour } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'

/** Every way in which the service may treat a duplicate, as far as the adapter does not level it out. */
const behaviours: Readonly<Record<string, Partial<ServiceBehaviour>>> = {
  'by leaf, answered with the oldest id': { compares: 'leaf' },
  'by leaf, answered with the newest id': { compares: 'leaf', names: 'newest' },
  'by chain, answered with the id': { compares: 'chain' },
  'by leaf, CertificateExists, in China': { compares: 'leaf', duplicates: 'refused' },
  'by chain, CertificateExists, in China': { compares: 'chain', duplicates: 'refused' },
  'by leaf, CertificateExists, elsewhere': {
    compares: 'leaf',
    duplicates: 'refused',
    canFindByChain: false,
  },
  'by chain, CertificateExists, elsewhere': {
    compares: 'chain',
    duplicates: 'refused',
    canFindByChain: false,
  },
}

interface Scenario {
  readonly annotations?: Readonly<Record<string, string>>
  /** What the Secret holds, one after the other; the process dies on the way to the last. */
  readonly chains: (material: TestMaterial) => readonly TestChain[]
}

const scenarios: Readonly<Record<string, Scenario>> = {
  'the first upload': { chains: ({ first }) => [first] },
  'a renewal': { chains: ({ first, second }) => [first, second] },
  'a chain-only change': { chains: ({ first, firstAgain }) => [first, firstAgain] },
  'a second chain-only change': {
    chains: ({ first, firstAgain, firstAlone }) => [first, firstAgain, firstAlone],
  },
  'a roll-back to an earlier certificate': { chains: ({ first, second }) => [first, second, first] },
  'a roll-back to an earlier chain': { chains: ({ first, firstAgain }) => [first, firstAgain, first] },
  'a first copy of its own': {
    annotations: { repeatable: 'true' },
    chains: ({ first }) => [first],
  },
  'a renewal with a copy of its own': {
    annotations: { repeatable: 'true' },
    chains: ({ first, second }) => [first, second],
  },
  'a chain-only change with a copy of its own': {
    annotations: { repeatable: 'true' },
    chains: ({ first, firstAgain }) => [first, firstAgain],
  },
}

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

describe.each(Object.entries(scenarios))('a process that dies at any point of %s', (_, scenario) => {
  it.each(Object.entries(behaviours))(
    'leaves one certificate and a true status: %s',
    async (_, behaviour) => {
      for (let operation = 1; ; operation++) {
        const world = await steady(scenario, behaviour)
        world.process.dieAt(operation)
        await last(world, scenario)
        const died = world.process.dead
        if (died) {
          world.start()
          // Longer than a copy may be listed late.
          await world.clock.advance(90_000)
        }
        expectOneCertificateAndTheTruth(world, scenario, `operation ${operation}`)
        if (!died) break
      }
    },
  )
})

describe('two processes that die one after the other on the way of a chain-only change', () => {
  const scenario = scenarios['a chain-only change'] as Scenario
  const some = Object.entries(behaviours).filter(([name]) => !/newest|China/.test(name))

  it.each(some)('leave one certificate and a true status: %s', async (_, behaviour) => {
    for (let first = 1; ; first++) {
      for (let second = 1; ; second++) {
        const world = await steady(scenario, behaviour)
        world.process.dieAt(first)
        await last(world, scenario)
        if (!world.process.dead) return
        world.start()
        world.process.dieAt(second)
        await world.clock.advance(90_000)
        const died = world.process.dead
        if (died) {
          world.start()
          // Longer than a copy may be listed late.
          await world.clock.advance(90_000)
        }
        expectOneCertificateAndTheTruth(world, scenario, `operations ${first} and ${second}`)
        if (!died) break
      }
    }
  })
})

/** A world in which everything but the last chain has been synced. */
async function steady(scenario: Scenario, behaviour: Partial<ServiceBehaviour>): Promise<World> {
  const world = new World({ service: behaviour })
  world.start()
  for (const chain of scenario.chains(material).slice(0, -1)) {
    write(world, scenario, chain)
    await world.settle()
    // What exists is searched for twice, ten seconds apart.
    if (!world.process.dead) await world.clock.advance(15_000)
  }
  return world
}

async function last(world: World, scenario: Scenario): Promise<void> {
  write(world, scenario, scenario.chains(material).at(-1) as TestChain)
  await world.settle()
  // What exists is searched for twice, ten seconds apart.
  if (!world.process.dead) await world.clock.advance(15_000)
}

function write(world: World, { annotations }: Scenario, chain: TestChain): void {
  if (world.store.keys().includes(key)) world.store.replaceData(key, chain.data)
  else world.store.put(key, userAnnotations(annotations), chain.data)
}

function expectOneCertificateAndTheTruth(world: World, scenario: Scenario, point: string): void {
  const chains = scenario.chains(material)
  const chain = chains.at(-1) as TestChain
  const status = world.status(key)
  const distinct = new Set(chains.map((it) => it.chainFingerprint))
  expect.soft(world.service.certificates.length, `certificates, ${point}`).toBe(distinct.size)
  for (const each of distinct) {
    expect.soft(world.service.withChain(each).length, `of one chain, ${point}`).toBe(1)
  }
  expect.soft(status.phase, point).toBe('Synced')
  expect.soft(status.uploaded?.fingerprint, point).toBe(chain.fingerprint)
  expect.soft(status.uploaded?.chainFingerprint, point).toBe(chain.chainFingerprint)
  expect.soft(world.certificateOf(key)?.chain, `what the id holds, ${point}`).toBe(chain.chainFingerprint)
  expect.soft(status.intent, point).toBeUndefined()
  const previous = status.previous.map((it) => it.certificateId)
  expect.soft(previous, point).not.toContain(status.uploaded?.certificateId)
  expect.soft(new Set(previous).size, `what was superseded, ${point}`).toBe(distinct.size - 1)
}
