import { describe, expect, it } from 'vitest'
import { CallWorld } from './testing/call-world.ts'
import type { Fate } from './testing/simulated-server.ts'

const minute = 60_000

function started(keys: number, fate: Fate = 'ok'): CallWorld {
  const world = new CallWorld()
  world.fate = () => fate
  world.addMany(keys)
  world.runner.start({ quiet: true })
  return world
}

describe('a total outage', () => {
  describe.each<[string, Fate]>([
    ['of a gateway that answers', 'gateway'],
    ['of the network', 'unreachable'],
    ['of a service that never answers', 'hangs'],
  ])('%s', (_, fate) => {
    it.each([5, 20, 300])(
      'lets at most one call in 8 s through after two minutes (%d keys)',
      async (keys) => {
        const world = started(keys, fate)
        await world.clock.advance(2 * minute)
        const from = world.clock.elapsed()
        await world.clock.advance(10 * minute)
        const starts = world.server.starts.filter((it) => it >= from)
        for (let i = 1; i < starts.length; i++) {
          expect((starts[i] ?? 0) - (starts[i - 1] ?? 0)).toBeGreaterThanOrEqual(8_000)
        }
        // It is still tried: by the longest-waiting key, where none is due.
        expect(starts.length).toBeGreaterThan(40)
        expect(world.runner.gauges().silent()).toBe(true)
        expect(world.runner.gauges().held()).toEqual([])
      },
    )

    it('is over at full speed within 15 s after its end', async () => {
      const world = started(300, fate)
      await world.clock.advance(10 * minute)
      world.fate = () => 'ok'
      await world.clock.advance(15_000)
      const from = world.clock.elapsed()
      await world.clock.advance(5_000)
      // Of the calls that hang, each keeps its slot for 30 s (I2); others keep theirs for 1.1 to 1.3 s.
      expect(world.successes.filter((it) => it.at > from).length / 5).toBeGreaterThan(
        fate === 'hangs' ? 4 : 7,
      )
      await world.clock.advance(60_000)
      expect(world.successes).toHaveLength(300)
      expect(world.server.mostInOneSecond()).toBeLessThanOrEqual(10)
    })
  })

  it.each([1, 2, 5])('is found to be over within 15 s by few keys, too (%d)', async (keys) => {
    const world = started(keys, 'gateway')
    await world.clock.advance(40 * minute)
    world.fate = () => 'ok'
    await world.clock.advance(15_000)
    expect(world.successes).toHaveLength(keys)
  })

  it('that lasts an hour and more ends for all keys at once', async () => {
    const world = started(50, 'gateway')
    await world.clock.advance(180 * minute)
    world.fate = () => 'ok'
    await world.clock.advance(20_000)
    expect(world.successes).toHaveLength(50)
  })
})

describe('poisoned keys', () => {
  it.each<[string, Fate]>([
    ['InternalError', 'internal'],
    ['UnauthorizedOperation', 'denied'],
    ['a gateway that fails', 'gateway'],
    ['no answer', 'hangs'],
  ])('of one namespace do not keep back one of another: %s', async (_, fate) => {
    const world = started(0)
    world.fate = (key) => (key.startsWith('bad/') ? fate : 'ok')
    world.addMany(50, 'bad')
    await world.clock.advance(5 * minute)
    world.add('good/site')
    await world.clock.advance(10_000)
    expect(world.runner.gauges().held()).toEqual([])
    expect(world.successes.map((it) => it.key)).toEqual(['good/site'])
  })

  it('of one namespace do not make the service silent where nobody else calls', async () => {
    const world = started(0)
    world.fate = (key) => (key.startsWith('bad/') ? 'gateway' : 'ok')
    world.add('good/site')
    await world.clock.advance(10_000)
    world.addMany(5, 'bad')
    await world.clock.advance(10 * minute)
    expect(world.runner.gauges().silent()).toBe(false)
    world.add('good/other')
    await world.clock.advance(2_000)
    expect(world.successesOf('good')).toBe(2)
  })

  it('of one namespace do not slow two hundred of another down', async () => {
    const world = started(0)
    world.fate = (key) => (key.startsWith('bad/') ? 'internal' : 'ok')
    world.addMany(50, 'bad')
    world.addMany(200, 'good')
    await world.clock.advance(35_000)
    expect(world.successesOf('good')).toBe(200)
  })

  it('are served as soon as they are healed, when their back-off ends', async () => {
    const world = started(50, 'internal')
    await world.clock.advance(10 * minute)
    world.fate = () => 'ok'
    await world.clock.advance(minute + 10_000)
    expect(world.successes).toHaveLength(50)
  })
})
