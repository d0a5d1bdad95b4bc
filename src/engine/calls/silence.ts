import type { Clock } from '../../clock.ts'
import type { ObjectKey } from '../../ports/secrets.ts'

const enoughInARow = 40
const enoughOverTime = 10
const overTimeMs = 60_000
const fewestKeys = 3
const gapsMs = { first: 1_000, second: 2_000, longest: 8_000 }
/** The gap grows when silence has lasted for so long ... */
const patienceMs = 60_000
/** ... or nothing was answered for so long: two minutes after the last answer, the longest gap is reached. */
const longestPatienceMs = 105_000

/** Calls without an answer, since the last answer. */
interface Streak {
  readonly since: number
  readonly keys: Set<ObjectKey>
  calls: number
}

/**
 * Whether the service is silent: 40 calls in a row without an answer, or 60 s with at least ten calls and no answer, from
 * at least three keys where there are three. An answer is whatever carries a request ID, a refusal too. While it is
 * silent, calls are one second apart; after another minute 2, 4, at most 8 s.
 */
export class Silence {
  readonly #clock: Clock
  readonly #keys: () => number
  #streak: Streak | undefined
  #growsAt: number | undefined
  #lastCall = Number.NEGATIVE_INFINITY

  /** @param keys how many keys there are */
  constructor(clock: Clock, keys: () => number) {
    this.#clock = clock
    this.#keys = keys
  }

  get silent(): boolean {
    return this.#growsAt !== undefined
  }

  /** Time between two calls while it is silent, ms. */
  get gapMs(): number {
    const { first, second, longest } = gapsMs
    let left = this.#clock.elapsed() - (this.#growsAt ?? Number.POSITIVE_INFINITY)
    if (left < 0) return first
    let gap = second
    for (; left >= gap && gap < longest; gap *= 2) left -= gap
    return gap
  }

  /** When the next call may be made while it is silent, on the monotonic clock. */
  get nextCallAt(): number {
    return this.#lastCall + this.gapMs
  }

  /** A call is about to be made. */
  called(): void {
    this.#lastCall = this.#clock.elapsed()
  }

  /** The service answered. True: that ends a silence. */
  answered(): boolean {
    const ends = this.silent
    this.#streak = undefined
    this.#growsAt = undefined
    return ends
  }

  /** A call that was made at `startedAt` was not answered. True: silence begins. */
  unanswered(key: ObjectKey, startedAt: number): boolean {
    this.#streak ??= { since: startedAt, keys: new Set(), calls: 0 }
    this.#streak.calls++
    this.#streak.keys.add(key)
    if (this.silent || !this.#isEnough(this.#streak)) return false
    const now = this.#clock.elapsed()
    this.#growsAt = Math.min(now + patienceMs, this.#streak.since + longestPatienceMs)
    return true
  }

  forget(key: ObjectKey): void {
    this.#streak?.keys.delete(key)
  }

  #isEnough({ since, calls, keys }: Streak): boolean {
    if (keys.size < Math.min(fewestKeys, this.#keys())) return false
    const lastedMs = this.#clock.elapsed() - since
    return calls >= enoughInARow || (calls >= enoughOverTime && lastedMs >= overTimeMs)
  }
}
