import { beforeEach, describe, expect, it } from 'vitest'
import { noAnswer } from '../../../test/fakes/certificate-service.ts'
import { createManualClock, type ManualClock } from '../../../test/fakes/manual-clock.ts'
import type { Reach } from '../../ports/service-error.ts'
import type { CallEnd } from './call-end.ts'
import { CallLane, type Slot } from './call-lane.ts'
import { mostInOneSecond } from './testing/simulated-server.ts'

const slots = 10

let clock: ManualClock
/** What a key does with its slot; it makes no call unless it is told to. */
let serve: (key: string, slot: Slot) => Promise<void>
let lane: CallLane
/** Whom the lane gave a slot, in order. */
let served: string[]
/** When a call was made. */
let calls: number[]

beforeEach(() => {
  clock = createManualClock()
  served = []
  calls = []
  serve = async () => {}
  lane = createLane()
})

function createLane(): CallLane {
  return new CallLane(clock, slots, async (key, slot) => {
    served.push(key)
    await serve(key, slot)
  })
}

/** A call that takes so long, and how it ends. */
function calling(ms: number, reached: Reach = 'answered') {
  return async (_: string, slot: Slot) => {
    const startedAt = clock.elapsed()
    calls.push(startedAt)
    await clock.sleep(ms)
    slot.ended(end(startedAt, reached))
  }
}

function end(startedAt: number, reached: Reach): CallEnd {
  const error = reached === 'answered' ? undefined : noAnswer('UploadCertificate')
  const says = reached === 'answered' ? 'answer' : 'silence'
  return { startedAt, endedAt: clock.elapsed(), reached, timedOut: false, says, error }
}

function throttled(): CallEnd {
  return end(clock.elapsed(), 'answered')
}

function add(key: string, failedBefore = false, group = 'web'): void {
  lane.add(key, { failedBefore, urgent: false, expiresAt: undefined, group })
}

/** Of several namespaces: none of them may take all slots before one of its calls is answered. */
function addMany(count: number): void {
  for (let i = 0; i < count; i++) add(`web/${i}`, false, `web-${i % 5}`)
}

describe('a lane', () => {
  it('lets nobody through within the first second: a process before us may have used it', async () => {
    lane.start({ quiet: false })
    addMany(3)
    await clock.advance(999)
    expect(served).toEqual([])
    expect(lane.depth).toBe(3)
    await clock.advance(1)
    expect(served).toHaveLength(3)
    expect(lane.depth).toBe(0)
  })

  it('lets the first through at once when nobody has made a call before', async () => {
    lane.start({ quiet: true })
    addMany(3)
    await clock.advance(0)
    expect(served).toHaveLength(3)
  })

  it('stays closed when it is closed before it opened', async () => {
    lane.start({ quiet: false })
    lane.close()
    add('web/0')
    await clock.advance(5_000)
    expect(served).toEqual([])
    expect(lane.depth).toBe(0)
  })

  it('gives as many slots at a time as there are', async () => {
    serve = () => new Promise(() => {})
    lane.start({ quiet: true })
    addMany(25)
    await clock.advance(10_000)
    expect(served).toHaveLength(slots)
    expect(lane.depth).toBe(15)
  })

  it('frees a slot at once that made no call, or sent none', async () => {
    serve = async (key, slot) => {
      if (key !== 'web/50') slot.ended(end(clock.elapsed(), 'unsent'))
    }
    lane.start({ quiet: true })
    addMany(100)
    await clock.advance(0)
    expect(served).toHaveLength(100)
  })

  it('lets no more calls start within a second than there are slots', async () => {
    serve = calling(30)
    lane.start({ quiet: true })
    addMany(100)
    await clock.advance(30_000)
    expect(calls).toHaveLength(100)
    expect(mostInOneSecond(calls)).toBeLessThanOrEqual(slots)
  })

  it('uses its slots: calls that take their time do not add to the second', async () => {
    serve = calling(300)
    lane.start({ quiet: true })
    addMany(200)
    await clock.advance(22_000)
    expect(calls).toHaveLength(200)
  })

  it('holds a slot as long as a call takes', async () => {
    serve = calling(60_000)
    lane.start({ quiet: true })
    addMany(20)
    await clock.advance(59_000)
    expect(calls).toHaveLength(slots)
  })

  it('holds a slot for 30 s after the start of a call that was never answered', async () => {
    serve = calling(5_000, 'unknown')
    lane.start({ quiet: true })
    addMany(slots + 1)
    await clock.advance(29_999)
    expect(calls).toHaveLength(slots)
    await clock.advance(1)
    expect(calls).toHaveLength(slots + 1)
  })
})

describe('the slot of a call whose connection was reset', () => {
  beforeEach(() => {
    serve = (key, slot) => (key === 'web/reset' ? calling(20, 'ended') : calling(300))(key, slot)
    lane.start({ quiet: true })
    add('web/reset')
  })

  /** All other slots are taken; how many more keys are served within so long? */
  const freeWithin = async (ms: number) => {
    const before = served.length
    serve = () => new Promise(() => {})
    for (let i = 0; i < 20; i++) add(`later/${i}`, false, `later-${i}`)
    await clock.advance(ms)
    return served.length - before
  }

  it('is free 3 s after the end when the service has answered a call since that was made a second later', async () => {
    await clock.advance(1_500)
    add('web/next')
    await clock.advance(1_519)
    expect(await freeWithin(0)).toBe(9)
    expect(await freeWithin(1)).toBe(1)
  })

  it('is kept when only a gateway has answered since', async () => {
    await clock.advance(1_500)
    const error = noAnswer('UploadCertificate')
    serve = async (_, slot) => slot.ended({ ...end(clock.elapsed(), 'answered'), says: 'silence', error })
    add('web/next')
    await clock.advance(3_000)
    expect(await freeWithin(25_000)).toBe(9)
    expect(await freeWithin(1_000)).toBe(1)
  })
})

describe('a namespace whose connections are reset', () => {
  it('is not in doubt: such a call costs its slot little more than one that is answered', async () => {
    serve = calling(300)
    lane.start({ quiet: true })
    add('web/first')
    await clock.advance(2_000)
    serve = calling(20, 'ended')
    for (const batch of ['a', 'b']) {
      for (let i = 0; i < slots; i++) add(`web/${batch}-${i}`)
      await clock.advance(32_000)
    }
    await clock.advance(0)
    serve = () => new Promise(() => {})
    const before = served.length
    for (let i = 0; i < slots; i++) add(`web/${i}`)
    await clock.advance(0)
    expect(served.length - before).toBe(slots)
  })
})

describe('a namespace whose calls are never answered', () => {
  it('leaves slots to others also while its own are kept after their calls', async () => {
    serve = calling(5_000, 'unknown')
    lane.start({ quiet: true })
    for (let i = 0; i < 20; i++) add(`evil/${i}`, false, 'evil')
    await clock.advance(20_000)
    expect(served).toHaveLength(7)
    add('web/site')
    await clock.advance(0)
    expect(served.at(-1)).toBe('web/site')
  })
})

describe('a key that failed before', () => {
  it('has its turn within 62 s, however many new ones come, and however often it asks', async () => {
    let news = 0
    serve = async (key, slot) => {
      await calling(100)(key, slot)
      add(`new/${news++}`)
    }
    lane.start({ quiet: true })
    addMany(20)
    add('once', true)
    for (let second = 0; second < 60; second++) {
      await clock.advance(1_000)
      add('once', true)
    }
    expect(served).not.toContain('once')
    await clock.advance(2_000)
    expect(served).toContain('once')
  })
})

describe('a lane that is closed', () => {
  it('gives out no slot, forgets who waits, and leaves no timer behind', async () => {
    serve = calling(10, 'unknown')
    lane.start({ quiet: true })
    addMany(30)
    await clock.advance(10)
    lane.throttled(throttled())
    lane.close()
    expect(clock.pending()).toBe(0)
    await clock.advance(60_000)
    expect(served).toHaveLength(slots)
    expect(lane.depth).toBe(0)
  })

  it('is drained when the next may begin at once: no second sees more than it may', async () => {
    serve = calling(70)
    lane.start({ quiet: true })
    addMany(35)
    await clock.advance(1_500)
    lane.close()
    const before = calls.length
    const drained = lane.drained().then(() => {
      lane = createLane()
      lane.start({ quiet: true })
      addMany(35)
    })
    await Promise.all([drained, clock.advance(10_000)])
    expect(calls.length).toBeGreaterThan(before)
    expect(mostInOneSecond(calls)).toBeLessThanOrEqual(slots)
  })

  it.each<[Reach, number]>([
    ['answered', 1_000],
    ['ended', 3_000],
    ['unknown', 3_000],
  ])(
    'is drained only when its calls under way have ended, and no more of them arrives: %s',
    async (reached, ms) => {
      serve = calling(5_000, reached)
      lane.start({ quiet: true })
      addMany(1)
      await clock.advance(1_000)
      lane.close()
      let drained = false
      lane.drained().then(() => {
        drained = true
      })
      await clock.advance(4_000 + ms - 1)
      expect(drained).toBe(false)
      await clock.advance(1)
      expect(drained).toBe(true)
    },
  )

  it('is drained at once when it was never started, and not before it would have opened', async () => {
    lane.close()
    await lane.drained()
    lane = createLane()
    lane.start({ quiet: false })
    lane.close()
    let drained = false
    lane.drained().then(() => {
      drained = true
    })
    await clock.advance(999)
    expect(drained).toBe(false)
    await clock.advance(1)
    expect(drained).toBe(true)
  })
})

describe('keys that wait', () => {
  it('are there once: a second add changes the priority and keeps the place among equals', async () => {
    for (const key of ['web/a', 'web/b', 'web/c']) add(key)
    add('web/a')
    add('web/b', true)
    expect(lane.depth).toBe(3)
    lane.start({ quiet: true })
    await clock.advance(0)
    expect(served).toEqual(['web/a', 'web/c', 'web/b'])
  })

  it('lose their place when they are removed', async () => {
    add('web/a')
    add('web/b')
    lane.remove('web/a')
    lane.remove('web/nobody')
    expect(lane.depth).toBe(1)
    lane.start({ quiet: true })
    await clock.advance(0)
    expect(served).toEqual(['web/b'])
  })

  it('may come back after they were removed or served', async () => {
    add('web/a')
    lane.remove('web/a')
    add('web/a')
    lane.start({ quiet: true })
    await clock.advance(0)
    add('web/a')
    await clock.advance(0)
    expect(served).toEqual(['web/a', 'web/a'])
  })

  it('may ask for the next slot while they have one, which they keep', async () => {
    serve = async (key, slot) => {
      if (served.length < 3) add(key)
      await calling(100)(key, slot)
    }
    lane.start({ quiet: true })
    add('web/a')
    await clock.advance(100)
    expect(served).toEqual(['web/a', 'web/a', 'web/a'])
    expect(calls).toHaveLength(3)
  })
})

describe('a lane that is shut', () => {
  beforeEach(() => {
    serve = calling(30)
    lane.start({ quiet: true })
    lane.shut()
    addMany(30)
  })

  it('lets one key through at a time, and none by itself', async () => {
    await clock.advance(5_000)
    expect(served).toEqual([])
    expect(lane.letOneThrough()).toBeInstanceOf(Promise)
    await clock.advance(5_000)
    expect(served).toEqual(['web/0'])
  })

  it('lets none through without a free slot', async () => {
    serve = () => new Promise(() => {})
    for (let i = 0; i < slots; i++) expect(lane.letOneThrough()).toBeDefined()
    expect(lane.letOneThrough()).toBeUndefined()
    expect(served).toHaveLength(slots)
  })

  it('goes on when it is opened again', async () => {
    lane.reopen()
    await clock.advance(5_000)
    expect(served).toHaveLength(30)
  })
})

describe('a service that asks to slow down', () => {
  it('halves the slots, at most once a second, and never under one', async () => {
    expect(lane.slots).toBe(10)
    expect(lane.throttled(throttled())).toBe(true)
    expect(lane.throttled(throttled())).toBe(false)
    expect(lane.slots).toBe(5)
    const seen: number[] = []
    for (let i = 0; i < 4; i++) {
      await clock.advance(1_000)
      lane.throttled(throttled())
      seen.push(lane.slots)
    }
    expect(seen).toEqual([2, 1, 1, 1])
  })

  it('does not halve them for a call that was made before they were halved', async () => {
    const before = clock.elapsed()
    lane.throttled(throttled())
    await clock.advance(3_000)
    expect(lane.throttled(end(before, 'answered'))).toBe(false)
    expect(lane.slots).toBe(5)
  })

  it('gets the slots back from 10 s after the last one, one every 5 s, and no more than there were', async () => {
    lane.throttled(throttled())
    await clock.advance(900)
    lane.throttled(throttled())
    await clock.advance(9_999)
    expect(lane.slots).toBe(5)
    await clock.advance(1)
    expect(lane.slots).toBe(6)
    await clock.advance(4_999)
    expect(lane.slots).toBe(6)
    await clock.advance(1)
    expect(lane.slots).toBe(7)
    await clock.advance(60_000)
    expect(lane.slots).toBe(10)
    expect(clock.pending()).toBe(0)
  })

  it('sees no more calls at a time than there are slots in force', async () => {
    serve = calling(0)
    lane.start({ quiet: true })
    lane.throttled(throttled())
    addMany(50)
    await clock.advance(9_000)
    expect(mostInOneSecond(calls)).toBeLessThanOrEqual(5)
    expect(calls.length).toBeGreaterThanOrEqual(40)
  })
})
