import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Reach } from '../../ports/service-error.ts'
import { SlotPacing } from './slot-pacing.ts'

const slots = 10
const windowMs = 1_000

/** The network and the service as one call meets them, ms. */
interface Journey {
  readonly there: number
  readonly service: number
  readonly back: number
}

interface Answer {
  readonly at: number
  readonly roundTrip: number
}

function learn(pacing: SlotPacing, answer: Answer | undefined): void {
  if (answer) pacing.answered(answer.at - answer.roundTrip, answer.at)
}

/** When each call arrived at the server, made by slots that take the next call as soon as they are free. */
function arrivals(journeys: readonly Journey[], reached: Reach = 'answered'): number[] {
  const pacing = new SlotPacing()
  const free = Array.from({ length: slots }, () => 0)
  const answers: Answer[] = []
  return journeys.map(({ there, service, back }) => {
    const slot = free.indexOf(Math.min(...free))
    const start = free[slot] ?? 0
    const end = start + there + service + back
    answers.push({ at: end, roundTrip: end - start })
    // A slot is free when its call was answered: by then the pacing knows of every answer before that.
    answers.sort((a, b) => a.at - b.at)
    while (reached === 'answered' && answers[0] && answers[0].at <= end) learn(pacing, answers.shift())
    // The service reads.
    if (reached === 'ended') pacing.answered(end, end)
    free[slot] = pacing.hold(start, end, reached).freeAt
    return start + there
  })
}

/** The most calls that an exact sliding window at the server ever held. */
function mostInOneWindow(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b)
  return Math.max(
    ...sorted.map((end, i) => sorted.slice(0, i + 1).filter((it) => it > end - windowMs).length),
  )
}

describe('a slot', () => {
  const learned = (...roundTrips: readonly number[]) => {
    const pacing = new SlotPacing()
    for (const ms of roundTrips) pacing.answered(0, ms)
    return pacing
  }
  const twenty = Array.from({ length: 20 }, (_, i) => 100 + (i % 10))

  it('is held until a second after the response while little is known', () => {
    expect(learned(...twenty.slice(1)).hold(5_000, 5_100, 'answered').freeAt).toBe(6_100)
  })

  it('is held until a second and the variation of round trips after the start once twenty are known', () => {
    expect(learned(...twenty).hold(5_000, 5_100, 'answered').freeAt).toBe(6_014)
  })

  it('is held until a second after the response where round trips are short', () => {
    expect(learned(...twenty, 49).hold(5_000, 5_100, 'answered').freeAt).toBe(6_100)
    expect(learned(...twenty, 50).hold(5_000, 5_100, 'answered').freeAt).toBe(6_064)
  })

  it('is held for the variation from the fastest round trip of all, however long ago that was', () => {
    const busy = Array.from({ length: 64 }, () => 200)
    expect(learned(150, ...busy).hold(5_000, 5_200, 'answered').freeAt).toBe(6_055)
    expect(learned(49, ...busy).hold(5_000, 5_200, 'answered').freeAt).toBe(6_200)
  })

  it('is held for the variation from a refusal, which may come before the work, until 64 others were answered', () => {
    const pacing = learned(...twenty)
    pacing.answered(0, 60, 'rejected')
    expect(pacing.hold(5_000, 5_100, 'answered').freeAt).toBe(6_054)
    for (let i = 0; i < 64; i++) pacing.answered(0, 100 + (i % 10))
    expect(pacing.hold(5_000, 5_100, 'answered').freeAt).toBe(6_014)
  })

  it('is never free before a second after the start, however much faster refusals are than what succeeded', () => {
    const pacing = learned(8_000)
    for (let i = 0; i < 64; i++) pacing.answered(0, 60, 'outage')
    expect(pacing.hold(5_000, 5_060, 'answered').freeAt).toBe(6_005)
  })

  it('is held for the variation of what took the work, however soon others were throttled', () => {
    const pacing = learned(...twenty)
    pacing.answered(0, 4, 'throttled')
    expect(pacing.hold(5_000, 5_100, 'answered').freeAt).toBe(6_014)
  })

  it('is held for 30 s after the start when nothing was answered: the call may still arrive', () => {
    expect(learned(...twenty).hold(5_000, 5_100, 'unknown').freeAt).toBe(35_000)
  })

  it('is held for a second after the end when that took as long', () => {
    expect(learned(...twenty).hold(5_000, 35_000, 'unknown').freeAt).toBe(36_000)
  })

  describe('of a call whose connection was reset', () => {
    const read = (start: number) => {
      const pacing = learned(...twenty)
      pacing.answered(start, start + 100)
      return pacing
    }

    it('is held until 3 s after the end when the service has answered a call made a second later', () => {
      expect(read(6_000).hold(5_000, 10_000, 'ended').freeAt).toBe(13_000)
    })

    it('is held for 30 s after the start when it has not: the call may lie unread with the server', () => {
      expect(read(5_999).hold(5_000, 10_000, 'ended').freeAt).toBe(35_000)
      expect(learned(...twenty).hold(5_000, 10_000, 'ended').freeAt).toBe(35_000)
    })

    it('is held until 3 s after the end when the service answers such a call only later', () => {
      const pacing = learned(...twenty)
      const hold = pacing.hold(5_000, 5_020, 'ended')
      pacing.answered(5_999, 6_100)
      expect(hold).toMatchObject({ freeAt: 35_000, sooner: { aborted: false } })
      pacing.answered(6_000, 6_300)
      expect(hold).toMatchObject({ freeAt: 8_020, sooner: { aborted: true } })
    })

    it('is held until a second after that answer: the server may have read both at once', () => {
      const pacing = learned(...twenty)
      const hold = pacing.hold(5_000, 5_020, 'ended')
      pacing.answered(6_000, 20_000)
      expect(hold.freeAt).toBe(21_000)
      pacing.answered(7_000, 25_000)
      expect(hold.freeAt).toBe(21_000)
    })

    it('is held until 3 s after the end when that took as long', () => {
      expect(read(5_999).hold(5_000, 35_000, 'ended').freeAt).toBe(38_000)
    })
  })

  it('is free at once when nothing was sent', () => {
    expect(learned(...twenty).hold(5_000, 5_100, 'unsent').freeAt).toBe(5_100)
  })

  it('is never free before the response', () => {
    expect(learned(...twenty).hold(5_000, 9_000, 'answered').freeAt).toBe(9_000)
  })

  it('is never held longer than a second after the response', () => {
    expect(learned(...twenty, 50_000).hold(5_000, 5_100, 'answered').freeAt).toBe(6_100)
  })

  it('forgets a slow round trip after 64 others', () => {
    const pacing = learned(2_000, ...Array.from({ length: 63 }, () => 100))
    expect(pacing.hold(5_000, 5_100, 'answered').freeAt).toBe(6_100)
    pacing.answered(0, 100)
    expect(pacing.hold(5_000, 5_100, 'answered').freeAt).toBe(6_005)
  })
})

describe('an exact sliding window at the server', () => {
  const journeys = (there: number, length: number) =>
    fc.array(fc.integer({ min: 0, max: there }), { minLength: length, maxLength: length })
  const through = (service: number) => (there: number) => ({ there, service, back: 0 })

  it('never holds more calls than there are slots, as long as the way there varies no more than was seen', () => {
    // The shortest and the longest way are seen first, and are among any 64 that follow one another.
    const first = Array.from({ length: 12 }, (_, i) => (i % 2) * 50)
    const withExtremes = (there: number, i: number) => (i % 32 === 0 ? 0 : i % 32 === 16 ? 50 : there)
    fc.assert(
      fc.property(journeys(50, 120), fc.integer({ min: 0, max: 400 }), (given, service) => {
        const times = arrivals([...first, ...given.map(withExtremes)].map(through(service)))
        expect(mostInOneWindow(times)).toBeLessThanOrEqual(slots)
      }),
    )
  })

  it('never holds more than that when the first call of each connection is slower than those that follow', () => {
    const cold = Array.from({ length: slots }, (_, i) => ({ there: 80 + i, service: 2, back: 0 }))
    fc.assert(
      fc.property(journeys(20, 100), (given) => {
        const times = arrivals([
          ...cold,
          ...given.map((there, i) => ({ there: i < 2 ? i * 20 : there, service: 2, back: 0 })),
        ])
        expect(mostInOneWindow(times)).toBeLessThanOrEqual(slots)
      }),
    )
  })

  it('never holds more than that when a busy processor delays answers first, and calls later', () => {
    const late = Array.from({ length: 30 }, (_, i) => ({ there: i % 10, service: 2, back: 35 }))
    fc.assert(
      fc.property(journeys(45, 90), (given) => {
        const times = arrivals([...late, ...given.map(through(2))])
        expect(mostInOneWindow(times)).toBeLessThanOrEqual(slots)
      }),
    )
  })

  it('never holds more than that when nothing is answered, whatever the network does', () => {
    fc.assert(
      fc.property(journeys(29_000, 60), (given) => {
        // Given up after 5 s, and on their way for up to 29 s.
        const givenUp = given.map((there) => ({ there, service: 0, back: 5_000 - there }))
        expect(mostInOneWindow(arrivals(givenUp, 'unknown'))).toBeLessThanOrEqual(slots)
      }),
    )
  })

  it('never holds more than that when each call is reset after 5 s, and arrives up to 2 s later', () => {
    fc.assert(
      fc.property(journeys(6_999, 60), (given) => {
        const reset = given.map((there) => ({ there, service: 0, back: 5_000 - there }))
        expect(mostInOneWindow(arrivals(reset, 'ended'))).toBeLessThanOrEqual(slots)
      }),
    )
  })

  it('lets nearly ten calls a second through at a steady service time', () => {
    const steady = Array.from({ length: 600 }, (_, i) => ({ there: (i * 7) % 21, service: 300, back: 0 }))
    const times = arrivals(steady)
    const perSecond = (599 / (Math.max(...times) - Math.min(...times))) * 1_000
    expect(perSecond).toBeGreaterThan(9.5)
    expect(mostInOneWindow(times)).toBeLessThanOrEqual(slots)
  })
})
