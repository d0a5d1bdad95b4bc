import type { Clock } from '../../clock.ts'
import type { ObjectKey } from '../../ports/secrets.ts'

const burst = 6
const refillMs = 20_000

/** Six status writes per Secret, then one every 20 s: two writers cannot loop at watch speed (I5). */
export class WriteBudget {
  readonly #clock: Clock
  readonly #buckets = new Map<ObjectKey, { tokens: number; at: number }>()

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
    return 0
  }

  /** A write did not reach the Secret: nobody was contested. */
  giveBack(key: ObjectKey): void {
    const bucket = this.#buckets.get(key)
    if (bucket) this.#buckets.set(key, { ...bucket, tokens: Math.min(burst, bucket.tokens + 1) })
  }

  forget(key: ObjectKey): void {
    this.#buckets.delete(key)
  }
}
