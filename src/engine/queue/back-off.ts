import { createHash } from 'node:crypto'
import type { FailureClass } from '../../ports/service-error.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

/** First and longest delay of each class, ms. */
const delays: Readonly<Record<FailureClass, readonly [number, number]>> = {
  throttled: [second, minute],
  outage: [second, minute],
  caller: [30 * second, 10 * minute],
  'not-allowed': [10 * minute, hour],
  quota: [hour, hour],
  rejected: [24 * hour, 24 * hour],
  exists: [10 * minute, 6 * hour],
  cosmetic: [10 * minute, 6 * hour],
  unknown: [10 * minute, 6 * hour],
}

/** So many throttled calls of a key in a row wait no longer than the first: the lane's slots slow down by themselves. */
const briefThrottling = 5

/** A key that has met nothing but outages for an hour is more likely to be the cause than the service. */
const longOutage = { afterMs: hour, delayMs: 10 * minute }

/**
 * How long (ms) to wait before attempt number `attempt` + 1 of the same input: doubling, with up to 20 % taken off so that
 * many keys do not return together. What is throttled does not double at first.
 *
 * @param failingMs since the first of these failures
 * @param spread in [0, 1): how much of the 20 % is taken off
 */
export function backOff(
  failure: FailureClass,
  {
    attempt,
    failingMs,
    spread,
  }: { readonly attempt: number; readonly failingMs: number; readonly spread: number },
): number {
  const [first, longest] = delays[failure]
  const counted = failure === 'throttled' ? Math.max(1, attempt - briefThrottling + 1) : attempt
  const isLong = failure === 'outage' && failingMs >= longOutage.afterMs
  const delayMs = isLong ? longOutage.delayMs : doubling(first, longest, counted)
  return delayMs * (1 - 0.2 * spread)
}

/** `first` ms doubled with every attempt after the first, at most `longest` ms. */
export function doubling(first: number, longest: number, attempt: number): number {
  return Math.min(longest, first * 2 ** Math.min(attempt - 1, 40))
}

/** A number in [0, 1) that differs between keys and attempts and is always the same for the same ones. */
export function spreadOf(key: string, attempt: number): number {
  return createHash('sha256').update(`${attempt} ${key}`).digest().readUInt32BE() / 2 ** 32
}
