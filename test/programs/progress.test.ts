import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { expect, onTestFinished, test, vi } from 'vitest'
import { describeStep, inWords, lineEveryMs, Pace, StderrProgress } from './progress.ts'
import { testFolder } from './test-folder.ts'

test('a step tells how many of how many, and the time left only while there is something left', () => {
  expect(describeStep('Go packages', 'built', 1043, 2139, 130_000)).toBe(
    'Go packages: 1,043 of 2,139 built, about 2 min left',
  )
  expect(describeStep('Go packages', 'built', 2139, 2139, 0)).toBe('Go packages: 2,139 of 2,139 built')
  expect(describeStep('Go modules', 'downloaded', 7, 0, undefined)).toBe('Go modules: 7 downloaded')
})

test('durations are rounded to what an estimate is worth', () => {
  expect([0, 11_000, 84_000, 200_000].map(inWords)).toEqual([
    'about 10 s',
    'about 20 s',
    'about 2 min',
    'about 3 min',
  ])
})

test('the time left follows the pace of the last half minute', () => {
  const pace = new Pace()
  expect(pace.left(100)).toBeUndefined()
  pace.add(0, 0)
  expect(pace.left(100)).toBeUndefined()
  pace.add(1_000, 50)
  expect(pace.left(100)).toBe(1_000)
  for (let second = 2; second <= 60; second++) pace.add(second * 1_000, 50 + second)
  expect(pace.left(200)).toBeCloseTo(90_000, -3)
})

test('without a terminal there is a plain line every 15 s, and others can read it meanwhile', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const out = new PassThrough()
  const status = join(testFolder(), 'status')
  const progress = new StderrProgress(status, out as unknown as NodeJS.WriteStream)
  progress.step('Go packages', 'built', 10)
  progress.update(4)
  expect(out.read()).toBeNull()
  vi.advanceTimersByTime(lineEveryMs)
  expect(String(out.read())).toMatch(/^Go packages: 4 of 10 built, about \d+ s left\n$/)
  expect(readFileSync(status, 'utf8')).toContain('4 of 10')
  progress.stop()
  vi.advanceTimersByTime(lineEveryMs * 3)
  expect(out.read()).toBeNull()
  expect(() => readFileSync(status)).toThrow('ENOENT')
})

test('what one who waits says leaves alone what the one at work wrote', () => {
  const status = join(testFolder(), 'status')
  writeFileSync(status, 'Go packages: 4 of 10 built')
  const waiter = new StderrProgress(status, new PassThrough() as unknown as NodeJS.WriteStream)
  waiter.say('Waiting')
  waiter.stop()
  expect(readFileSync(status, 'utf8')).toBe('Go packages: 4 of 10 built')
  waiter.step('Go modules', 'downloaded', 0)
  expect(() => readFileSync(status)).toThrow('ENOENT')
  waiter.stop()
})
