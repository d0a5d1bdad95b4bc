import type { Clock } from '../../clock.ts'
import type { ObjectKey } from '../../ports/secrets.ts'

const burst = 6
const refillMs = 20_000

/**
 * Six status writes per Secret, then one every 20 s: two writers cannot loop at watch speed (I5). Lives through opting out
 * and in again.
 */
export class WriteBudget {
  readonly #clock: Clock
  readonly #buckets = new Map<ObjectKey, { tokens: number; at: number }>()
  #dropAt = 1_000

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Takes one write: 0, or after how many ms the next one is there. */
  take(key: ObjectKey): number {
    const now = this.#clock.elapsed()
    const bucket = this.#buckets.get(key) ?? { tokens: burst, at: now }
    const tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / refillMs)
    if (tokens < 1) {
      this.#buckets.set(key, { tokens, at: now })
      return Math.ceil((1 - tokens) * refillMs)
    }
    this.#buckets.set(key, { tokens: tokens - 1, at: now })
    if (this.#buckets.size > this.#dropAt) {
      this.#dropFull(now)
      this.#dropAt = Math.max(1_000, 2 * this.#buckets.size)
    }
    return 0
  }

  /** A write did not reach the Secret: nobody was contested. */
  giveBack(key: ObjectKey): void {
    const bucket = this.#buckets.get(key)
    if (bucket) this.#buckets.set(key, { ...bucket, tokens: Math.min(burst, bucket.tokens + 1) })
  }

  /** Full buckets are those of keys that are not known. */
  #dropFull(now: number): void {
    for (const [key, { tokens, at }] of this.#buckets) {
      if (tokens + (now - at) / refillMs >= burst) this.#buckets.delete(key)
    }
  }
}
