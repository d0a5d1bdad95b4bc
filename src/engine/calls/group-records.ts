/** A record stays for so long after the last key of its group is gone, ms ... */
const afterwardsMs = 600_000
/** ... those of so many groups at most: of those that are gone, the first is forgotten first. */
const mostGone = 1_000

/** What is known of the calls of a group. */
export interface GroupRecord {
  /** Calls in a row without an answer. */
  unanswered: number
  /** When the latest call was made that was answered. */
  answeredAt: number | undefined
  /** For how long it held slots, ms; earlier calls weigh less. */
  heldMs: number
  /** The part of it on slots that it held for long, ms. */
  heldLongMs: number
  /** How many calls these were; earlier ones weigh less. */
  calls: number
  /** Those of them that held their slot for long. */
  longCalls: number
  /** When the slot of the latest of them was given back. */
  endedAt: number | undefined
}

const blank: GroupRecord = {
  unanswered: 0,
  answeredAt: undefined,
  heldMs: 0,
  heldLongMs: 0,
  calls: 0,
  longCalls: 0,
  endedAt: undefined,
}

/**
 * The records of groups. They stay for ten minutes after the last key of a group: one who opts out and in again begins no
 * new life.
 */
export class GroupRecords {
  readonly #now: () => number
  readonly #records = new Map<string, GroupRecord>()
  /** Groups without a key, and since when. The one that is gone for longest comes first. */
  readonly #gone = new Map<string, number>()

  /** @param now the monotonic clock, ms */
  constructor(now: () => number) {
    this.#now = now
  }

  /** What is known of a group; changes nothing. */
  read(group: string): Readonly<GroupRecord> {
    this.#expire()
    return this.#records.get(group) ?? blank
  }

  /** All groups that are known. */
  get all(): Iterable<readonly [group: string, record: Readonly<GroupRecord>]> {
    return this.#records
  }

  /** To be changed. A group that is not known has no key: its call ended after it was forgotten. */
  of(group: string): GroupRecord {
    const record = this.#records.get(group) ?? { ...blank }
    if (!this.#records.has(group)) this.#gone.set(group, this.#now())
    this.#records.set(group, record)
    return record
  }

  /** A group makes a call: it has a key. */
  lives(group: string): void {
    this.of(group)
    this.#gone.delete(group)
  }

  /** The last key of a group is gone. That its calls were answered is no credit for keys to come. */
  leaves(group: string): void {
    const record = this.#records.get(group)
    if (!record) return
    record.answeredAt = undefined
    this.#gone.delete(group)
    this.#gone.set(group, this.#now())
    this.#expire()
  }

  clear(): void {
    this.#records.clear()
    this.#gone.clear()
  }

  #expire(): void {
    const until = this.#now() - afterwardsMs
    for (const [group, since] of this.#gone) {
      if (since > until && this.#gone.size <= mostGone) return
      this.#gone.delete(group)
      this.#records.delete(group)
    }
  }
}
