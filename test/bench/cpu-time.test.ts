import { expect, test } from 'vitest'
import { cpuTimeMs, ticksOf } from './cpu-time.ts'

test('utime and stime are found whatever the process is called', () => {
  const rest = 'S 1 2 3 0 -1 4194304 5 6 7 8 1234 56 9 10 20 0 11 0'
  expect(ticksOf(`42 (node) ${rest}`)).toBe(1_290)
  expect(ticksOf(`42 (a b) S) ${rest}`)).toBe(1_290)
  expect(() => ticksOf('42 (node) S 1')).toThrow('no CPU time')
})

test.runIf(process.platform === 'linux')('the CPU time of this process is what Node says', () => {
  const { user, system } = process.cpuUsage()
  expect(Math.abs(cpuTimeMs(process.pid) - (user + system) / 1_000)).toBeLessThan(200)
})
