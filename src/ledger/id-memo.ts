import type { Clock } from '../clock.ts'
import type { ObjectKey } from '../ports/secrets.ts'

/** What the service answered for one account, type and chain. */
export interface Memo {
  readonly certificateId: string
  /** The service had it already, perhaps with another chain of the same leaf. */
  readonly existed: boolean
  /** The requested-at under which it was asked, when there was one. */
  readonly request?: string | undefined
  /** For whose Secret it was asked. Another one has settings of its own. */
  readonly by: ObjectKey
  /** Hash of the settings that were sent or refused. */
  readonly settings: string
  /** What was left out because the service refused it, in words. */
  readonly refusal?: string | undefined
}

const lifetimeMs = 24 * 3_600_000

/**
 * Remembers the ids of uploaded chains, so that a status write that failed costs a second write and never a second
 * upload. Bounded; entries live for a day after their last use. Holds fingerprints and ids only.
 */
export class IdMemo {
  readonly #clock: Clock
  readonly #limit: number
  /** In order of last use. */
  readonly #entries = new Map<string, { memo: Memo; usedAt: number }>()

  constructor(clock: Clock, limit = 20_000) {
    this.#clock = clock
    this.#limit = limit
  }

  get(chain: string): Memo | undefined {
    const entry = this.#entries.get(chain)
    if (!entry) return undefined
    this.#entries.delete(chain)
    if (this.#clock.elapsed() - entry.usedAt > lifetimeMs) return undefined
    this.set(chain, entry.memo)
    return entry.memo
  }

  set(chain: string, memo: Memo): void {
    this.#entries.delete(chain)
    this.#entries.set(chain, { memo, usedAt: this.#clock.elapsed() })
    const oldest = this.#entries.keys().next()
    if (this.#entries.size > this.#limit && !oldest.done) this.#entries.delete(oldest.value)
  }

  delete(chain: string): void {
    this.#entries.delete(chain)
  }
}
