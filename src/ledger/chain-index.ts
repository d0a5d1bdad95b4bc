/** The ids that hold a chain, or were answered for one. */
export class ChainIndex {
  readonly #ids = new Map<string, Set<string>>()

  /** Smallest first. */
  of(chain: string): string[] {
    return [...(this.#ids.get(chain) ?? [])].sort()
  }

  add(chain: string, certificateId: string): void {
    const ids = this.#ids.get(chain) ?? new Set()
    this.#ids.set(chain, ids.add(certificateId))
  }

  remove(chain: string, certificateId: string): void {
    const ids = this.#ids.get(chain)
    ids?.delete(certificateId)
    if (ids?.size === 0) this.#ids.delete(chain)
  }
}
