import { createHmac, randomBytes } from 'node:crypto'
import type { MaterialFacts } from './material.ts'

/** A few MiB at most: what is known of one Secret's material is a few hundred bytes, and never more than some KiB. */
const defaultCapacity = 1_024

/** The part of a cache that one group uses. */
export interface MaterialShare {
  /** What is known of these data, or what `read` finds out. */
  of(data: readonly (Uint8Array | string | undefined)[], read: () => MaterialFacts): MaterialFacts
}

/**
 * What was read from which data, so that a Secret that is costly to read costs no more than a hash from the second time
 * on. When it is full, the group that holds the most gives way, so that none can use up the room of the others. It holds
 * facts: no PEM, no key. The hashes are keyed with a number that the process does not show, so that nothing can be learned
 * from them.
 */
export class MaterialCache {
  readonly #capacity: number
  readonly #secret = randomBytes(32)
  /** By group. In each, the one used last is last. None is empty. */
  readonly #groups = new Map<string, Map<string, MaterialFacts>>()
  #size = 0

  constructor(capacity = defaultCapacity) {
    this.#capacity = capacity
  }

  /** What is known of a group's data. */
  shareOf(group: string): MaterialShare {
    return { of: (data, read) => this.#of(group, data, read) }
  }

  #of(group: string, data: Parameters<MaterialShare['of']>[0], read: () => MaterialFacts): MaterialFacts {
    const key = this.#hash(data)
    const facts = this.#groups.get(group)?.get(key) ?? read()
    const share = this.#groups.get(group) ?? new Map<string, MaterialFacts>()
    this.#groups.set(group, share)
    if (!share.delete(key)) this.#size++
    share.set(key, facts)
    if (this.#size > this.#capacity) this.#drop()
    return facts
  }

  /** The one of the largest group that was not used for the longest. */
  #drop(): void {
    const [name, largest] = [...this.#groups].reduce((a, b) => (b[1].size > a[1].size ? b : a))
    const [oldest] = largest.keys()
    if (oldest !== undefined) largest.delete(oldest)
    if (largest.size === 0) this.#groups.delete(name)
    this.#size--
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
