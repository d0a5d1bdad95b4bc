import type { Clock } from '../clock.ts'
import type { SecretKey } from './ports.ts'

/** Since when the changes wait that are not synced yet: what an alert on lag reads. */
export class UnsyncedAges {
  readonly #clock: Clock
  /** In order of arrival, so the first is the oldest. */
  readonly #since = new Map<SecretKey, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  changed(key: SecretKey): void {
    if (!this.#since.has(key)) this.#since.set(key, this.#clock.elapsed())
  }

  settled(key: SecretKey): void {
    this.#since.delete(key)
  }

  /** ms; 0 when everything is synced. */
  oldestMs(): number {
    const first = this.#since.values().next()
    return first.done ? 0 : this.#clock.elapsed() - first.value
  }
}
