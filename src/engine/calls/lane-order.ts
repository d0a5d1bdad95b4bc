import type { QueueAddOptions } from 'p-queue'
import { FourthTurn, type Takable } from '../fourth-turn.ts'
import type { CallPriority } from './call-priority.ts'
import { GroupTurns, type Waiting } from './group-turns.ts'
import { type Ranked, RankHeap } from './rank-heap.ts'

type Run = () => Promise<unknown>

/** What p-queue hands on from `add`. */
export interface LaneOptions extends QueueAddOptions {
  readonly call?: CallPriority
  /** The lower came first; decides between equals. */
  readonly arrival?: number
  /** Since when the key waits, on the monotonic clock, ms. */
  readonly since?: number
}

interface Ticket extends Waiting {
  readonly id: string
  readonly run: Run
  readonly failedBefore: boolean
  readonly urgent: boolean
  readonly background: boolean
  /** Since when it waits, on the monotonic clock, ms. */
  readonly since: number
}

/** Where a ticket waits, ranked by since when. */
interface Place extends Ranked {
  readonly ticket: Ticket
  readonly band: GroupTurns<Ticket>
}

/** So long a key that failed before waits for those that have not, ms. */
const patienceMs = 60_000
/** So many of those that have waited for so long are moved with one turn: it must not take long. */
const movedAtOnce = 1_000
const lowest: CallPriority = {
  failedBefore: true,
  urgent: false,
  expiresAt: Number.POSITIVE_INFINITY,
  group: '',
}

/** Urgent tickets before others, but every fourth goes to the others where both wait. */
class Tier implements Takable<Ticket> {
  readonly urgent: GroupTurns<Ticket>
  readonly others: GroupTurns<Ticket>
  readonly #turns = new FourthTurn()

  constructor(mayGo: (group: string) => boolean) {
    this.urgent = new GroupTurns(mayGo)
    this.others = new GroupTurns(mayGo)
  }

  get isEmpty(): boolean {
    return this.urgent.isEmpty && this.others.isEmpty
  }

  take(): Ticket | undefined {
    return this.#turns.take(this.urgent, this.others)
  }
}

/**
 * The order of a lane, as a queue of p-queue: keys that have not failed with this input before those that have; of
 * these, urgent ones before others, but not always; then groups in turn; within a group the soonest expiry first. What is
 * done in the background goes last. A group that may not go lets the others pass.
 *
 * New inputs without end would starve the others: of those that have waited for a minute, one has every fourth
 * turn, the longest-waiting one of its group. No more, so that keys that fail for ever take no more than a quarter.
 */
export class LaneOrder {
  readonly #fresh: Tier
  readonly #failed: Tier
  readonly #background: Tier
  readonly #patient: GroupTurns<Ticket>
  readonly #turns = new FourthTurn()
  /** Those that are neither fresh nor patient, the longest-waiting one first. */
  readonly #impatient = new RankHeap<Place>()
  readonly #places = new Map<string, Place>()
  readonly #now: () => number
  #arrivals = 0

  /**
   * @param now the monotonic clock, ms
   * @param mayGo whether a group may have a turn now
   */
  constructor(now: () => number, mayGo: (group: string) => boolean = () => true) {
    this.#now = now
    this.#fresh = new Tier(mayGo)
    this.#failed = new Tier(mayGo)
    this.#background = new Tier(mayGo)
    this.#patient = new GroupTurns(mayGo)
  }

  /** How many tickets wait; 0 also where no group that waits may go. */
  get size(): number {
    const bands = [this.#fresh, this.#patient, this.#failed, this.#background]
    return bands.some((it) => !it.isEmpty) ? this.#places.size : 0
  }

  /** `options.id` names the ticket: there is one of each. */
  enqueue(run: Run, options: LaneOptions = {}): void {
    const { id = '', call = lowest, arrival = this.#arrivals++, since = this.#now() } = options
    this.remove(id)
    const { failedBefore, urgent, background = false, group, expiresAt = Number.NEGATIVE_INFINITY } = call
    const ticket = { id, run, failedBefore, urgent, background, group, rank: expiresAt, arrival, since }
    const tier = background ? this.#background : failedBefore ? this.#failed : this.#fresh
    this.#put(ticket, urgent ? tier.urgent : tier.others)
  }

  dequeue(): Run | undefined {
    return this.#take()?.run
  }

  remove(id: string): void {
    const place = this.#places.get(id)
    if (!place) return
    this.#places.delete(id)
    this.#impatient.remove(place)
    place.band.remove(place.ticket)
  }

  /** The ids of all tickets in their order. Empties the queue. */
  drain(): string[] {
    const ids: string[] = []
    for (let next = this.#take(); next !== undefined; next = this.#take()) ids.push(next.id)
    return ids
  }

  /** Those of one group; of all groups where none is named. */
  filter({ call }: LaneOptions): Run[] {
    const all = [...this.#places.values()].map((it) => it.ticket)
    return all.filter((it) => call === undefined || it.group === call.group).map((it) => it.run)
  }

  /** @throws Error always: no number says what a CallPriority says, so a ticket is replaced */
  setPriority(): never {
    throw new Error('a ticket of a lane is replaced, not changed')
  }

  #take(): Ticket | undefined {
    this.#moveToPatient()
    const ticket =
      this.#turns.take(this.#fresh, this.#patient) ?? this.#failed.take() ?? this.#background.take()
    if (ticket) this.remove(ticket.id)
    return ticket
  }

  #moveToPatient(): void {
    const since = this.#now() - patienceMs
    for (let moved = 0; moved < movedAtOnce; moved++) {
      const { first } = this.#impatient
      if (!first || first.rank > since) return
      this.remove(first.ticket.id)
      this.#put({ ...first.ticket, rank: first.rank }, this.#patient)
    }
  }

  #put(ticket: Ticket, band: GroupTurns<Ticket>): void {
    const place = { ticket, band, rank: ticket.since, arrival: ticket.arrival }
    this.#places.set(ticket.id, place)
    band.add(ticket)
    const isFirst = !ticket.failedBefore && !ticket.background
    if (!isFirst && band !== this.#patient) this.#impatient.add(place)
  }
}
