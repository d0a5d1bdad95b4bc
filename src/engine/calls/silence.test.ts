import { beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, type ManualClock } from '../../../test/fakes/manual-clock.ts'
import { Silence } from './silence.ts'

let clock: ManualClock
let known: { size: number; groups: number }
let silence: Silence

beforeEach(() => {
  clock = createManualClock()
  known = { size: 100, groups: 1 }
  silence = new Silence(clock, known)
})

/** Calls of `of` keys in turn that are not answered. */
function unanswered(calls: number, of = 3): void {
  for (let i = 0; i < calls; i++) silence.unanswered(`web/${i % of}`, 'web', clock.elapsed())
}

describe('silence', () => {
  it('begins with forty calls in a row without an answer', () => {
    unanswered(39)
    expect(silence.silent).toBe(false)
    expect(silence.unanswered('web/0', 'web', clock.elapsed())).toBe(true)
    expect(silence.unanswered('web/0', 'web', clock.elapsed())).toBe(false)
    expect(silence.silent).toBe(true)
  })

  it('begins after 60 s with ten calls and no answer, and not before', async () => {
    unanswered(9)
    await clock.advance(59_999)
    unanswered(3)
    expect(silence.silent).toBe(false)
    await clock.advance(1)
    unanswered(1)
    expect(silence.silent).toBe(true)
  })

  it('does not begin with nine calls, however long they take', async () => {
    unanswered(8)
    await clock.advance(600_000)
    unanswered(1)
    expect(silence.silent).toBe(false)
  })

  it('does not begin by one or two keys where there are three (I14)', () => {
    unanswered(200, 2)
    expect(silence.silent).toBe(false)
    unanswered(3, 3)
    expect(silence.silent).toBe(true)
  })

  it('does not begin by keys of one namespace where there are two (I14)', () => {
    known.groups = 2
    unanswered(200, 50)
    expect(silence.silent).toBe(false)
    silence.unanswered('~inventory', undefined, clock.elapsed())
    expect(silence.silent).toBe(false)
    silence.unanswered('shop/a', 'shop', clock.elapsed())
    expect(silence.silent).toBe(true)
  })

  it.each([1, 2])('begins by all keys where there are no three (%d)', (count) => {
    known.size = count
    unanswered(40, count)
    expect(silence.silent).toBe(true)
  })

  it('is counted from the beginning after an answer', () => {
    unanswered(39)
    expect(silence.answered()).toBe(false)
    unanswered(39)
    expect(silence.silent).toBe(false)
    unanswered(1)
    expect(silence.answered()).toBe(true)
    expect(silence.silent).toBe(false)
    expect(silence.answered()).toBe(false)
  })

  it('takes no key into account that is gone', () => {
    unanswered(30)
    silence.forget('web/0')
    for (let i = 0; i < 20; i++) silence.unanswered('web/1', 'web', clock.elapsed())
    expect(silence.silent).toBe(false)
    unanswered(1)
    expect(silence.silent).toBe(true)
  })

  it('keeps calls a second apart, and after another minute 2, 4, at most 8 s', async () => {
    unanswered(40)
    const gaps = new Map<number, number>()
    for (let second = 0; second < 90; second++) {
      gaps.set(silence.gapMs, gaps.get(silence.gapMs) ?? second)
      await clock.advance(1_000)
    }
    expect([...gaps]).toEqual([
      [1_000, 0],
      [2_000, 60],
      [4_000, 62],
      [8_000, 66],
    ])
    silence.called()
    expect(silence.nextCallAt).toBe(clock.elapsed() + 8_000)
  })

  it('keeps them 8 s apart two minutes after the first call without an answer, whenever it was found', async () => {
    unanswered(3)
    await clock.advance(90_000)
    unanswered(10)
    expect(silence.gapMs).toBe(1_000)
    await clock.advance(30_000)
    expect(silence.gapMs).toBe(8_000)
  })
})
