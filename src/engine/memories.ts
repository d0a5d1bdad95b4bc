import type { ObjectKey } from '../ports/secrets.ts'
import type { FailureClass } from '../ports/service-error.ts'
import type { CapabilityMemory } from './capability.ts'
import { waitEnded } from './failure.ts'

/** What may be over for reasons that are not the key's own. */
const passing: ReadonlySet<FailureClass> = new Set(['outage', 'caller', 'not-allowed', 'throttled'])

/** The memory of every key that has one, of one capability. Forgotten with the Secret. */
export class Memories<Memory extends CapabilityMemory> {
  readonly #blank: Memory
  readonly #memories = new Map<ObjectKey, Memory>()

  constructor(blank: Memory) {
    this.#blank = blank
  }

  of(key: ObjectKey): Memory {
    return this.#memories.get(key) ?? this.#blank
  }

  set(key: ObjectKey, memory: Memory): void {
    this.#memories.set(key, memory)
  }

  forget(key: ObjectKey): void {
    this.#memories.delete(key)
  }

  /** Ends the back-off of a key, now in ms of the monotonic clock; its attempts still count. */
  endBackOff(key: ObjectKey, elapsed: number): void {
    const memory = this.#memories.get(key)
    if (!memory?.failure || !passing.has(memory.failure.class)) return
    this.#memories.set(key, { ...memory, failure: waitEnded(memory.failure, { elapsed }) })
  }

  /** The keys whose last call failed with one of these. */
  failedWith(...classes: readonly FailureClass[]): ObjectKey[] {
    return [...this.#memories].flatMap(([key, { failure }]) =>
      failure && classes.includes(failure.class) ? [key] : [],
    )
  }
}
