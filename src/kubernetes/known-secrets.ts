import { userKeys } from '../contract/annotation-keys.ts'
import type { ObjectKey, SecretChange } from '../ports/secrets.ts'
import { keyOf, type ObjectMeta } from './object-metadata.ts'

/**
 * The Secrets that a reflector knows: the resourceVersion of each one with the opt-in annotation, whatever its value.
 * All other Secrets leave no trace (I10). The methods return the change to report.
 */
export class KnownSecrets {
  readonly #versions = new Map<ObjectKey, string>()
  /** Known Secrets that the current list has not included yet. */
  #missing = new Set<ObjectKey>()

  get size(): number {
    return this.#versions.size
  }

  /** A list (`listed`) or a watch event includes this Secret. */
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

  /** A watch event reports this Secret as deleted. */
  remove(metadata: ObjectMeta): SecretChange | undefined {
    return this.#drop(keyOf(metadata), false)
  }

  /** A new list begins. An earlier, unfinished list failed and is discarded. */
  beginList(): void {
    this.#missing = new Set(this.#versions.keys())
  }

  /** The list is complete. Secrets that it did not include were deleted in the meantime. */
  endList(): SecretChange[] {
    const missing = [...this.#missing]
    return missing.flatMap((key) => this.#drop(key, false) ?? [])
  }

  #drop(key: ObjectKey, optedOut: boolean): SecretChange | undefined {
    this.#missing.delete(key)
    return this.#versions.delete(key) ? { kind: 'gone', key, optedOut } : undefined
  }
}

/** A copy: V8 keeps the whole page (a megabyte) in memory for a substring of it. */
function ownCopy(text: string): string {
  return Buffer.from(text).toString()
}
