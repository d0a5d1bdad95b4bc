import type { QueueAddOptions } from 'p-queue'
import { FourthTurn, type Takable } from '../fourth-turn.ts'
import type { CallPriority } from './call-priority.ts'
import { GroupTurns, type Waiting } from './group-turns.ts'

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

/** So long a key that failed before waits for those that have not, ms. */
const patienceMs = 60_000
/** How often those are looked for that have waited for so long, ms. */
const lookEveryMs = 1_000
const lowest: CallPriority = {
  failedBefore: true,
  urgent: false,
  expiresAt: Number.POSITIVE_INFINITY,
  group: '',
}

/** Urgent tickets before others, but every fourth goes to the others where both wait. */
class Tier implements Takable<Ticket> {
  readonly urgent = new GroupTurns<Ticket>()
  readonly others = new GroupTurns<Ticket>()
  readonly #turns = new FourthTurn()

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
 * done in the background goes last.
 *
 * New inputs without end would starve the others: of those that have waited for a minute, one has every fourth
 * turn, the longest-waiting one of its group. No more, so that keys that fail for ever take no more than a quarter.
 */
export class LaneOrder {
  readonly #fresh = new Tier()
  readonly #failed = new Tier()
  readonly #background = new Tier()
  readonly #patient = new GroupTurns<Ticket>()
  readonly #turns = new FourthTurn()
  readonly #tickets = new Map<string, { readonly ticket: Ticket; readonly band: GroupTurns<Ticket> }>()
  readonly #now: () => number
  #arrivals = 0
  #lookAt = Number.NEGATIVE_INFINITY

  /** @param now the monotonic clock, ms */
  constructor(now: () => number) {
    this.#now = now
  }

  get size(): number {
    return this.#tickets.size
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
    const waiting = this.#tickets.get(id)
    if (!waiting) return
    this.#tickets.delete(id)
    waiting.band.remove(waiting.ticket)
  }

  /** The ids of all tickets in their order. Empties the queue. */
  drain(): string[] {
    const ids: string[] = []
    for (let next = this.#take(); next !== undefined; next = this.#take()) ids.push(next.id)
    return ids
  }

  /** Those of one group; of all groups where none is named. */
  filter({ call }: LaneOptions): Run[] {
    const all = [...this.#tickets.values()].map((it) => it.ticket)
    return all.filter((it) => call === undefined || it.group === call.group).map((it) => it.run)
  }

  /** @throws Error always: no number says what a CallPriority says, so a ticket is replaced */
  setPriority(): never {
    throw new Error('a ticket of a lane is replaced, not changed')
  }

  #take(): Ticket | undefined {
    this.#lookForPatient()
    const ticket =
      this.#turns.take(this.#fresh, this.#patient) ?? this.#failed.take() ?? this.#background.take()
    if (ticket) this.#tickets.delete(ticket.id)
    return ticket
  }

  #lookForPatient(): void {
    const now = this.#now()
    if (now < this.#lookAt) return
    this.#lookAt = now + lookEveryMs
    for (const { ticket, band } of [...this.#tickets.values()]) {
      const isFirst = !ticket.failedBefore && !ticket.background
      if (isFirst || band === this.#patient || ticket.since > now - patienceMs) continue
      band.remove(ticket)
      this.#put({ ...ticket, rank: ticket.since }, this.#patient)
    }
  }

  #put(ticket: Ticket, band: GroupTurns<Ticket>): void {
    this.#tickets.set(ticket.id, { ticket, band })
    band.add(ticket)
  }
}
