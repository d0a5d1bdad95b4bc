import type { QueueAddOptions } from 'p-queue'
import type { CallPriority } from './call-priority.ts'
import { GroupTurns, type Waiting } from './group-turns.ts'

type Run = () => Promise<unknown>

/** What p-queue hands on from `add`. */
export interface LaneOptions extends QueueAddOptions {
  readonly call?: CallPriority
  /** The lower came first; decides between equals. */
  readonly arrival?: number
}

interface Ticket extends Waiting {
  readonly id: string
  readonly run: Run
  readonly failedBefore: boolean
  readonly urgent: boolean
  readonly background: boolean
}

/** So many urgent permits follow one another while others wait. */
const urgentInARow = 3
const lowest: CallPriority = {
  failedBefore: true,
  urgent: false,
  expiresAt: Number.POSITIVE_INFINITY,
  group: '',
}

/** Urgent tickets before others, but every fourth goes to the others where both wait. */
class Tier {
  readonly urgent = new GroupTurns<Ticket>()
  readonly others = new GroupTurns<Ticket>()
  #row = 0

  take(): Ticket | undefined {
    if (this.urgent.isEmpty || this.others.isEmpty) return this.urgent.take() ?? this.others.take()
    const others = this.#row >= urgentInARow
    this.#row = others ? 0 : this.#row + 1
    return others ? this.others.take() : this.urgent.take()
  }
}

/**
 * The order of a lane, as a queue of p-queue: keys that have not failed with this input before those that have; of
 * these, urgent ones before others, but not always; then groups in turn; within a group the soonest expiry first. What is
 * done in the background goes last.
 */
export class LaneOrder {
  readonly #fresh = new Tier()
  readonly #failed = new Tier()
  readonly #background = new Tier()
  readonly #tickets = new Map<string, Ticket>()
  #arrivals = 0

  get size(): number {
    return this.#tickets.size
  }

  /** `options.id` names the ticket: there is one of each. */
  enqueue(run: Run, { id = '', call = lowest, arrival = this.#arrivals++ }: LaneOptions = {}): void {
    this.remove(id)
    const { failedBefore, urgent, background = false, group, expiresAt = Number.NEGATIVE_INFINITY } = call
    const ticket = { id, run, failedBefore, urgent, background, group, rank: expiresAt, arrival }
    this.#tickets.set(id, ticket)
    this.#bandOf(ticket).add(ticket)
  }

  dequeue(): Run | undefined {
    return this.#take()?.run
  }

  remove(id: string): void {
    const ticket = this.#tickets.get(id)
    if (!ticket) return
    this.#tickets.delete(id)
    this.#bandOf(ticket).remove(ticket)
  }

  /** The ids of all tickets in their order. Empties the queue. */
  drain(): string[] {
    const ids: string[] = []
    for (let next = this.#take(); next !== undefined; next = this.#take()) ids.push(next.id)
    return ids
  }

  /** Those of one group; of all groups where none is named. */
  filter({ call }: LaneOptions): Run[] {
    const all = [...this.#tickets.values()]
    return all.filter((it) => call === undefined || it.group === call.group).map((it) => it.run)
  }

  /** @throws Error always: no number says what a CallPriority says, so a ticket is replaced */
  setPriority(): never {
    throw new Error('a ticket of a lane is replaced, not changed')
  }

  #take(): Ticket | undefined {
    const ticket = this.#fresh.take() ?? this.#failed.take() ?? this.#background.take()
    if (ticket) this.#tickets.delete(ticket.id)
    return ticket
  }

  #bandOf({ failedBefore, urgent, background }: Ticket): GroupTurns<Ticket> {
    const tier = background ? this.#background : failedBefore ? this.#failed : this.#fresh
    return urgent ? tier.urgent : tier.others
  }
}
