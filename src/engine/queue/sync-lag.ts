import type { Clock } from '../../clock.ts'
import type { ObjectKey } from '../../ports/secrets.ts'

/** Since when keys wait that are not synced: what an alert on lag reads. */
export class SyncLag {
  readonly #clock: Clock
  /** In order of arrival, so the first is the oldest. ms, elapsed. */
  readonly #since = new Map<ObjectKey, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** There is work for a key. Since when counts until it is settled. */
  changed(key: ObjectKey): void {
    if (!this.#since.has(key)) this.#since.set(key, this.#clock.elapsed())
  }

  /** Nothing more is to be done for a key. */
  settled(key: ObjectKey): void {
    this.#since.delete(key)
  }

  /** ms; 0 when everything is synced. */
  oldestMs(): number {
    const first = this.#since.values().next()
    return first.done ? 0 : this.#clock.elapsed() - first.value
  }
}
