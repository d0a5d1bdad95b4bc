import type { Parsed } from './parsed.ts'

const units = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const

// `m` must not eat the beginning of `ms`. Nine digits keep every sum a safe integer.
const form = /^(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/

/**
 * A parser of durations such as `250ms`, `5s`, `10m` or `1h30m` (largest unit first, whole numbers), which yields
 * milliseconds between `from` and `to`, both given in the same form.
 */
export function duration(from: string, to: string): (text: string) => Parsed<number> {
  const [least, most] = [milliseconds(from), milliseconds(to)]
  if (least === undefined || most === undefined) throw new TypeError(`no durations: ${from}, ${to}`)
  return (text) => {
    const value = milliseconds(text)
    return value === undefined || value < least || value > most
      ? { expected: `a duration from ${from} to ${to}` }
      : { value }
  }
}

/** A parser of such durations that takes `off` as well, which yields undefined. */
export function durationOrOff(from: string, to: string): (text: string) => Parsed<number | undefined> {
  const parse = duration(from, to)
  return (text) => {
    const parsed = text === 'off' ? { value: undefined } : parse(text)
    return 'expected' in parsed ? { expected: `${parsed.expected}, or off` } : parsed
  }
}

/** The milliseconds of a duration, or undefined where the text is none. */
export function milliseconds(text: string): number | undefined {
  const parts = form.exec(text)
  if (text === '' || parts === null) return undefined
  const [, hours = 0, minutes = 0, seconds = 0, rest = 0] = parts
  return Number(hours) * units.h + Number(minutes) * units.m + Number(seconds) * units.s + Number(rest)
}

/** A duration in the form the parser reads: `5400000` is `1h30m`, 0 is `0s`. */
export function formatDuration(ms: number): string {
  let left = ms
  let text = ''
  for (const [unit, size] of Object.entries(units)) {
    const count = Math.floor(left / size)
    if (count > 0) text += `${count}${unit}`
    left -= count * size
  }
  return text === '' ? '0s' : text
}
