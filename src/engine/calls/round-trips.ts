const kept = 64
const shortestMs = 5_000
const longestMs = 30_000

/**
 * How long the service has taken of late, and how long a call therefore may take: four times the slowest of the last 64
 * round trips, at least 5 s, at most 30 s, which it is as long as none is known.
 *
 * A call that was given up counts as a round trip of that length: a service that has become slow must not be timed out for
 * ever. Not so where another call succeeded meanwhile: then the service is as fast as before, and some calls hang.
 */
export class RoundTrips {
  readonly #last: number[] = []

  #lastSuccess = Number.NEGATIVE_INFINITY

  /** A call was answered. `at`: when, if it succeeded; a refusal may come before the work. */
  answered(ms: number, at?: number): void {
    this.#lastSuccess = at ?? this.#lastSuccess
    this.#add(ms)
  }

  /** A call that was made at `startedAt` was given up after `ms`. */
  gaveUp(ms: number, startedAt: number): void {
    if (this.#lastSuccess <= startedAt) this.#add(ms)
  }

  /** ms. */
  get timeoutMs(): number {
    if (this.#last.length === 0) return longestMs
    return Math.min(longestMs, Math.max(shortestMs, 4 * Math.max(...this.#last)))
  }

  #add(ms: number): void {
    this.#last.push(ms)
    if (this.#last.length > kept) this.#last.shift()
  }
}
