import type { ObjectKey } from '../../ports/secrets.ts'

const kept = 4

/**
 * Recognises the watch events of the operator's own writes: they carry the resourceVersion that the write was answered
 * with, and cost no GET (I5).
 */
export class OwnWrites {
  readonly #written = new Map<ObjectKey, string[]>()

  wrote(key: ObjectKey, resourceVersion: string): void {
    this.#written.set(key, [...(this.#written.get(key) ?? []), resourceVersion].slice(-kept))
  }

  isOwn(key: ObjectKey, resourceVersion: string): boolean {
    return this.#written.get(key)?.includes(resourceVersion) ?? false
  }

  forget(key: ObjectKey): void {
    this.#written.delete(key)
  }
}
