import { createHmac, randomBytes } from 'node:crypto'
import type { MaterialFacts } from './material.ts'

/** A few MiB at most: what is known of one Secret's material is a few hundred bytes, and never more than some KiB. */
const defaultCapacity = 1_024

/**
 * What was read from which data, so that a Secret that is costly to read costs no more than a hash from the second time
 * on. It holds facts: no PEM, no key. The hashes are keyed with a number that the process does not show, so that
 * nothing can be learned from them.
 */
export class MaterialCache {
  readonly #capacity: number
  readonly #secret = randomBytes(32)
  /** The one used last is last. */
  readonly #facts = new Map<string, MaterialFacts>()

  constructor(capacity = defaultCapacity) {
    this.#capacity = capacity
  }

  /** What is known of these data, or what `read` finds out. */
  of(data: readonly (Uint8Array | string | undefined)[], read: () => MaterialFacts): MaterialFacts {
    const key = this.#hash(data)
    const known = this.#facts.get(key)
    const facts = known ?? read()
    this.#facts.delete(key)
    this.#facts.set(key, facts)
    const [oldest] = this.#facts.keys()
    if (this.#facts.size > this.#capacity && oldest !== undefined) this.#facts.delete(oldest)
    return facts
  }

  #hash(data: readonly (Uint8Array | string | undefined)[]): string {
    const hash = createHmac('sha256', this.#secret)
    for (const part of data) {
      hash.update(`${part?.length ?? 'none'}:`)
      if (part !== undefined) hash.update(part)
    }
    return hash.digest('base64')
  }
}
