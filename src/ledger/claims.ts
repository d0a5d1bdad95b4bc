import { splitKey } from '../contract/object-key.ts'
import type { ObjectKey } from '../ports/secrets.ts'

/** Which id the status of each key names. What is said by the Secrets of one namespace may all be one tenant's word. */
export class Claims {
  readonly #ids = new Map<ObjectKey, string>()
  readonly #perNamespace = new Map<string, number>()

  get size(): number {
    return this.#ids.size
  }

  get all(): [ObjectKey, string][] {
    return [...this.#ids]
  }

  of(key: ObjectKey): string | undefined {
    return this.#ids.get(key)
  }

  /** From now on the status of a key names this id; undefined: it names none. */
  set(key: ObjectKey, certificateId: string | undefined): void {
    const { namespace } = splitKey(key)
    const before = this.#ids.has(key) ? 1 : 0
    const count = (this.#perNamespace.get(namespace) ?? 0) - before + (certificateId === undefined ? 0 : 1)
    if (count > 0) this.#perNamespace.set(namespace, count)
    else this.#perNamespace.delete(namespace)
    if (certificateId === undefined) this.#ids.delete(key)
    else this.#ids.set(key, certificateId)
  }

  /** Whether a status names an id that is none of these. */
  nameOthers(ids: ReadonlySet<string>): boolean {
    for (const certificateId of this.#ids.values()) if (!ids.has(certificateId)) return true
    return false
  }

  /** Whether there is one in a namespace that is none of these. */
  areInOthers(namespaces: ReadonlySet<string>): boolean {
    for (const namespace of this.#perNamespace.keys()) if (!namespaces.has(namespace)) return true
    return false
  }
}
