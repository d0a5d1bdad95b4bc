import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { duration, formatDuration, milliseconds } from './duration.ts'

describe('durations', () => {
  it.each([
    ['250ms', 250],
    ['5s', 5_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['1h2m3s4ms', 3_723_004],
    ['90m', 5_400_000],
    ['1m5ms', 60_005],
    ['0s', 0],
  ])('reads %s as %d ms', (text, expected) => {
    expect(milliseconds(text)).toBe(expected)
  })

  it.each([
    '',
    '5',
    's',
    '1.5h',
    '-5s',
    '5 s',
    '5S',
    '30m1h',
    '5s5s',
    '1d',
    'ms',
    '9999999999s',
    '5s\n',
    '٥s',
  ])('refuses %j', (text) => {
    expect(milliseconds(text)).toBeUndefined()
  })

  it('reads back what it writes, for every number of milliseconds', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 ** 12 }), (ms) => {
        expect(milliseconds(formatDuration(ms))).toBe(ms)
      }),
    )
  })

  it('keeps the bounds, both included', () => {
    const parse = duration('1s', '1h')
    expect(parse('1s')).toEqual({ value: 1_000 })
    expect(parse('1h')).toEqual({ value: 3_600_000 })
    expect(parse('999ms')).toEqual({ expected: 'a duration from 1s to 1h' })
    expect(parse('60m1ms')).toEqual({ expected: 'a duration from 1s to 1h' })
  })

  it('answers any text with a safe integer or nothing', () => {
    const pieces = fc.constantFrom('h', 'm', 's', 'ms', '0', '9', '42', '999999999', ' ', '-', '.', 'x')
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (text) => {
          const ms = milliseconds(text)
          expect(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true)
        },
      ),
    )
  })
})
