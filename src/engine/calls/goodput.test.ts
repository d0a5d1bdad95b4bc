import { describe, expect, it } from 'vitest'
import { CallWorld } from './testing/call-world.ts'
import type { Fate } from './testing/simulated-server.ts'

const seconds = 300

/** Successful calls of 300 s of a service that lets at most `perSecond` succeed, as a share of these. */
async function shareOf(
  perSecond: number,
  fate: Fate,
  failing: number,
  limit = Number.POSITIVE_INFINITY,
  seed = 1,
  hasProxy = false,
) {
  const world = new CallWorld(seed)
  world.server.hasProxy = hasProxy
  world.fate = () => (world.random() < failing ? fate : 'ok')
  world.server.limit = limit
  world.endless = true
  world.addMany(1_000)
  world.runner.start({ quiet: false })
  await world.clock.advance(seconds * 1_000)
  expect(world.server.mostInOneSecond()).toBeLessThanOrEqual(10)
  return world.successes.length / (perSecond * seconds)
}

describe('goodput, as a share of the possible', () => {
  // Measured: 0.94, 0.94, 0.95, 0.90, 0.97, 0.87.
  it.each<[string, Fate, number, number]>([
    ['no call fails', 'ok', 0, 0.9],
    ['a third of the calls fails', 'gateway', 1 / 3, 0.9],
    ['two of three fail', 'gateway', 2 / 3, 0.8],
    ['two of three fail with InternalError', 'internal', 2 / 3, 0.8],
    ['four of five fail', 'gateway', 0.8, 0.8],
    ['nine of ten fail', 'gateway', 0.9, 0.7],
  ])('is high when %s at random', async (_, fate, failing, least) => {
    expect(await shareOf(10 * (1 - failing), fate, failing)).toBeGreaterThanOrEqual(least)
  })

  /*
   * A call whose connection is reset may arrive within the next two seconds: its slot is free 3 s after the end (I2). Of ten
   * slots, that leaves 0.96, 0.80 and 0.57 of the possible where 2, 10 or 33 % are reset. Where two thirds are, it leaves
   * 0.42, but ten such calls in a row take all slots, and the call is missing whose answer shows that the server reads:
   * until 30 s are over. Measured: 0.91, 0.79, 0.53, 0.14.
   */
  it.each([
    [0.02, 0.85],
    [0.1, 0.75],
    [1 / 3, 0.45],
    [2 / 3, 0.1],
  ])('is what the slots allow where connections are reset (%d of them)', async (failing, least) => {
    const shares: number[] = []
    for (let seed = 1; seed <= 8; seed++) {
      shares.push(await shareOf(10 * (1 - failing), 'reset', failing, Number.POSITIVE_INFINITY, seed))
    }
    expect(shares.reduce((sum, it) => sum + it) / shares.length).toBeGreaterThanOrEqual(least)
  })

  it('does not shrink for ever when one call is answered at once on the way', async () => {
    const rate = async (fate: Fate) => {
      const world = new CallWorld()
      world.endless = true
      world.journey = () => ({ there: 200, work: 0, back: 200 })
      world.addMany(60)
      world.runner.start({ quiet: true })
      await world.clock.advance(30_000)
      world.fate = () => fate
      world.journey = () => ({ there: 2, work: 0, back: 2 })
      await world.clock.advance(1_000)
      world.fate = () => 'ok'
      world.journey = () => ({ there: 200, work: 0, back: 200 })
      await world.clock.advance(60_000)
      const before = world.successes.length
      await world.clock.advance(60_000)
      return (world.successes.length - before) / 60
    }
    for (const fate of ['intercepted', 'rejected'] as const) expect(await rate(fate)).toBeGreaterThan(9.5)
  })

  // Measured: 0.73, 0.71, 0.67.
  it.each([3, 5, 8])('is two thirds of a limit of %d a second that is not ours', async (limit) => {
    expect(await shareOf(limit, 'ok', 0, limit)).toBeGreaterThanOrEqual(0.65)
  })

  /*
   * A call that hangs keeps its slot for 5 s and 3 s more, one that succeeds for 1.06 s: 3.37 s on average, or 2.97 calls and
   * 1.98 successes a second. That is 0.297 of the possible 6.67, and cannot be more with ten slots.
   */
  it('is at least 0.22 on average when a third of the calls hang', async () => {
    const shares: number[] = []
    for (let seed = 1; seed <= 12; seed++) {
      shares.push(await shareOf(10 * (2 / 3), 'hangs', 1 / 3, Number.POSITIVE_INFINITY, seed))
    }
    // Measured: 0.227; 0.229 over 24 seeds. Where slots were kept by the fastest of the last round trips only: 0.248.
    expect(shares.reduce((sum, it) => sum + it) / shares.length).toBeGreaterThanOrEqual(0.22)
  })

  it('is what the slots allow when a third of the calls hang behind a proxy: each keeps its slot for 30 s (I2)', async () => {
    const slotMsPerSuccess = 1_000 + ((1 / 3) * 30_000) / (2 / 3)
    const possible = (10 * 1_000) / slotMsPerSuccess
    // Measured: 0.98.
    const share = await shareOf(possible, 'hangs', 1 / 3, Number.POSITIVE_INFINITY, 1, true)
    expect(share).toBeGreaterThanOrEqual(0.8)
  })
})
