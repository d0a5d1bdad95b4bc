import { expect, test } from 'vitest'
import { LeapingClock } from './leaping-clock.ts'

test('a leap calls what fell due, in its order, and leaves the rest for later', () => {
  const clock = new LeapingClock()
  const called: string[] = []
  clock.after(7_200_000, () => called.push('two hours'))
  clock.after(3_600_000, () => called.push('one hour'))
  clock.after(10_800_000, () => called.push('three hours'))
  const before = { now: clock.now(), elapsed: clock.elapsed() }

  clock.leap(7_200_001)

  expect(called).toEqual(['one hour', 'two hours'])
  expect(clock.now() - before.now).toBeGreaterThanOrEqual(7_200_001)
  expect(clock.elapsed() - before.elapsed).toBeGreaterThanOrEqual(7_200_001)
  clock.leap(3_600_000)
  expect(called).toEqual(['one hour', 'two hours', 'three hours'])
})

test('what a timer plans anew is called once for a leap, however long that was', () => {
  const clock = new LeapingClock()
  let turns = 0
  const plan = () => {
    clock.after(100, () => {
      turns++
      plan()
    })
  }
  plan()
  clock.leap(86_400_000)
  expect(turns).toBe(1)
})

test('a cancelled timer is never called, not even when the one before it cancels it', () => {
  const clock = new LeapingClock()
  let called = false
  const cancel = clock.after(2_000, () => {
    called = true
  })
  clock.after(1_000, cancel)
  clock.leap(3_000)
  expect(called).toBe(false)
})

test('without a leap, timers are called as time goes by', async () => {
  const clock = new LeapingClock()
  const start = performance.now()
  await clock.sleep(20)
  expect(performance.now() - start).toBeGreaterThanOrEqual(19)
})

test('an aborted sleep ends with the reason', async () => {
  const clock = new LeapingClock()
  const abort = new AbortController()
  const sleep = clock.sleep(1_000_000, abort.signal)
  abort.abort(new Error('enough'))
  await expect(sleep).rejects.toThrow('enough')
})
