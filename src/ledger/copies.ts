const most = 20_000

/**
 * Which chains had a second copy (`Repeatable=true`) begun by this process, so that whoever looked for one before looks
 * again (I1), and looks twice where the answer was lost: it may be listed late.
 */
export class Copies {
  readonly #begun = new Map<string, { epoch: number; unanswered: boolean }>()

  /** Changes whenever a copy of this chain is begun. */
  epochOf(chain: string): number {
    return this.#begun.get(chain)?.epoch ?? 0
  }

  /** A copy of this chain was begun, and nobody knows whether it was made. */
  mayBeListedLate(chain: string): boolean {
    return this.#begun.get(chain)?.unanswered ?? false
  }

  begins(chain: string): void {
    const epoch = this.epochOf(chain) + 1
    this.#begun.delete(chain)
    this.#begun.set(chain, { epoch, unanswered: true })
    const oldest = this.#begun.keys().next()
    if (this.#begun.size > most && !oldest.done) this.#begun.delete(oldest.value)
  }

  /** The service answered: the copy was made, or was refused. */
  answered(chain: string): void {
    const begun = this.#begun.get(chain)
    if (begun) begun.unanswered = false
  }
}
