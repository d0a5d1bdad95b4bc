const kept = 64
const shortestMs = 5_000
const longestMs = 30_000

/**
 * How long the service has taken of late, and how long a call therefore may take: four times the slowest of the last 64
 * round trips, at least 5 s, at most 30 s, which it is as long as none is known.
 */
export class RoundTrips {
  readonly #last: number[] = []

  /**
   * A call was answered after `ms`, or given up after `ms`: a service that has become slow must not be timed out for
   * ever.
   */
  add(ms: number): void {
    this.#last.push(ms)
    if (this.#last.length > kept) this.#last.shift()
  }

  /** ms. */
  get timeoutMs(): number {
    if (this.#last.length === 0) return longestMs
    return Math.min(longestMs, Math.max(shortestMs, 4 * Math.max(...this.#last)))
  }
}
