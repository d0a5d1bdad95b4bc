import type { ObjectKey } from '../../ports/secrets.ts'

const kept = 64
const shortestMs = 5_000
const longestMs = 30_000
/** So many keys that timed out are remembered at most; the one that timed out first is forgotten first. */
const mostKeys = 1_000

/**
 * How long the service has taken of late, and how long a call therefore may take: four times the slowest of the last 64
 * round trips, at least 5 s, at most 30 s, which it is as long as none is known.
 *
 * A call that was given up counts as a round trip of that length: a service that has become slow must not be timed out for
 * ever. Not so where another call succeeded meanwhile: then the service is as fast as before, and some calls hang, or take
 * long. Those of a key that take long must not be timed out for ever either: when two calls of it in a row were, its next
 * one may take twice the time, up to 30 s, until one is answered. One alone is left to chance: where calls hang at random,
 * more time for all that follow would cost more slots than there are. What such a call takes beyond the time of all others
 * gives them no more.
 */
export class RoundTrips {
  readonly #last: number[] = []
  /** How long the next call of a key that timed out may take at least, ms. */
  readonly #own = new Map<ObjectKey, number>()

  #lastSuccess = Number.NEGATIVE_INFINITY

  /**
   * A call of a key was answered after `ms`.
   *
   * @param usualMs how long the call of any key could take when this one was made
   * @param at when, if it succeeded; a refusal may come before the work
   */
  answered(key: ObjectKey, ms: number, usualMs: number, at?: number): void {
    this.#own.delete(key)
    if (ms > usualMs) return
    this.#lastSuccess = at ?? this.#lastSuccess
    this.#add(ms)
  }

  /** A call of a key that was made at `startedAt` was given up after `ms`. */
  gaveUp(key: ObjectKey, ms: number, startedAt: number): void {
    const isFirst = !this.#own.delete(key)
    this.#own.set(key, isFirst ? 0 : Math.min(longestMs, 2 * ms))
    for (const oldest of this.#own.keys()) {
      if (this.#own.size <= mostKeys) break
      this.#own.delete(oldest)
    }
    if (this.#lastSuccess <= startedAt) this.#add(ms)
  }

  /** How long a call may take of a key that has not timed out, ms. */
  get usualMs(): number {
    if (this.#last.length === 0) return longestMs
    return Math.min(longestMs, Math.max(shortestMs, 4 * Math.max(...this.#last)))
  }

  /** How long the next call of a key may take, ms. */
  timeoutMs(key: ObjectKey): number {
    return Math.max(this.usualMs, this.#own.get(key) ?? 0)
  }

  #add(ms: number): void {
    this.#last.push(ms)
    if (this.#last.length > kept) this.#last.shift()
  }
}
