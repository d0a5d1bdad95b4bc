import type { Clock } from '../../clock.ts'
import { KeyTurns } from '../../key-turns.ts'
import type { ObjectKey } from '../../ports/secrets.ts'
import { FourthTurn } from '../fourth-turn.ts'

/** How soon a key is reconciled: what just changed goes before what a list, a wait or a resync brings. */
export type Urgency = 'change' | 'sweep'

interface Wish {
  readonly urgency: Urgency
  /** resourceVersion of the change that asked, when there is one. */
  readonly mark: string | undefined
}

/**
 * The keyed work queue. A key is waiting at most once, active at most once, and never both at the same time in two
 * hands: what is added while its key is active runs when that is done. Delayed keys keep the earliest time, waiting
 * ones the highest urgency. Only keys are held, never a Secret (I3).
 *
 * Groups take turns, so that nobody waits for all that one tenant changes. Changes without end would starve the others:
 * every fourth key is one of the lower urgency where both wait.
 */
export class WorkQueue {
  readonly #clock: Clock
  readonly #groupOf: (key: ObjectKey) => string
  readonly #waiting: Readonly<Record<Urgency, KeyTurns>> = { change: new KeyTurns(), sweep: new KeyTurns() }
  readonly #turns = new FourthTurn()
  readonly #delayed = new Map<ObjectKey, { at: number; cancel: () => void }>()
  readonly #active = new Map<ObjectKey, Wish | undefined>()
  readonly #takers: ((key: ObjectKey | undefined) => void)[] = []
  #closed = false

  /** @param groupOf of which group a key is */
  constructor(clock: Clock, groupOf: (key: ObjectKey) => string) {
    this.#clock = clock
    this.#groupOf = groupOf
  }

  /** How many keys wait, delayed ones left out. */
  get depth(): number {
    return this.#waiting.change.size + this.#waiting.sweep.size
  }

  /** How many keys wait for a later time. */
  get delayed(): number {
    return this.#delayed.size
  }

  /** Whether a key is being worked on. */
  isActive(key: ObjectKey): boolean {
    return this.#active.has(key)
  }

  /** Whether a key is queued and not delayed. */
  isWaiting(key: ObjectKey): boolean {
    return this.#waiting.change.has(key) || this.#waiting.sweep.has(key)
  }

  /** Queues a key. A delayed key is moved forward. `mark`: see done(). */
  add(key: ObjectKey, urgency: Urgency, mark?: string): void {
    if (this.#closed) return
    this.#cancelDelay(key)
    if (this.#active.has(key)) {
      const before = this.#active.get(key)
      // Two different wishes are not both answered by one write.
      const sameMark = before === undefined || before.mark === mark
      this.#active.set(key, {
        urgency: before?.urgency === 'change' ? 'change' : urgency,
        mark: sameMark ? mark : undefined,
      })
      return
    }
    if (this.#waiting.change.has(key)) return
    if (urgency === 'change') this.#waiting.sweep.delete(key)
    this.#waiting[urgency].add(key, this.#groupOf(key))
    this.#hand()
  }

  /** Queues a key after `ms`. If it is due earlier already, that stays. */
  addAfter(key: ObjectKey, ms: number): void {
    if (this.#closed) return
    const at = this.#clock.elapsed() + ms
    const before = this.#delayed.get(key)
    if (before && before.at <= at) return
    before?.cancel()
    const cancel = this.#clock.after(ms, () => {
      this.#delayed.delete(key)
      this.add(key, 'sweep')
    })
    this.#delayed.set(key, { at, cancel })
  }

  /** The next key, now active: the caller must call done(). Undefined once the queue is closed. */
  take(): Promise<ObjectKey | undefined> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve(undefined)
      this.#takers.push(resolve)
      this.#hand()
    })
  }

  /** Makes a key active outside of take(), unless it is: for a worker that was handed the key by a lane. */
  activate(key: ObjectKey): boolean {
    if (this.#closed || this.#active.has(key)) return false
    this.#waiting.change.delete(key)
    this.#waiting.sweep.delete(key)
    this.#cancelDelay(key)
    this.#active.set(key, undefined)
    return true
  }

  /**
   * The work on a key is over. What was added meanwhile runs now, except a change that carries `echo` as its mark: that
   * is the caller's own write coming back (I5).
   */
  done(key: ObjectKey, echo?: string): void {
    const meanwhile = this.#active.get(key)
    this.#active.delete(key)
    if (meanwhile && (meanwhile.mark === undefined || meanwhile.mark !== echo)) {
      this.add(key, meanwhile.urgency, meanwhile.mark)
    }
  }

  /** Removes a key from the queue, delayed or not. */
  remove(key: ObjectKey): void {
    this.#waiting.change.delete(key)
    this.#waiting.sweep.delete(key)
    this.#cancelDelay(key)
    if (this.#active.has(key)) this.#active.set(key, undefined)
  }

  /** No further keys are given out, and none is taken in. */
  close(): void {
    this.#closed = true
    for (const { cancel } of this.#delayed.values()) cancel()
    this.#delayed.clear()
    this.#waiting.change.clear()
    this.#waiting.sweep.clear()
    for (const taker of this.#takers.splice(0)) taker(undefined)
  }

  #cancelDelay(key: ObjectKey): void {
    this.#delayed.get(key)?.cancel()
    this.#delayed.delete(key)
  }

  #hand(): void {
    const { change, sweep } = this.#waiting
    while (this.#takers.length > 0) {
      const next = this.#turns.take(change, sweep)
      if (next === undefined) return
      this.#active.set(next, undefined)
      this.#takers.shift()?.(next)
    }
  }
}
