const windowMs = 1000

/**
 * At most N admitted requests per key in any exact second: a request is admitted when fewer than N others were
 * in the 1,000 ms before it. Refused ones do not count; that is an assumption about the service.
 */
export class RateLimit {
  #limit: number
  readonly #limitOf = new Map<string, number>()
  readonly #admitted = new Map<string, number[]>()

  /** @param limit requests a second */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Changes the limit at once, for one action or (without a name) for all of them. */
  set(limit: number, action?: string): void {
    if (action === undefined) {
      this.#limit = limit
      this.#limitOf.clear()
    } else {
      this.#limitOf.set(action, limit)
    }
  }

  /** The limit in force, requests a second. */
  of(action: string): number {
    return this.#limitOf.get(action) ?? this.#limit
  }

  /** @param atMs when the request arrived, on a monotonic clock */
  admit(account: string, action: string, atMs: number): boolean {
    const key = `${account}/${action}`
    const recent = (this.#admitted.get(key) ?? []).filter((each) => atMs - each < windowMs)
    const admitted = recent.length < this.of(action)
    if (admitted) recent.push(atMs)
    this.#admitted.set(key, recent)
    return admitted
  }
}

/** The largest number of instants within any half-open window of 1,000 ms. Takes them in any order. */
export function maxInAnySecond(instants: readonly number[]): number {
  const sorted = instants.toSorted((a, b) => a - b)
  let first = 0
  let most = 0
  for (const [index, instant] of sorted.entries()) {
    while (instant - (sorted[first] ?? instant) >= windowMs) first += 1
    most = Math.max(most, index - first + 1)
  }
  return most
}
