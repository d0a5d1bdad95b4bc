import type { ObjectKey } from '../../ports/secrets.ts'

/** The keys that ever asked for a call and still exist, and their groups. */
export class KnownKeys {
  readonly #groupOf = new Map<ObjectKey, string>()
  readonly #sizes = new Map<string, number>()

  get size(): number {
    return this.#groupOf.size
  }

  /** How many groups they are of. */
  get groups(): number {
    return this.#sizes.size
  }

  groupOf(key: ObjectKey): string | undefined {
    return this.#groupOf.get(key)
  }

  /** True: the first of its group. */
  add(key: ObjectKey, group: string): boolean {
    if (this.#groupOf.get(key) === group) return false
    this.delete(key)
    this.#groupOf.set(key, group)
    const size = this.#sizes.get(group) ?? 0
    this.#sizes.set(group, size + 1)
    return size === 0
  }

  /** The group whose last key it was; undefined: it has others, or the key is not known. */
  delete(key: ObjectKey): string | undefined {
    const group = this.#groupOf.get(key)
    if (group === undefined) return undefined
    this.#groupOf.delete(key)
    const size = (this.#sizes.get(group) ?? 1) - 1
    if (size > 0) {
      this.#sizes.set(group, size)
      return undefined
    }
    this.#sizes.delete(group)
    return group
  }
}
