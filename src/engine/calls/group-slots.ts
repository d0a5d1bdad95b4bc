import { type GroupRecord, GroupRecords } from './group-records.ts'

/** After so many calls in a row without an answer, a group is in doubt. */
const doubtAfter = 5
/** A slot is held for long that is held for more than a call of 3 s and the second after it, ms. */
const longMs = 4_000
/** What the slot time of a group weighs after one more call of it. */
const fading = 0.98
/** So long after a call of it has ended, a group shows how long calls take, ms. */
const newsMs = 300_000
/** What was added up of all groups counts for so long, ms. */
const sharesMs = 1_000
/** By so much the share of long calls of a slow group exceeds that of the others. */
const slowerBy = 0.3

/** A slot that a group holds. */
export interface HeldSlot {
  readonly group: string
  readonly since: number
  /** Its call did not succeed: if that was soon, it says nothing of how long calls take. */
  failed?: boolean
}

/** Shares of long calls, of all groups. */
interface Shares {
  readonly at: number
  readonly sum: number
  readonly count: number
}

/**
 * How many slots a group may hold, so that calls that hang, or take long, do not take a lane from everybody: such a call
 * costs its slot up to 30 s, a good one a second, and turns alone would not make that fair.
 *
 * - A group with five calls in a row without an answer is in doubt until one is answered: it holds a fifth of the slots at
 *   most, and all groups in doubt hold half of them.
 * - A group of which no call was answered yet leaves three of ten slots to others: the first calls of a group may all hang.
 * - A group is slow that spends most of its slot time on slots that it holds for more than 4 s, and that does so with
 *   more of its calls than the others of the last five minutes, each of which counts the same. So a service that is slow,
 *   or hangs, for all makes nobody slow. All groups that are slow or in doubt leave three of ten slots to others.
 */
export class GroupSlots {
  readonly #now: () => number
  /** Slots that are taken, also after the call. */
  readonly #held = new Set<HeldSlot>()
  readonly #records: GroupRecords
  #shares: Shares | undefined

  /** @param now the monotonic clock, ms */
  constructor(now: () => number) {
    this.#now = now
    this.#records = new GroupRecords(now)
  }

  /** Whether a group may take one more of so many slots. */
  mayTake(group: string, slots: number): boolean {
    if (this.isInDoubt(group)) return this.#mayTakeInDoubt(group, slots)
    if (this.#isSlow(group) && !this.#mayTakeSlow(slots)) return false
    const isKnown = this.#records.read(group).answeredAt !== undefined
    return isKnown || this.#heldBy((it) => it === group) < share(slots, 7 / 10)
  }

  /** Its latest calls were not answered. */
  isInDoubt(group: string): boolean {
    return this.#records.read(group).unanswered >= doubtAfter
  }

  /** A group takes a slot, which is to be given back. */
  take(group: string): HeldSlot {
    const slot = { group, since: this.#now() }
    this.#held.add(slot)
    this.#records.lives(group)
    return slot
  }

  giveBack(slot: HeldSlot): void {
    this.#held.delete(slot)
    const ms = this.#now() - slot.since
    const isLong = ms > longMs
    // A refusal may come before the work.
    if (slot.failed && !isLong) return
    const record = this.#records.of(slot.group)
    record.heldMs = record.heldMs * fading + ms
    record.heldLongMs = record.heldLongMs * fading + (isLong ? ms : 0)
    record.calls = record.calls * fading + 1
    record.longCalls = record.longCalls * fading + (isLong ? 1 : 0)
    record.endedAt = this.#now()
    this.#shares = undefined
  }

  /** A call that the group made at `startedAt` was answered. True: it may hold more slots than before. */
  answered(group: string, startedAt: number): boolean {
    const record = this.#records.of(group)
    const isNews = this.isInDoubt(group) || record.answeredAt === undefined
    record.unanswered = 0
    record.answeredAt = Math.max(startedAt, record.answeredAt ?? startedAt)
    return isNews
  }

  /**
   * A call that the group made at `startedAt` was sent, or given up, without an answer. That says nothing where one that
   * was made later, or with it, was answered before it was given up.
   */
  unanswered(group: string, startedAt: number): void {
    const record = this.#records.of(group)
    if (startedAt > (record.answeredAt ?? Number.NEGATIVE_INFINITY)) record.unanswered++
  }

  /** The last key of the group is gone. What is held against it stays for a while. */
  forget(group: string): void {
    this.#records.leaves(group)
  }

  /** The service was silent for all, and answers again. */
  forgetAll(): void {
    this.#records.clear()
    this.#shares = undefined
  }

  #mayTakeInDoubt(group: string, slots: number): boolean {
    const isFew = this.#heldBy((it) => it === group) < share(slots, 1 / 5)
    const areFew = this.#heldBy((it) => this.isInDoubt(it)) < share(slots, 1 / 2)
    return isFew && areFew && this.#mayTakeSlow(slots)
  }

  #mayTakeSlow(slots: number): boolean {
    return this.#heldBy((it) => this.isInDoubt(it) || this.#isSlow(it)) < share(slots, 7 / 10)
  }

  #isSlow(group: string): boolean {
    let { heldMs, heldLongMs, calls, longCalls } = this.#records.read(group)
    for (const slot of this.#held) {
      if (slot.group !== group) continue
      const ms = this.#now() - slot.since
      heldMs += ms
      if (ms <= longMs) continue
      heldLongMs += ms
      calls++
      longCalls++
    }
    if (heldLongMs <= heldMs / 2) return false
    const others = this.#longShareOfOthers(group)
    return others !== undefined && longCalls / calls > others + slowerBy
  }

  /** Which share of the calls of others is long, in the mean of the groups. */
  #longShareOfOthers(group: string): number | undefined {
    const { sum, count } = this.#longShares()
    const own = longShareOf(this.#records.read(group), this.#now())
    const others = own === undefined ? count : count - 1
    return others < 1 ? undefined : (sum - (own ?? 0)) / others
  }

  /** Of all groups: added up once per slot that is given back, and not for each group that asks. */
  #longShares(): Shares {
    const now = this.#now()
    const before = this.#shares
    if (before && now - before.at < sharesMs) return before
    const shares = [...this.#records.all].flatMap(([, record]) => longShareOf(record, now) ?? [])
    const sum = shares.reduce((total, it) => total + it, 0)
    this.#shares = { at: now, sum, count: shares.length }
    return this.#shares
  }

  #heldBy(which: (group: string) => boolean): number {
    let sum = 0
    for (const { group } of this.#held) if (which(group)) sum++
    return sum
  }
}

/** Which share of its calls of the last minutes is long; undefined: it made none. One call says little. */
function longShareOf({ calls, longCalls, endedAt }: Readonly<GroupRecord>, now: number): number | undefined {
  if (endedAt === undefined || now - endedAt >= newsMs) return undefined
  return (longCalls + 1) / (calls + 2)
}

function share(slots: number, part: number): number {
  return Math.max(1, Math.floor(slots * part))
}
