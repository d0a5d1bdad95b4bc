import type { ObjectKey } from '../ports/secrets.ts'

/** One chain: at once, after six hours, then daily. */
const pausesMs = [0, 6 * 3_600_000, 24 * 3_600_000] as const
/** A new ID for one that was gone proves for this time, ms, that lookups can be trusted. */
const provenForMs = 3_600_000
/** How long a key waits for the one that tries, before it reconciles again. */
const waitMs = 5_000
const most = 20_000

/**
 * When certificates that are gone are uploaded again: one at a time, until one of them brings a new id. Should the
 * credentials hide what is there, one key learns it for all. Instants are ms of the monotonic clock.
 */
export class ReUploads {
  readonly #chains = new Map<string, { count: number; at: number }>()
  #trying: ObjectKey | undefined
  #provenAt = Number.NEGATIVE_INFINITY

  /**
   * When this chain may be uploaded again for a key; not later than `now`: at once.
   *
   * @param requested somebody asked for it: it waits for the key that tries, but not for hours
   */
  dueAt(key: ObjectKey, chain: string, { requested }: { readonly requested: boolean }, now: number): number {
    const before = requested ? undefined : this.#chains.get(chain)
    const due = before ? before.at + (pausesMs[Math.min(before.count, pausesMs.length - 1)] ?? 0) : now
    if (due > now) return due
    const isTried = this.#trying !== undefined && this.#trying !== key
    return isTried && now - this.#provenAt > provenForMs ? now + waitMs : now
  }

  begins(key: ObjectKey): void {
    this.#trying = key
  }

  /**
   * The re-upload of a key ended.
   *
   * @param answered with an id; without one it is simply tried again
   * @param newId with another id than the one that was gone
   */
  ended(
    key: ObjectKey,
    chain: string,
    { answered, newId }: { readonly answered: boolean; readonly newId: boolean },
    now: number,
  ): void {
    if (this.#trying === key) this.#trying = undefined
    if (!answered) return
    if (newId) this.#provenAt = now
    const count = (this.#chains.get(chain)?.count ?? 0) + 1
    this.#chains.delete(chain)
    this.#chains.set(chain, { count, at: now })
    const oldest = this.#chains.keys().next()
    if (this.#chains.size > most && !oldest.done) this.#chains.delete(oldest.value)
  }

  /** The certificates were there all the time. */
  inVain(): void {
    this.#provenAt = Number.NEGATIVE_INFINITY
  }

  forget(key: ObjectKey): void {
    if (this.#trying === key) this.#trying = undefined
  }
}
