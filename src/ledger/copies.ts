const most = 20_000
/** What was sent so long ago, ms, is listed by now if it was stored: a call ends after half a minute. */
const listedByThenMs = 10 * 60_000

interface Begun {
  readonly epoch: number
  /** Calls of which nobody knows what they came to. */
  readonly unanswered: number
  readonly lastAt: number
}

/**
 * Which copies this process began to upload, so that whoever looked for one before looks again (I1), and looks twice where an
 * answer was lost: it may be listed late. A copy is identified by the end of its alias, which names the chain and, where a Secret
 * has a copy of its own, the Secret: an answer to one Secret says nothing of the copy of another. Instants are ms of the
 * monotonic clock.
 */
export class Copies {
  readonly #begun = new Map<string, Begun>()

  /** Changes whenever a copy with this suffix is begun. */
  epochOf(suffix: string): number {
    return this.#begun.get(suffix)?.epoch ?? 0
  }

  /** A copy was begun not long ago, and nobody knows whether it was made. Answers to later calls do not change that. */
  mayBeListedLate(suffix: string, now: number): boolean {
    const begun = this.#begun.get(suffix)
    return begun !== undefined && begun.unanswered > 0 && now - begun.lastAt < listedByThenMs
  }

  begins(suffix: string, now: number): void {
    const unanswered = this.mayBeListedLate(suffix, now) ? (this.#begun.get(suffix)?.unanswered ?? 0) : 0
    const begun = { epoch: this.epochOf(suffix) + 1, unanswered: unanswered + 1, lastAt: now }
    this.#begun.delete(suffix)
    this.#begun.set(suffix, begun)
    const oldest = this.#begun.keys().next()
    if (this.#begun.size > most && !oldest.done) this.#begun.delete(oldest.value)
  }

  /** The service answered one call: the copy was made, or was refused. */
  answered(suffix: string): void {
    const begun = this.#begun.get(suffix)
    if (begun) this.#begun.set(suffix, { ...begun, unanswered: Math.max(0, begun.unanswered - 1) })
  }
}
