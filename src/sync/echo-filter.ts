import type { SecretKey } from './ports.ts'

const kept = 4

/**
 * Recognises the watch events of the operator's own writes: they carry the resourceVersion that the write was answered
 * with, and cost no GET (I5).
 */
export class EchoFilter {
  readonly #written = new Map<SecretKey, string[]>()

  wrote(key: SecretKey, resourceVersion: string): void {
    this.#written.set(key, [...(this.#written.get(key) ?? []), resourceVersion].slice(-kept))
  }

  isEcho(key: SecretKey, resourceVersion: string): boolean {
    return this.#written.get(key)?.includes(resourceVersion) ?? false
  }

  forget(key: SecretKey): void {
    this.#written.delete(key)
  }
}
