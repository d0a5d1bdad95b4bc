import type { Clock } from '../../clock.ts'
import type { ObjectKey } from '../../ports/secrets.ts'
import type { KnownKeys } from './known-keys.ts'

const enoughInARow = 40
const enoughOverTime = 10
const overTimeMs = 60_000
const fewestKeys = 3
const fewestGroups = 2
const gapsMs = { first: 1_000, second: 2_000, longest: 8_000 }
/** The gap grows when silence has lasted for so long ... */
const patienceMs = 60_000
/** ... or nothing was answered for so long: two minutes after the last answer, the longest gap is reached. */
const longestPatienceMs = 105_000

/** Calls without an answer, since the last answer. */
interface Streak {
  readonly since: number
  /** With their groups. */
  readonly keys: Map<ObjectKey, string | undefined>
  calls: number
}

/**
 * Whether the service is silent: 40 calls in a row without an answer, or 60 s with at least ten calls and no answer, from
 * at least three keys where there are three, and of two groups where there are two: one tenant alone silences nobody
 * (I14). An answer is whatever carries a request ID, a refusal too. While it is silent, calls are one second apart; after
 * another minute 2, 4, at most 8 s.
 */
export class Silence {
  readonly #clock: Clock
  readonly #known: Pick<KnownKeys, 'size' | 'groups'>
  #streak: Streak | undefined
  #growsAt: number | undefined
  #lastCall = Number.NEGATIVE_INFINITY

  /** @param known the keys that there are */
  constructor(clock: Clock, known: Pick<KnownKeys, 'size' | 'groups'>) {
    this.#clock = clock
    this.#known = known
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

  /**
   * A call that was made at `startedAt` was not answered. True: silence begins.
   *
   * @param group undefined where the key is gone, or of no group
   */
  unanswered(key: ObjectKey, group: string | undefined, startedAt: number): boolean {
    this.#streak ??= { since: startedAt, keys: new Map(), calls: 0 }
    this.#streak.calls++
    this.#streak.keys.set(key, group)
    if (this.silent || !this.#isEnough(this.#streak)) return false
    const now = this.#clock.elapsed()
    this.#growsAt = Math.min(now + patienceMs, this.#streak.since + longestPatienceMs)
    return true
  }

  forget(key: ObjectKey): void {
    this.#streak?.keys.delete(key)
  }

  #isEnough({ since, calls, keys }: Streak): boolean {
    const lastedMs = this.#clock.elapsed() - since
    if (calls < enoughInARow && (calls < enoughOverTime || lastedMs < overTimeMs)) return false
    if (keys.size < Math.min(fewestKeys, this.#known.size)) return false
    const groups = new Set(keys.values())
    groups.delete(undefined)
    return groups.size >= Math.min(fewestGroups, this.#known.groups)
  }
}
