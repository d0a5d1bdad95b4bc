import { beforeEach, describe, expect, it } from 'vitest'
import { noAnswer, serviceError } from '../../../test/fakes/certificate-service.ts'
import { createManualClock, type ManualClock } from '../../../test/fakes/manual-clock.ts'
import { CallLane, type Slot } from './call-lane.ts'

const slots = 10
const signal = new AbortController().signal

let clock: ManualClock
/** What a key does with its slot; it makes no call unless it is told to. */
let serve: (key: string, slot: Slot) => Promise<void>
let lane: CallLane
/** Whom the lane gave a slot, in order. */
let served: string[]
let calls: { key: string; at: number }[]

beforeEach(() => {
  clock = createManualClock()
  served = []
  calls = []
  serve = async () => {}
  lane = new CallLane(clock, slots, async (key, slot) => {
    served.push(key)
    await serve(key, slot)
  })
})

/** A call that takes so long to be answered. */
function calling(ms: number) {
  return (key: string, slot: Slot) =>
    slot.call(async () => {
      calls.push({ key, at: clock.elapsed() })
      await clock.sleep(ms)
    })
}

async function open(): Promise<void> {
  lane.start(signal)
  await clock.advance(1_000)
}

function addMany(count: number): void {
  for (let i = 0; i < count; i++) lane.add(`web/${i}`, 0)
}

function mostInOneSecond(): number {
  return Math.max(...calls.map(({ at }) => calls.filter((it) => it.at > at - 1_000 && it.at <= at).length))
}

describe('a lane', () => {
  it('lets nobody through within the first second: a process before us may have used it', async () => {
    lane.start(signal)
    addMany(3)
    await clock.advance(999)
    expect(served).toEqual([])
    expect(lane.depth).toBe(3)
    await clock.advance(1)
    expect(served).toHaveLength(3)
    expect(lane.depth).toBe(0)
  })

  it('lets the first through at once when nobody has made a call before', async () => {
    lane.start(signal, { atOnce: true })
    addMany(3)
    await clock.advance(0)
    expect(served).toHaveLength(3)
  })

  it('that is closed is drained when the next may begin at once: no second sees more than it may', async () => {
    serve = calling(70)
    await open()
    addMany(35)
    await clock.advance(2_500)
    lane.close()
    const before = calls.length
    const drained = lane.drained().then(() => {
      lane = new CallLane(clock, slots, serve)
      lane.start(signal, { atOnce: true })
      addMany(35)
    })
    await Promise.all([drained, clock.advance(10_000)])
    expect(calls.length).toBeGreaterThan(before)
    expect(mostInOneSecond()).toBeLessThanOrEqual(slots)
  })

  it('stays closed when it is stopped before it opened', async () => {
    const stop = new AbortController()
    const started = lane.start(stop.signal)
    stop.abort(new Error('stopped'))
    await expect(started).rejects.toThrow('stopped')
    lane.add('web/0', 0)
    await clock.advance(5_000)
    expect(served).toEqual([])
  })

  it('gives as many slots at a time as there are', async () => {
    serve = () => new Promise(() => {})
    await open()
    addMany(25)
    await clock.advance(10_000)
    expect(served).toHaveLength(slots)
    expect(lane.depth).toBe(15)
  })

  it('frees a slot at once that made no call', async () => {
    await open()
    addMany(100)
    await clock.advance(0)
    expect(served).toHaveLength(100)
  })

  it('lets no more calls start within a second than there are slots', async () => {
    serve = calling(30)
    await open()
    addMany(100)
    await clock.advance(30_000)
    expect(calls).toHaveLength(100)
    expect(mostInOneSecond()).toBeLessThanOrEqual(slots)
  })

  it('uses its slots: calls that take their time do not add to the second', async () => {
    serve = calling(300)
    await open()
    addMany(200)
    await clock.advance(22_000)
    expect(calls).toHaveLength(200)
  })

  it('holds a slot as long as a call takes', async () => {
    serve = calling(60_000)
    await open()
    addMany(20)
    await clock.advance(59_000)
    expect(calls).toHaveLength(slots)
  })

  it('holds a slot for a second after a call that was not answered', async () => {
    serve = async (key, slot) => {
      await calling(100)(key, slot)
    }
    await open()
    addMany(20)
    await clock.advance(5_000)
    calls = []
    serve = (_, slot) =>
      slot
        .call(async () => {
          calls.push({ key: 'lost', at: clock.elapsed() })
          await clock.sleep(5_000)
          throw noAnswer('UploadCertificate')
        })
        .catch(() => {})
    addMany(slots)
    await clock.advance(0)
    serve = calling(0)
    lane.add('web/next', 0)
    await clock.advance(5_999)
    expect(calls.map((it) => it.key)).not.toContain('web/next')
    await clock.advance(1)
    expect(calls.map((it) => it.key)).toContain('web/next')
  })

  it('tells the caller what became of the call', async () => {
    const failure = serviceError({ failure: 'quota', action: 'UploadCertificate', code: 'LimitExceeded' })
    const seen: unknown[] = []
    serve = async (_, slot) => {
      seen.push(await slot.call(async () => 'answer').catch((error) => error))
    }
    await open()
    lane.add('web/0', 0)
    await clock.advance(1_000)
    serve = async (_, slot) => {
      seen.push(await slot.call(() => Promise.reject(failure)).catch((error) => error))
    }
    lane.add('web/1', 0)
    await clock.advance(1_000)
    expect(seen).toEqual(['answer', failure])
  })
})

describe('keys that wait', () => {
  it('go in order of urgency, and of arrival where that is the same', async () => {
    lane.add('web/a', 1)
    lane.add('web/b', 2)
    lane.add('web/c', 2)
    lane.add('web/d', 3)
    await open()
    expect(served).toEqual(['web/d', 'web/b', 'web/c', 'web/a'])
  })

  it('are there once: a second add changes the urgency alone', async () => {
    lane.add('web/a', 1)
    lane.add('web/b', 2)
    lane.add('web/a', 3)
    expect(lane.depth).toBe(2)
    await open()
    expect(served).toEqual(['web/a', 'web/b'])
  })

  it('lose their place when they are removed', async () => {
    lane.add('web/a', 1)
    lane.add('web/b', 1)
    lane.remove('web/a')
    lane.remove('web/nobody')
    expect(lane.depth).toBe(1)
    await open()
    expect(served).toEqual(['web/b'])
  })

  it('may come back after they were removed or served', async () => {
    lane.add('web/a', 1)
    lane.remove('web/a')
    lane.add('web/a', 1)
    await open()
    lane.add('web/a', 1)
    await clock.advance(0)
    expect(served).toEqual(['web/a', 'web/a'])
  })

  it('may ask for the next slot while they have one', async () => {
    serve = async (key) => {
      if (served.length < 3) lane.add(key, 1)
    }
    await open()
    lane.add('web/a', 1)
    await clock.advance(0)
    expect(served).toEqual(['web/a', 'web/a', 'web/a'])
  })
})

describe('a service that asks to slow down', () => {
  it('halves the slots, at most once a second, and never under one', async () => {
    expect(lane.slots).toBe(10)
    lane.throttled()
    lane.throttled()
    expect(lane.slots).toBe(5)
    const seen: number[] = []
    for (let i = 0; i < 4; i++) {
      await clock.advance(1_000)
      lane.throttled()
      seen.push(lane.slots)
    }
    expect(seen).toEqual([2, 1, 1, 1])
  })

  it('gets the slots back one every ten seconds, and no more than there were', async () => {
    lane.throttled()
    await clock.advance(9_999)
    expect(lane.slots).toBe(5)
    await clock.advance(1)
    expect(lane.slots).toBe(6)
    await clock.advance(40_000)
    expect(lane.slots).toBe(10)
    await clock.advance(60_000)
    expect(lane.slots).toBe(10)
    expect(clock.pending()).toBe(0)
  })

  it('sees no more calls at a time than there are slots in force', async () => {
    serve = calling(0)
    await open()
    lane.throttled()
    addMany(50)
    await clock.advance(9_000)
    expect(mostInOneSecond()).toBeLessThanOrEqual(5)
    expect(calls.length).toBeGreaterThanOrEqual(40)
  })
})

describe('a lane that is closed', () => {
  it('gives out no slot and forgets who waits', async () => {
    await open()
    serve = () => new Promise(() => {})
    addMany(30)
    lane.throttled()
    lane.close()
    await clock.advance(60_000)
    expect(served).toHaveLength(slots)
    expect(lane.depth).toBe(0)
    expect(clock.pending()).toBe(0)
  })
})
