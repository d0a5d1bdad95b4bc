import type { Clock } from '../clock.ts'
import { splitKey } from '../contract/object-key.ts'
import type { Log } from '../ports/log.ts'
import type { ObjectKey, SecretChange } from '../ports/secrets.ts'

const redeliverAfterMs = 1000

/** Delivers changes to a receiver. If it throws, the newest change of that key is delivered again until accepted. */
export class ChangeDelivery {
  readonly #receiver: (change: SecretChange) => void
  readonly #clock: Clock
  readonly #log: Log
  readonly #undelivered = new Map<ObjectKey, SecretChange>()
  #cancel: (() => void) | undefined

  constructor(receiver: (change: SecretChange) => void, clock: Clock, log: Log) {
    this.#receiver = receiver
    this.#clock = clock
    this.#log = log
  }

  deliver(change: SecretChange): void {
    this.#undelivered.delete(change.key)
    try {
      this.#receiver(change)
    } catch (error) {
      this.#undelivered.set(change.key, change)
      this.#log.error(
        { ...splitKey(change.key), error: error instanceof Error ? error.name : 'not an Error' },
        'failed to process a change; retrying',
      )
      this.#cancel ??= this.#clock.after(redeliverAfterMs, () => this.#redeliver())
    }
  }

  /** Stops all deliveries. */
  stop(): void {
    this.#cancel?.()
    this.#undelivered.clear()
  }

  #redeliver(): void {
    this.#cancel = undefined
    for (const change of [...this.#undelivered.values()]) this.deliver(change)
  }
}
