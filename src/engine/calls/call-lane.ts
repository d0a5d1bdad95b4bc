import PQueue from 'p-queue'
import type { Clock } from '../../clock.ts'
import type { ObjectKey } from '../../ports/secrets.ts'
import { ServiceError } from '../../ports/service-error.ts'
import { SlotPacing } from './slot-pacing.ts'

/** The right to make one call. */
export interface Slot {
  /** Makes the call; the slot is then held as I2 wants it. At most once per slot. */
  call<T>(work: () => Promise<T>): Promise<T>
}

const windowMs = 1_000
const giveBackMs = 10_000

/**
 * The way to one action of the service: as many calls at a time, and within any second, as there are slots. Keys wait
 * in order of urgency; a slot that makes no call is free at once.
 */
export class CallLane {
  readonly #clock: Clock
  readonly #serve: (key: ObjectKey, slot: Slot) => Promise<void>
  readonly #maxSlots: number
  readonly #queue: PQueue
  readonly #tickets = new Map<ObjectKey, AbortController>()
  readonly #pacing = new SlotPacing()
  /** Until then, a process before us may have used the slots. */
  #openAt = Number.NEGATIVE_INFINITY
  #lastHalved = Number.NEGATIVE_INFINITY
  #cancelGiveBack: (() => void) | undefined

  /** @param serve works on a key with a slot; must not throw */
  constructor(clock: Clock, slots: number, serve: (key: ObjectKey, slot: Slot) => Promise<void>) {
    this.#clock = clock
    this.#maxSlots = slots
    this.#serve = serve
    this.#queue = new PQueue({ concurrency: slots, autoStart: false })
  }

  /**
   * Opens the lane one second from now: another process of ours may have used this second's calls (I2).
   * @param atOnce it is known that none has
   */
  async start(signal: AbortSignal, { atOnce = false } = {}): Promise<void> {
    this.#openAt = this.#clock.elapsed() + (atOnce ? 0 : windowMs)
    if (!atOnce) await this.#clock.sleep(windowMs, signal)
    this.#queue.start()
  }

  /** Keys waiting for a slot. */
  get depth(): number {
    return this.#tickets.size
  }

  /** Slots in force. */
  get slots(): number {
    return this.#queue.concurrency
  }

  /** Queues a key; for one that waits already, changes its urgency. Higher goes first. */
  add(key: ObjectKey, urgency: number): void {
    if (this.#tickets.has(key)) {
      this.#queue.setPriority(key, urgency)
      return
    }
    const ticket = new AbortController()
    this.#tickets.set(key, ticket)
    this.#queue
      .add(() => this.#turn(key, ticket), { id: key, priority: urgency, signal: ticket.signal })
      .catch(() => {}) // aborted while waiting
  }

  /** Takes a key out of the queue: it wants no call any more. */
  remove(key: ObjectKey): void {
    this.#tickets.get(key)?.abort()
    this.#tickets.delete(key)
  }

  /** The service asked to slow down: half the slots, at most once a second; one comes back every ten seconds. */
  throttled(): void {
    const now = this.#clock.elapsed()
    if (now - this.#lastHalved < windowMs) return
    this.#lastHalved = now
    this.#queue.concurrency = Math.max(1, Math.floor(this.#queue.concurrency / 2))
    this.#cancelGiveBack?.()
    this.#giveBackLater()
  }

  /** Gives out no more slots and forgets who waits. */
  close(): void {
    this.#queue.pause()
    for (const key of [...this.#tickets.keys()]) this.remove(key)
    this.#cancelGiveBack?.()
  }

  /** Of a closed lane: resolves when another process may make calls at once, without an eleventh in any second (I2). */
  async drained(): Promise<void> {
    await this.#until(this.#openAt)
    await this.#queue.onPendingZero()
  }

  async #turn(key: ObjectKey, ticket: AbortController): Promise<void> {
    if (this.#tickets.get(key) === ticket) this.#tickets.delete(key)
    let freeAt = 0
    const slot: Slot = {
      call: async (work) => {
        const start = this.#clock.elapsed()
        const hold = (answered: boolean) => {
          const end = this.#clock.elapsed()
          if (answered) this.#pacing.answered(end - start)
          freeAt = this.#pacing.freeAt(start, end, answered)
        }
        try {
          const result = await work()
          hold(true)
          return result
        } catch (error) {
          hold(error instanceof ServiceError && error.requestId !== undefined)
          throw error
        }
      },
    }
    await this.#serve(key, slot)
    await this.#until(freeAt)
  }

  /** Timers may fire a fraction of a millisecond early, which an exact window does not forgive. */
  async #until(time: number): Promise<void> {
    for (;;) {
      const wait = time - this.#clock.elapsed()
      if (wait <= 0) return
      await this.#clock.sleep(wait)
    }
  }

  #giveBackLater(): void {
    this.#cancelGiveBack = this.#clock.after(giveBackMs, () => {
      this.#queue.concurrency = Math.min(this.#maxSlots, this.#queue.concurrency + 1)
      this.#cancelGiveBack = undefined
      if (this.#queue.concurrency < this.#maxSlots) this.#giveBackLater()
    })
  }
}
