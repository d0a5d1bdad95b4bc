import { expect, it } from 'vitest'
import { CallWorld } from './testing/call-world.ts'

const small = 20
const seconds = 600

/**
 * Successes a second while calls go wrong at random, whoever makes them: one namespace always wants calls, and others make
 * one in 200 s each, as renewals do.
 */
async function goodput(seed: number, others: number, hanging: number): Promise<number> {
  const world = new CallWorld(seed)
  let isBad = false
  world.journey = () => ({ there: 30, work: 250 + 50 * world.random(), back: 10 })
  world.fate = () => (isBad && world.random() < hanging ? 'hangs' : 'ok')
  world.runner.start({ quiet: true })
  const names = Array.from({ length: others }, (_, i) => `small${i}`)
  for (const name of ['busy', ...names]) world.addMany(3, name)
  await world.clock.advance(60_000)
  isBad = true
  const from = world.clock.elapsed()
  for (let second = 0; second < seconds; second++) {
    for (let i = 0; i < 10; i++) world.add(`busy/${second}-${i}`)
    for (const [i, name] of names.entries()) {
      if ((second + i * 37) % 200 === 0) world.add(`${name}/${second}`)
    }
    await world.clock.advance(1_000)
  }
  world.runner.close()
  expect(world.server.mostInOneSecond()).toBeLessThanOrEqual(10)
  return world.successes.filter(({ at }) => at >= from).length / seconds
}

/** The mean of three runs. */
async function meanOf(others: number, hanging: number): Promise<number> {
  const runs = await Promise.all([1, 2, 3].map((seed) => goodput(seed, others, hanging)))
  return runs.reduce((sum, it) => sum + it, 0) / runs.length
}

it.each([1 / 3, 1 / 5])(
  'calls that hang at random cost no more among many namespaces: %d',
  { timeout: 120_000 },
  async (hanging) => {
    expect(await meanOf(small, hanging)).toBeGreaterThan(0.8 * (await meanOf(0, hanging)))
  },
)
