import type { FailureClass } from '../../ports/service-error.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/** First and longest delay of each class, ms (design, "Error classes"). */
const delays: Readonly<Record<FailureClass, readonly [number, number]>> = {
  throttled: [second, 10 * second],
  outage: [second, 10 * minute],
  caller: [30 * second, 10 * minute],
  'not-allowed': [10 * minute, hour],
  quota: [hour, hour],
  rejected: [24 * hour, 24 * hour],
  exists: [10 * minute, 6 * hour],
  cosmetic: [10 * minute, 6 * hour],
  unknown: [10 * minute, 6 * hour],
}

/**
 * How long (ms) to wait before attempt number `attempt` + 1 of the same input: doubling, with up to 20 % taken off at
 * random so that many Secrets do not return together.
 */
export function backOff(failure: FailureClass, attempt: number, random: () => number = Math.random): number {
  const [first, longest] = delays[failure]
  return doubling(first, longest, attempt) * (1 - 0.2 * random())
}

/** `first` ms doubled with every attempt after the first, at most `longest` ms. */
export function doubling(first: number, longest: number, attempt: number): number {
  return Math.min(longest, first * 2 ** Math.min(attempt - 1, 40))
}
