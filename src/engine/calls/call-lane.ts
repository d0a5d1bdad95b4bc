import PQueue from 'p-queue'
import type { Clock } from '../../clock.ts'
import type { ObjectKey } from '../../ports/secrets.ts'
import { mayHaveArrived } from '../../ports/service-error.ts'
import type { CallEnd } from './call-end.ts'
import type { CallPriority } from './call-priority.ts'
import { GroupSlots } from './group-slots.ts'
import { type LaneOptions, LaneOrder } from './lane-order.ts'
import { RoundTrips } from './round-trips.ts'
import { endedMs, type Hold, SlotPacing, windowMs } from './slot-pacing.ts'

/** A slot that a key was given. */
export interface Slot {
  /** How long its call may take, ms. */
  readonly timeoutMs: number
  /** Its call has ended. Without one, the slot is free as soon as the key is served. */
  ended(end: CallEnd): void
}

interface Ticket {
  readonly abort: AbortController
  readonly arrival: number
  readonly since: number
  readonly failedBefore: boolean
}

/** From the last throttling to the first slot that comes back, and from that one to the next, ms. */
const giveBackMs = { first: 10_000, next: 5_000 }

/**
 * The way to one action of the service: as many calls at a time, and within any second, as there are slots. Keys wait in
 * the order of LaneOrder.
 */
export class CallLane {
  readonly #clock: Clock
  readonly #serve: (key: ObjectKey, slot: Slot) => Promise<void>
  readonly #maxSlots: number
  readonly #queue: PQueue<LaneOrder, LaneOptions>
  readonly #tickets = new Map<ObjectKey, Ticket>()
  readonly #serving = new Set<Promise<void>>()
  readonly #pacing = new SlotPacing()
  readonly #roundTrips = new RoundTrips()
  readonly #groups: GroupSlots
  #mayGo = (group: string) => this.#groups.mayTake(group, this.#slots)
  readonly #closed = new AbortController()
  #arrivals = 0
  #slots: number
  /** Until then, a process before us may have used the slots. */
  #openAt = Number.POSITIVE_INFINITY
  /** No window of the service that begins then holds a call of ours, as far as is known. */
  #drainedAt = Number.NEGATIVE_INFINITY
  #isShut = false
  #lastHalved = Number.NEGATIVE_INFINITY
  #cancelOpen = () => {}
  #cancelGiveBack = () => {}

  /** @param serve works on a key with a slot; must not throw */
  constructor(clock: Clock, slots: number, serve: (key: ObjectKey, slot: Slot) => Promise<void>) {
    this.#clock = clock
    this.#maxSlots = slots
    this.#slots = slots
    this.#serve = serve
    this.#groups = new GroupSlots(() => clock.elapsed())
    const mayGo = (group: string) => this.#mayGo(group)
    const queueClass = class extends LaneOrder {
      constructor() {
        super(() => clock.elapsed(), mayGo)
      }
    }
    this.#queue = new PQueue({ concurrency: slots, autoStart: false, queueClass })
  }

  /**
   * Opens the lane.
   * @param quiet no process of ours has made a call within the last second; else it opens a second from now (I2)
   */
  start({ quiet }: { readonly quiet: boolean }): void {
    this.#openAt = this.#clock.elapsed() + (quiet ? 0 : windowMs)
    this.#openLater()
  }

  /** Keys waiting for a slot. */
  get depth(): number {
    return this.#tickets.size
  }

  /** Whether the next one to go has not failed before. */
  get hasFresh(): boolean {
    return [...this.#tickets.values()].some((it) => !it.failedBefore)
  }

  /** Slots in force. */
  get slots(): number {
    return this.#slots
  }

  /** Queues a key. For one that waits already, changes its priority; it keeps its place among equals. */
  add(key: ObjectKey, priority: CallPriority): void {
    if (this.#closed.signal.aborted) return
    const { arrival, since } = this.#tickets.get(key) ?? {
      arrival: this.#arrivals++,
      since: this.#clock.elapsed(),
    }
    this.remove(key)
    const abort = new AbortController()
    this.#tickets.set(key, { abort, arrival, since, failedBefore: priority.failedBefore })
    this.#queue
      .add(() => this.#turn(key, priority.group), {
        id: key,
        call: priority,
        arrival,
        since,
        signal: abort.signal,
      })
      .catch(() => {}) // aborted while waiting
  }

  /** Takes a key out of the queue: it wants no call any more. */
  remove(key: ObjectKey): void {
    const ticket = this.#tickets.get(key)
    this.#tickets.delete(key)
    ticket?.abort.abort()
  }

  /** No key of the group is left. */
  forgetGroup(group: string): void {
    this.#groups.forget(group)
  }

  /** Gives out no slots but those of letOneThrough(), until reopen(). */
  shut(): void {
    this.#isShut = true
    this.#queue.pause()
  }

  reopen(): void {
    this.#isShut = false
    this.#groups.forgetAll()
    this.#resume()
  }

  /**
   * Of a lane that is shut: gives one key a slot, where one waits and a slot is free. Resolves when the key is served.
   */
  letOneThrough(): Promise<void> | undefined {
    if (!this.#isOpen || this.depth === 0 || this.#queue.pending >= this.#slots) return undefined
    // Calls are so far apart then that no group takes all slots. Who is in doubt goes last: a newcomer knows more.
    return this.#oneOf((group) => !this.#groups.isInDoubt(group)) ?? this.#oneOf(() => true)
  }

  /**
   * The service asked to slow down: half the slots, at most once a second. Whether they were halved. A call that was made
   * within a second after that met calls of before in the service's window: it says nothing of the slots in force.
   */
  throttled({ startedAt }: CallEnd): boolean {
    this.#giveBackAfter(giveBackMs.first)
    if (startedAt < this.#lastHalved + windowMs) return false
    this.#lastHalved = this.#clock.elapsed()
    this.#setSlots(Math.max(1, Math.floor(this.#slots / 2)))
    return true
  }

  /** Gives out no more slots and forgets who waits. */
  close(): void {
    this.#queue.pause()
    this.#closed.abort(new Error('the lane is closed'))
    for (const key of [...this.#tickets.keys()]) this.remove(key)
    this.#cancelOpen()
    this.#cancelGiveBack()
  }

  /**
   * Of a closed lane: resolves when another process may make calls at once (I2): a second after the last response, and as
   * long after the end of a call that was never answered as its slot is taken where its connection was reset, 3 s. Two
   * kinds of calls may arrive later still, and be the eleventh of a second in which the successor makes ten: what a proxy
   * holds back, and what lies unread with a server that reads nothing. To wait 30 s for them, as a slot does, exceeds the
   * grace of a process that ends; there are no more of them than slots, once.
   */
  async drained(): Promise<void> {
    if (Number.isFinite(this.#openAt)) await this.#until(this.#openAt)
    await Promise.allSettled(this.#serving)
    await this.#until(this.#drainedAt)
  }

  get #isOpen(): boolean {
    return !this.#closed.signal.aborted && this.#clock.elapsed() >= this.#openAt
  }

  #oneOf(mayGo: (group: string) => boolean): Promise<void> | undefined {
    const before = new Set(this.#serving)
    this.#mayGo = mayGo
    this.#queue.concurrency = this.#queue.pending + 1
    this.#queue.start()
    this.#queue.pause()
    this.#queue.concurrency = this.#slots
    this.#mayGo = (group) => this.#groups.mayTake(group, this.#slots)
    return [...this.#serving].find((it) => !before.has(it))
  }

  async #turn(key: ObjectKey, group: string): Promise<void> {
    this.#tickets.delete(key)
    const held = this.#groups.take(group)
    const { usualMs } = this.#roundTrips
    let hold: Hold = { freeAt: Number.NEGATIVE_INFINITY }
    const slot: Slot = {
      timeoutMs: this.#roundTrips.timeoutMs(key),
      ended: (end) => {
        this.#timed(key, usualMs, end)
        hold = this.#ended(end)
        this.#learnOf(group, end)
        held.failed = end.error !== undefined
      },
    }
    const served = this.#serve(key, slot)
    this.#serving.add(served)
    await served.finally(() => this.#serving.delete(served))
    await this.#untilFree(hold)
    this.#groups.giveBack(held)
  }

  #learnOf(group: string, { startedAt, reached, says, timedOut }: CallEnd): void {
    if (reached === 'answered') {
      // Assigning the concurrency makes the queue give out what is free.
      if (this.#groups.answered(group, startedAt)) this.#queue.concurrency = this.#slots
    } else if (says === 'silence' && (timedOut || reached === 'unknown')) {
      // Not one whose connection was reset: it costs its slot little more than one that is answered.
      this.#groups.unanswered(group, startedAt)
    }
  }

  #timed(key: ObjectKey, usualMs: number, { startedAt, endedAt, says, timedOut, error }: CallEnd): void {
    const ms = endedAt - startedAt
    if (says === 'answer') this.#roundTrips.answered(key, ms, usualMs, error ? undefined : endedAt)
    else if (timedOut) this.#roundTrips.gaveUp(key, ms, startedAt)
  }

  #ended({ startedAt, endedAt, reached, says, error }: CallEnd): Hold {
    if (says === 'answer') this.#pacing.answered(startedAt, endedAt, error?.failure)
    if (reached !== 'unsent') {
      const countsMs = mayHaveArrived(reached) ? endedMs : windowMs
      this.#drainedAt = Math.max(this.#drainedAt, endedAt + countsMs)
    }
    return this.#pacing.hold(startedAt, endedAt, reached)
  }

  /** Nobody takes a slot of a closed lane: it waits no longer then. */
  async #untilFree(hold: Hold): Promise<void> {
    const { signal } = this.#closed
    if (hold.sooner) await this.#until(hold.freeAt, AbortSignal.any([hold.sooner, signal])).catch(() => {})
    await this.#until(hold.freeAt, signal).catch(() => {})
  }

  /** Timers may fire a fraction of a millisecond early, which an exact window does not forgive. */
  async #until(time: number, signal?: AbortSignal): Promise<void> {
    for (;;) {
      const wait = time - this.#clock.elapsed()
      if (wait <= 0) return
      await this.#clock.sleep(wait, signal)
    }
  }

  #openLater(): void {
    const wait = this.#openAt - this.#clock.elapsed()
    if (wait > 0) this.#cancelOpen = this.#clock.after(wait, () => this.#openLater())
    else this.#resume()
  }

  #resume(): void {
    if (this.#isOpen && !this.#isShut) this.#queue.start()
  }

  #setSlots(slots: number): void {
    this.#slots = slots
    this.#queue.concurrency = slots
  }

  #giveBackAfter(ms: number): void {
    this.#cancelGiveBack()
    this.#cancelGiveBack = this.#clock.after(ms, () => {
      if (this.#slots < this.#maxSlots) this.#setSlots(this.#slots + 1)
      if (this.#slots < this.#maxSlots) this.#giveBackAfter(giveBackMs.next)
    })
  }
}
