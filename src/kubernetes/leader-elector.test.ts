import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeLeases } from '../../test/fakes/leases.ts'
import { createManualClock, type ManualClock } from '../../test/fakes/manual-clock.ts'
import { NotLeadingError } from '../ports/not-leading-error.ts'
import { Candidate, times } from './testing/candidate.ts'

let clock: ManualClock
let leases: FakeLeases

beforeEach(() => {
  clock = createManualClock()
  leases = new FakeLeases()
})

const candidate = (identity: string, options = {}) => new Candidate(clock, leases, identity, options)

/** One that leads, and one that stands by. */
async function two(options = {}): Promise<[Candidate, Candidate]> {
  const first = candidate('first')
  await clock.advance(100)
  const second = candidate('second', options)
  await clock.advance(5_000)
  expect([first.leading, second.leading]).toEqual([true, false])
  return [first, second]
}

describe('the lease', () => {
  it('is made where there is none, as other tools write it', async () => {
    const first = candidate('first')
    await clock.advance(100)
    expect(first.led).toEqual(['created'])
    expect(leases.spec).toEqual({
      holderIdentity: 'first',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.010000Z',
      renewTime: '2026-01-01T00:00:00.010000Z',
      leaseTransitions: 0,
    })
  })

  it('is renewed every retry period, and nothing but its time changes', async () => {
    const first = candidate('first')
    await clock.advance(100)
    const { writes } = leases
    const before = leases.spec
    await clock.advance(20_500)
    expect(leases.writes - writes).toBe(10)
    expect(leases.spec).toEqual({ ...before, renewTime: expect.not.stringMatching(before?.renewTime ?? '') })
    expect(first.leading).toBe(true)
  })

  it('is left to its holder as long as that renews it, whatever the time in it says', async () => {
    const [first, second] = await two()
    for (const hours of [-1, 1]) {
      first.skewMs = hours * 3_600_000
      await clock.advance(60_000)
      expect([first.leading, second.leading]).toEqual([true, false])
    }
    expect(second.log.lines.map(({ fields, message }) => [message, fields.holder])).toEqual([
      ['standing by', 'first'],
    ])
  })

  it('changes hands when its holder is gone for its whole duration, and counts that', async () => {
    const [first, second] = await two()
    first.kill()
    await clock.advance(12_000)
    expect(second.leading).toBe(false)
    await clock.advance(5_000)
    expect(second.led).toEqual(['expired'])
    expect(leases.spec).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 })
  })

  it('is measured by the duration that its holder gave it, not by our own', async () => {
    const first = candidate('first', { leaseDurationMs: 60_000 })
    await clock.advance(100)
    const second = candidate('second')
    await clock.advance(5_000)
    first.kill()
    await clock.advance(54_000)
    expect(second.leading).toBe(false)
    await clock.advance(8_000)
    expect(second.leading).toBe(true)
  })

  it('is not kept alive by writes to its metadata', async () => {
    const [first, second] = await two()
    first.kill()
    for (let i = 0; i < 17; i++) {
      leases.annotate()
      await clock.advance(1_000)
    }
    expect(second.led).toEqual(['expired'])
  })

  it('is had in less than two seconds after its holder gave it away', async () => {
    for (let i = 0; i <= 20; i++) {
      leases = new FakeLeases()
      const [first, second] = await two({ random: () => i / 20 })
      await Promise.all([first.elector.release(), clock.advance(1_900)])
      expect(second.led).toEqual(['released'])
      second.kill()
    }
  })

  it('that somebody emptied by hand is not taken for released', async () => {
    const [first, second] = await two()
    first.kill()
    leases.edit({ holderIdentity: '' })
    await clock.advance(10_000)
    expect(second.leading).toBe(false)
    await clock.advance(9_000)
    expect(second.led).toEqual(['expired'])
  })

  it('that somebody made by hand is had at once', async () => {
    leases.edit({})
    const first = candidate('first')
    await clock.advance(100)
    expect(first.led).toEqual(['created'])
  })

  it.each(['deleted', 'emptied', 'stripped', 'annotated'] as const)(
    'that is %s is put right by its holder',
    async (how) => {
      const [first, second] = await two()
      // Now the holder looks at it first, and now the other one.
      for (let times = 0; times < 10; times++) {
        if (how === 'deleted') leases.delete()
        if (how === 'emptied') leases.edit({ holderIdentity: '' })
        if (how === 'stripped') leases.strip()
        if (how === 'annotated') leases.annotate()
        await clock.advance(4_300)
      }
      expect([first.leading, second.leading]).toEqual([true, false])
      expect(leases.spec).toMatchObject({ holderIdentity: 'first', leaseTransitions: 0 })
    },
  )

  it('that was taken while the answer got lost is not taken for a release', async () => {
    const [first, second] = await two()
    second.losesAnswers = true
    await Promise.all([first.elector.release(), clock.advance(100)])
    await clock.advance(2_000)
    expect(leases.spec).toMatchObject({ holderIdentity: 'second' })
    expect(second.leading).toBe(false)
    second.losesAnswers = false
    await clock.advance(2_000)
    expect(second.led).toEqual(['expired'])
  })
})

describe('a leader', () => {
  it('goes on through an outage that is shorter than the deadline', async () => {
    const [first, second] = await two()
    first.reachable = false
    await clock.advance(7_000)
    first.reachable = true
    await clock.advance(60_000)
    expect([first.leading, second.leading]).toEqual([true, false])
    expect(first.messages().filter((it) => it.startsWith('failed to renew the lease'))).not.toEqual([])
    expect(first.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
  })

  it('ends at the deadline of a longer one, before another may begin', async () => {
    const [first, second] = await two()
    first.reachable = false
    let endedAt = 0
    for (let i = 0; i < 300; i++) {
      await clock.advance(100)
      expect([first.leading, second.leading]).not.toEqual([true, true])
      if (first.losses > 0 && endedAt === 0) endedAt = clock.elapsed()
    }
    expect(first.losses).toBe(1)
    expect(second.led).toEqual(['expired'])
    expect(first.log.lines.at(-1)).toMatchObject({
      level: 'error',
      fields: { reason: 'expired', lease: 'ns/lease' },
      message: 'no longer leading',
    })
  })

  it('ends at the deadline even when a renewal is never answered', async () => {
    const [first] = await two()
    first.latencyMs = 1_000_000
    await clock.advance(12_500)
    expect(first.losses).toBe(1)
  })

  it('counts a renewal from when it was sent, not from its answer', async () => {
    const [first] = await two()
    await clock.advance(1_900)
    first.latencyMs = 3_000
    // Sent about a second from now, done after 3, answered after 6: good until 10 after it was sent.
    await clock.advance(10_500)
    expect(first.leading).toBe(true)
    await clock.advance(1_000)
    expect(first.leading).toBe(false)
  })

  it('is renewed in time by a slow API server', async () => {
    const [first] = await two()
    first.latencyMs = 2_200
    await clock.advance(60_000)
    expect([first.leading, first.losses]).toEqual([true, 0])
  })

  it('ends when it finds another holder', async () => {
    const [first] = await two()
    leases.edit({ holderIdentity: 'thief' })
    await clock.advance(2_100)
    expect(first.losses).toBe(1)
    expect(first.log.lines.at(-1)?.fields).toMatchObject({ reason: 'taken', holder: 'thief' })
    expect(leases.spec?.holderIdentity).toBe('thief')
  })

  it('that was paused may do nothing from the first moment on, and writes nothing', async () => {
    const [first, second] = await two()
    first.pause()
    await clock.advance(20_000)
    expect(second.leading).toBe(true)
    const { writes } = leases
    expect(() => first.elector.check()).toThrow(NotLeadingError)
    await first.resume()
    expect(() => first.elector.check()).toThrow(NotLeadingError)
    await clock.advance(0)
    expect(first.losses).toBe(1)
    second.kill()
    await clock.advance(60_000)
    expect(leases.writes).toBe(writes)
  })

  it('that was refused once does not lead again, even if a renewal in progress succeeds', async () => {
    const [first] = await two()
    first.latencyMs = 500
    const { writes } = leases
    while (leases.writes === writes) await clock.advance(100)
    first.pause()
    // The renewal before this one is past its deadline, this one is not.
    await clock.advance(8_700)
    expect(() => first.elector.check()).toThrow(NotLeadingError)
    await first.resume()
    await clock.advance(0)
    expect([first.leading, first.losses]).toEqual([false, 1])
  })

  it('does not release a lease that it has lost', async () => {
    const [first] = await two()
    first.pause()
    await clock.advance(11_000)
    await first.resume()
    const { writes } = leases
    await Promise.all([first.elector.release(), clock.advance(1_000)])
    expect(leases.writes).toBe(writes)
    expect(leases.spec?.holderIdentity).toBe('first')
  })

  it('renews while it ends, until it releases', async () => {
    const [first, second] = await two()
    await first.elector.stopSeeking()
    await clock.advance(60_000)
    expect([first.leading, second.leading]).toEqual([true, false])
    await Promise.all([first.elector.release(), clock.advance(100)])
    expect(first.leading).toBe(false)
    expect(first.losses).toBe(0)
  })

  it('releases a lease that somebody has written to since', async () => {
    const [first, second] = await two()
    leases.annotate()
    second.kill()
    await Promise.all([first.elector.release(), clock.advance(100)])
    expect(leases.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 })
  })

  it('ends without a release when the API server does not answer, as long as it is asked to wait', async () => {
    const [first] = await two()
    first.latencyMs = 1_000_000
    let released = false
    void first.elector.release().then(() => {
      released = true
    })
    await clock.advance(1_000)
    expect(released).toBe(false)
    first.elector.close()
    await clock.advance(0)
    expect(released).toBe(true)
    expect(first.messages().at(-1)).toContain('failed to release the lease')
  })
})

describe('a standby', () => {
  it('does not begin to lead after it was asked to stop', async () => {
    const [first, second] = await two()
    await second.elector.stopSeeking()
    first.kill()
    await clock.advance(60_000)
    expect(second.led).toEqual([])
  })

  it('that is asked to stop while it acquires the lease leads, and can release it', async () => {
    const [first, second] = await two()
    second.latencyMs = 500
    await Promise.all([first.elector.release(), clock.advance(100)])
    while (leases.spec?.holderIdentity !== 'second') await clock.advance(10)
    expect(second.led).toEqual([])
    await Promise.all([second.elector.stopSeeking(), clock.advance(600)])
    expect(second.led).toEqual(['released'])
    await Promise.all([second.elector.release(), clock.advance(2_000)])
    expect(leases.spec?.holderIdentity).toBe('')
  })

  it('retries for ever, and logs the same error once', async () => {
    const first = candidate('first')
    first.reachable = false
    await clock.advance(120_000)
    expect(first.elector.attemptAgeMs()).toBeLessThan(2_000)
    expect(first.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
    first.reachable = true
    await clock.advance(2_000)
    expect(first.leading).toBe(true)
  })

  it('that may read the lease and not write it says so once', async () => {
    const first = candidate('first')
    first.writable = false
    await clock.advance(120_000)
    expect(first.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
    first.writable = true
    await clock.advance(2_000)
    expect(first.leading).toBe(true)
  })

  it('that was paused does not take a lease that was renewed meanwhile', async () => {
    const [first, second] = await two()
    second.pause()
    await clock.advance(60_000)
    await second.resume()
    await clock.advance(10_000)
    expect([first.leading, second.leading]).toEqual([true, false])
  })
})

type Step =
  | { readonly kind: 'pause' | 'resume' | 'cut' | 'heal' | 'lose' | 'kill' | 'release'; readonly who: number }
  | { readonly kind: 'slow'; readonly who: number; readonly ms: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'annotate' }

const who = fc.nat({ max: 2 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('pause', 'resume', 'cut', 'heal', 'lose', 'kill', 'release'),
      who,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('slow' as const), who, ms: fc.nat({ max: 8_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('annotate' as const) }) },
)

it('never has two that may act, whatever stops, breaks or gets lost, and in the end has one', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      clock = createManualClock()
      leases = new FakeLeases()
      let count = 0
      const start = () => candidate(`candidate-${++count}`)
      const candidates = [start(), start(), start()]
      for (const [index, it] of candidates.entries()) it.skewMs = (index - 1) * 3_600_000
      const expectOne = () =>
        expect(candidates.filter((it) => it.leading).length, 'leaders').toBeLessThanOrEqual(1)
      const pass = async (ms: number) => {
        for (let left = ms; left > 0; left -= 250) {
          await clock.advance(Math.min(250, left))
          expectOne()
          // A process that has lost the lease ends, and another one comes.
          for (const [index, it] of candidates.entries()) {
            if (it.losses === 0) continue
            it.kill()
            candidates[index] = start()
          }
        }
      }
      for (const it of steps) {
        const one = 'who' in it ? (candidates[it.who] as Candidate) : undefined
        if (it.kind === 'wait') await pass(it.ms)
        if (it.kind === 'annotate') leases.annotate()
        if (it.kind === 'slow' && one) one.latencyMs = it.ms
        if (it.kind === 'pause') one?.pause()
        if (it.kind === 'resume') await one?.resume()
        if (it.kind === 'cut' && one) one.reachable = false
        if (it.kind === 'heal' && one) one.reachable = true
        if (it.kind === 'lose' && one) one.losesAnswers = !one.losesAnswers
        if (it.kind === 'release') void one?.elector.release()
        if ((it.kind === 'kill' || it.kind === 'release') && 'who' in it) {
          if (it.kind === 'kill') one?.kill()
          candidates.push(...(one && it.kind === 'release' ? [one] : []))
          candidates[it.who] = start()
        }
        expectOne()
      }
      for (const it of candidates) {
        await it.resume()
        it.reachable = true
        it.losesAnswers = false
        it.latencyMs = 5
      }
      await pass(3 * times.leaseDurationMs)
      expect(candidates.filter((it) => it.leading)).toHaveLength(1)
    }),
    { numRuns: 200 },
  )
})
