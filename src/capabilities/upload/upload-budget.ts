import type { ObjectKey } from '../../ports/secrets.ts'

/**
 * How many new chains one Secret may upload within a time: two Certificates that fight over one Secret would otherwise
 * burn a thousand permanent certificates an hour. Lives through deletion of the Secret; in memory only.
 */
export class UploadBudget {
  readonly #count: number
  readonly #perMs: number
  readonly #spent = new Map<ObjectKey, Map<string, number>>()

  /** At most `count` new chains per `perMs` ms. */
  constructor(count: number, perMs: number) {
    this.#count = count
    this.#perMs = perMs
  }

  /** When this chain may be uploaded; undefined when it may be now. Instants are ms of the monotonic clock. */
  freeAt(key: ObjectKey, chain: string, now: number): number | undefined {
    const chains = this.#current(key, now)
    if (!chains || chains.has(chain) || chains.size < this.#count) return undefined
    return Math.min(...chains.values()) + this.#perMs
  }

  /** An upload of this chain begins. Another attempt with the same chain costs nothing. */
  spend(key: ObjectKey, chain: string, now: number): void {
    const chains = this.#current(key, now) ?? new Map<string, number>()
    if (!chains.has(chain)) chains.set(chain, now)
    this.#spent.set(key, chains)
    if (this.#spent.size > 1_000) for (const other of this.#spent.keys()) this.#current(other, now)
  }

  #current(key: ObjectKey, now: number): Map<string, number> | undefined {
    const chains = this.#spent.get(key)
    if (!chains) return undefined
    for (const [chain, at] of chains) if (at + this.#perMs <= now) chains.delete(chain)
    if (chains.size > 0) return chains
    this.#spent.delete(key)
    return undefined
  }
}
