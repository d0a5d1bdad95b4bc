import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { actions } from './action-table.ts'
import { CallWorld } from './testing/call-world.ts'
import type { Fate } from './testing/simulated-server.ts'

const answered: readonly Fate[] = ['ok', 'internal', 'rejected', 'denied', 'refused', 'gateway']
const unanswered: readonly Fate[] = ['intercepted', 'unreachable', 'hangs', 'lost', 'reset', 'dawdles']
const all: readonly Fate[] = [...answered, ...unanswered]

interface Weather {
  readonly forMs: number
  readonly fates: readonly Fate[]
  /** The service's limit, calls per second. */
  readonly limit: number
  readonly workMs: number
  /** On the way: what is given up may arrive up to 29 s late. */
  readonly hasProxy: boolean
  /** The server reads nothing for so long, then all at once, ms. Default: it reads. */
  readonly frozenMs?: number
  /** How late a call arrives at most whose connection was reset, or that got lost, ms. Default: 29 s. */
  readonly latestMs?: number
}

function weather(fates: readonly Fate[]) {
  const times = { forMs: fc.integer({ min: 500, max: 25_000 }), workMs: fc.integer({ min: 0, max: 2_000 }) }
  const some = fc.array(fc.constantFrom(...fates), { minLength: 1, maxLength: 4 })
  const limit = fc.constantFrom(1, 3, 8, Number.POSITIVE_INFINITY)
  const hasProxy = fc.boolean()
  return fc.record<Weather>({ ...times, fates: some, limit, hasProxy })
}

/** The most calls of one action in any second, at a service with changing weather. */
async function mostCalls(seed: number, days: readonly Weather[], between: (world: CallWorld) => void) {
  const world = new CallWorld(seed)
  world.endless = true
  for (const [i, action] of actions.entries()) world.addMany(40, `group-${i}`, action)
  world.runner.start({ quiet: true })
  for (const { forMs, fates, limit, workMs, hasProxy, frozenMs = 0, latestMs = 29_000 } of days) {
    world.server.hasProxy = hasProxy
    world.server.frozenUntil = world.clock.elapsed() + frozenMs
    world.server.limit = limit
    world.fate = () => fates[Math.floor(world.random() * fates.length)] ?? 'ok'
    world.journey = () => ({
      there: 20,
      work: workMs * (0.5 + world.random()),
      back: 10,
      lateMs: latestMs * world.random(),
    })
    await world.clock.advance(forMs)
    between(world)
  }
  expect(world.server.starts.length).toBeGreaterThan(0)
  return world.server.mostInOneSecond()
}

describe('an exact sliding window at the service never holds an eleventh call (I2)', () => {
  const seeds = fc.integer({ min: 0, max: 1e9 })
  const severalDays = (fates: readonly Fate[]) => fc.array(weather(fates), { minLength: 1, maxLength: 5 })

  it('whatever fails, hangs, is throttled, timed out or gets lost on the way and arrives late', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, severalDays(all), async (seed, days) => {
        expect(await mostCalls(seed, days, () => {})).toBeLessThanOrEqual(10)
      }),
      { numRuns: 40 },
    )
  })

  it('when a server that read nothing for 25 s reads all at once, also what was given up meanwhile', async () => {
    const fates: readonly Fate[] = [...answered, 'intercepted', 'reset']
    const frozen = fc
      .tuple(weather(fates), fc.constantFrom(0, 1_000, 8_000, 25_000))
      .map(([day, frozenMs]) => ({
        ...day,
        frozenMs,
        forMs: day.forMs + frozenMs,
        hasProxy: false,
        workMs: 5,
        latestMs: 500,
      }))
    await fc.assert(
      fc.asyncProperty(seeds, fc.array(frozen, { minLength: 1, maxLength: 4 }), async (seed, days) => {
        expect(await mostCalls(seed, days, () => {})).toBeLessThanOrEqual(10)
      }),
      { numRuns: 25 },
    )
  })

  it('when something on the way answers every third call while the server reads nothing', async () => {
    const world = new CallWorld()
    world.endless = true
    world.journey = () => ({ there: 100, work: 0, back: 100 })
    for (const group of ['web', 'shop', 'blog']) world.addMany(20, group)
    world.runner.start({ quiet: true })
    await world.clock.advance(10_000)
    let calls = 0
    world.fate = () => (calls++ % 3 === 0 ? 'intercepted' : 'ok')
    world.server.frozenUntil = world.clock.elapsed() + 25_000
    await world.clock.advance(25_000)
    world.fate = () => 'ok'
    await world.clock.advance(30_000)
    expect(world.server.mostInOneSecond()).toBeLessThanOrEqual(10)
  })

  it('whenever the process is killed and another begins a second late', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, severalDays([...answered, 'unreachable', 'hangs']), async (seed, days) => {
        expect(await mostCalls(seed, days, (world) => world.restart())).toBeLessThanOrEqual(10)
      }),
      { numRuns: 40 },
    )
  })
})
