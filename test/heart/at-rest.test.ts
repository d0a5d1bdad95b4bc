import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { FailureClass } from '../../src/ports/service-error.ts'
import { type Fault, noAnswer, type ServiceBehaviour, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const hour = 3_600_000
const keys = ['a/shared', 'b/shared', 'b/own'] as const
/** What a day may cost: a rejection is retried daily, and what is missing is looked for anew. */
const mostWritesADay = 6

let material: TestMaterial
let chains: readonly TestChain[]

beforeAll(async () => {
  material = await createMaterial()
  chains = [material.first, material.firstAgain, material.second]
})

/** How the account answers from now on. */
interface Weather {
  readonly hides: 'nothing' | 'everything' | 'the second chain'
  readonly uploads: 'served' | 'lost' | FailureClass
  readonly lookups: 'served' | 'not-allowed'
}

const weather: fc.Arbitrary<Weather> = fc.record({
  hides: fc.constantFrom('nothing', 'everything', 'everything', 'the second chain'),
  uploads: fc.constantFrom('served', 'served', 'lost', 'rejected', 'quota', 'outage'),
  lookups: fc.constantFrom('served', 'served', 'served', 'not-allowed'),
})

const happening = fc.oneof(
  fc.record({ kind: fc.constant('given'), key: fc.constantFrom(...keys), chain: fc.nat(2) } as const),
  fc.record({ kind: fc.constant('deleted'), key: fc.constantFrom(...keys) } as const),
  fc.record({ kind: fc.constant('restart') } as const),
  fc.record({ kind: fc.constant('weather'), weather } as const),
)
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never

function make(world: World, it: Happening): void {
  switch (it.kind) {
    case 'given':
      world.store.replaceData(it.key, (chains[it.chain] as TestChain).data)
      break
    case 'deleted':
      world.service.delete(world.certificateOf(it.key)?.certificateId ?? '')
      break
    case 'restart':
      world.start()
      break
    case 'weather':
      turn(world, it.weather)
  }
}

function turn({ service }: World, { hides, uploads, lookups }: Weather): void {
  const second = material.firstAgain.chainFingerprint
  service.hides = ({ chain }) => hides === 'everything' || (hides === 'the second chain' && chain === second)
  const fault: Fault = ({ action, upload }) => {
    const failure = upload ? uploads : action === 'DescribeCertificates' ? lookups : 'served'
    if (failure === 'served' || failure === 'lost') return undefined
    return failure === 'outage' ? noAnswer(action) : serviceError({ failure, action, code: failure })
  }
  service.fault = fault
  service.lostAnswer = ({ action, upload }) => (upload && uploads === 'lost' ? noAnswer(action) : undefined)
}

const behaviours: readonly (readonly [string, Partial<ServiceBehaviour>])[] = [
  ['duplicates are answered by leaf', {}],
  ['duplicates are answered by chain', { compares: 'chain' }],
  ['duplicates are refused, in China', { duplicates: 'refused' }],
  [
    'duplicates are refused by chain, elsewhere',
    { compares: 'chain', duplicates: 'refused', canFindByChain: false },
  ],
]

describe.each(behaviours)('where %s', (_, service) => {
  it('no status is written more than a few times a day once nothing happens any more', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(happening, fc.constantFrom(1_000, 60_000, 3 * hour)), {
          minLength: 3,
          maxLength: 9,
        }),
        async (happenings) => {
          const world = new World({ service, parts: { inventoryMs: hour } })
          world.start()
          for (const key of keys) {
            world.store.put(
              key,
              userAnnotations(key === 'b/own' ? { repeatable: 'true' } : {}),
              material.first.data,
            )
            await world.settle()
          }
          for (const [it, thenMs] of happenings) {
            make(world, it)
            await world.clock.advance(thenMs)
          }
          await world.clock.advance(26 * hour)
          const before = keys.map((key) => world.store.writes(key))
          await world.clock.advance(24 * hour)
          for (const [i, key] of keys.entries()) {
            const { phase, reason } = world.status(key)
            const writes = world.store.writes(key) - (before[i] ?? 0)
            expect(writes, `${key} ${phase} ${reason}`).toBeLessThanOrEqual(mostWritesADay)
          }
        },
      ),
      { numRuns: 5 },
    )
  }, 600_000)
})
