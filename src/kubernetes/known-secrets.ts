import { userKeys } from '../contract/annotation-keys.ts'
import type { ObjectKey, SecretChange } from '../ports/secrets.ts'
import { keyOf, type ObjectMeta } from './object-metadata.ts'

/**
 * What a reflector remembers: of each Secret that carries the opt-in annotation, with whatever value, its
 * resourceVersion. All others leave no trace (I10). The methods return what is to be reported.
 */
export class KnownSecrets {
  readonly #versions = new Map<ObjectKey, string>()
  /** Those of them that the list under way has not shown yet. */
  #missing = new Set<ObjectKey>()

  get size(): number {
    return this.#versions.size
  }

  /** A list (`listed`) or a watch event shows this Secret. */
  show(metadata: ObjectMeta, listed: boolean): SecretChange | undefined {
    const key = keyOf(metadata)
    if (metadata.annotations?.[userKeys.upload] === undefined) return this.#drop(key, true)
    this.#missing.delete(key)
    const { resourceVersion } = metadata
    if (this.#versions.get(key) === resourceVersion) return undefined
    const kept = ownCopy(key)
    this.#versions.set(kept, ownCopy(resourceVersion))
    return { kind: 'present', key: kept, resourceVersion, listed }
  }

  /** A watch says that this Secret was deleted. */
  remove(metadata: ObjectMeta): SecretChange | undefined {
    return this.#drop(keyOf(metadata), false)
  }

  /** A list from scratch begins. One that began before is forgotten: it failed. */
  beginList(): void {
    this.#missing = new Set(this.#versions.keys())
  }

  /** The list is complete. What it did not show was deleted while nobody looked. */
  endList(): SecretChange[] {
    const missing = [...this.#missing]
    return missing.flatMap((key) => this.#drop(key, false) ?? [])
  }

  #drop(key: ObjectKey, optedOut: boolean): SecretChange | undefined {
    this.#missing.delete(key)
    return this.#versions.delete(key) ? { kind: 'gone', key, optedOut } : undefined
  }
}

/** A string that V8 cut out of a larger one keeps all of that in memory, here pages of a megabyte. This one stands alone. */
function ownCopy(text: string): string {
  return Buffer.from(text).toString()
}
