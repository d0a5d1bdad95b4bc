import type { Clock } from '../../clock.ts'
import type { ObjectKey } from '../../ports/secrets.ts'

/** Since when the changes wait that are not synced yet: what an alert on lag reads. */
export class SyncLag {
  readonly #clock: Clock
  /** In order of arrival, so the first is the oldest. */
  readonly #since = new Map<ObjectKey, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  changed(key: ObjectKey): void {
    if (!this.#since.has(key)) this.#since.set(key, this.#clock.elapsed())
  }

  settled(key: ObjectKey): void {
    this.#since.delete(key)
  }

  /** ms; 0 when everything is synced. */
  oldestMs(): number {
    const first = this.#since.values().next()
    return first.done ? 0 : this.#clock.elapsed() - first.value
  }
}
