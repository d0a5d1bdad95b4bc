import type { Clock } from '../../clock.ts'
import { KeyTurns } from '../../key-turns.ts'
import type { ObjectKey } from '../../ports/secrets.ts'
import type { CallPriority } from './call-priority.ts'
import { LaneOrder } from './lane-order.ts'

const wakeEveryMs = 60_000

/** The keys whose last call met an outage. They back off; when the service answers again, they need not. */
export class Outages {
  readonly #clock: Clock
  readonly #wake: (keys: readonly ObjectKey[]) => void
  readonly #keys = new Map<ObjectKey, CallPriority>()
  /** Who tries next whether the service answers. */
  readonly #turns = new KeyTurns()
  #wokenAt = Number.NEGATIVE_INFINITY
  #cancel = () => {}

  /** @param wake ends the back-off of these keys */
  constructor(clock: Clock, wake: (keys: readonly ObjectKey[]) => void) {
    this.#clock = clock
    this.#wake = wake
  }

  met(key: ObjectKey, priority: CallPriority): void {
    this.over(key)
    this.#keys.set(key, priority)
    this.#turns.add(key, priority.group)
  }

  /** Its last call met something else, or it wants none any more. */
  over(key: ObjectKey): void {
    this.#keys.delete(key)
    this.#turns.delete(key)
  }

  /** The key that waits longest, of the group whose turn it is. The next time it is another one, where there is one. */
  nextToTry(): ObjectKey | undefined {
    const key = this.#turns.take()
    const priority = key === undefined ? undefined : this.#keys.get(key)
    if (key !== undefined && priority) this.#turns.add(key, priority.group)
    return key
  }

  /** Silence has ended: wakes all in the order of a lane, now or when the last time was a minute ago. */
  wakeAll(): void {
    this.#cancel()
    const wait = this.#wokenAt + wakeEveryMs - this.#clock.elapsed()
    if (wait > 0) {
      this.#cancel = this.#clock.after(wait, () => this.wakeAll())
      return
    }
    this.#wokenAt = this.#clock.elapsed()
    const order = new LaneOrder(() => this.#clock.elapsed())
    for (const [id, call] of this.#keys) order.enqueue(async () => {}, { id, call })
    this.#keys.clear()
    this.#turns.clear()
    this.#wake(order.drain())
  }

  /** Silence has begun: nobody is woken before it ends. */
  waitOn(): void {
    this.#cancel()
  }
}
