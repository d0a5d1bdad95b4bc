import { listedLateMs } from './entry.ts'

const most = 20_000

interface Begun {
  readonly epoch: number
  /** Calls of which nobody knows what they came to. */
  readonly unanswered: number
  /** When the last of them was sent, or its answer was lost. */
  readonly lastAt: number
}

/**
 * Which certificates this process began to upload that a search must find before a copy is made (I1). Whoever searched before
 * searches again; and where an answer was lost, until the certificate is listed if it was stored. It is identified by the end
 * of a copy's alias, which names the chain and, where a Secret has a copy of its own, the Secret: an answer to one Secret says
 * nothing of the copy of another. Instants are ms of the monotonic clock.
 */
export class Copies {
  readonly #begun = new Map<string, Begun>()

  /** Changes whenever an upload with this suffix is begun. */
  epochOf(suffix: string): number {
    return this.#begun.get(suffix)?.epoch ?? 0
  }

  /**
   * From when on a search finds whatever was stored by a call that got no answer. Answers to later calls do not change that.
   * Undefined: every call was answered.
   */
  listedBy(suffix: string): number | undefined {
    const begun = this.#begun.get(suffix)
    return begun && begun.unanswered > 0 ? begun.lastAt + listedLateMs : undefined
  }

  begins(suffix: string, now: number): void {
    const isStillLost = (this.listedBy(suffix) ?? now) > now
    const unanswered = isStillLost ? (this.#begun.get(suffix)?.unanswered ?? 0) : 0
    const begun = { epoch: this.epochOf(suffix) + 1, unanswered: unanswered + 1, lastAt: now }
    this.#begun.delete(suffix)
    this.#begun.set(suffix, begun)
    const oldest = this.#begun.keys().next()
    if (this.#begun.size > most && !oldest.done) this.#begun.delete(oldest.value)
  }

  /** The service answered one call: the certificate was stored, or was refused. */
  answered(suffix: string): void {
    const begun = this.#begun.get(suffix)
    if (begun) this.#begun.set(suffix, { ...begun, unanswered: Math.max(0, begun.unanswered - 1) })
  }

  /** A call ended, and nobody knows what it came to. */
  lost(suffix: string, now: number): void {
    const begun = this.#begun.get(suffix)
    if (begun) this.#begun.set(suffix, { ...begun, lastAt: now })
  }
}
