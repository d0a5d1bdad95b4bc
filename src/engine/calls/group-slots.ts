import { GroupRecords } from './group-records.ts'

/** After so many calls in a row without an answer, a group is in doubt. */
const doubtAfter = 5
/** A slot is held for long that is held for more than a call of 3 s and the second after it, ms. */
const longMs = 4_000
/** What the slot time of a group weighs after one more call of it. */
const fading = 0.98
/** So long after a call of it was answered soon, a group shows that the service is not slow for all, ms. */
const newsMs = 300_000

/** A slot that a group holds. */
export interface HeldSlot {
  readonly group: string
  readonly since: number
}

/**
 * How many slots a group may hold, so that calls that hang, or take long, do not take a lane from everybody: such a call
 * costs its slot up to 30 s, a good one a second, and turns alone would not make that fair.
 *
 * - A group with five calls in a row without an answer is in doubt until one is answered: it holds a fifth of the slots at
 *   most, and all groups in doubt hold half of them.
 * - A group of which no call was answered yet leaves three of ten slots to others: the first calls of a group may all hang.
 * - A group is slow that spends most of its slot time on slots that it holds for more than 4 s. All groups that are slow or
 *   in doubt leave three of ten slots to others. Not so where the service seems to be slow for all: no call of another
 *   group was answered soon within the last five minutes.
 */
export class GroupSlots {
  readonly #now: () => number
  /** Slots that are taken, also after the call. */
  readonly #held = new Set<HeldSlot>()
  readonly #records: GroupRecords
  /** The two groups of which a call was answered soon most recently, and when. */
  #quick: { readonly group: string; readonly at: number }[] = []

  /** @param now the monotonic clock, ms */
  constructor(now: () => number) {
    this.#now = now
    this.#records = new GroupRecords(now)
  }

  /** Whether a group may take one more of so many slots. */
  mayTake(group: string, slots: number): boolean {
    if (this.isInDoubt(group)) return this.#mayTakeInDoubt(group, slots)
    if (this.#isSlow(group) && !this.#mayTakeSlow(group, slots)) return false
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
    const record = this.#records.of(slot.group)
    record.heldMs = record.heldMs * fading + ms
    record.heldLongMs = record.heldLongMs * fading + (ms > longMs ? ms : 0)
  }

  /** A call that the group made at `startedAt` was answered. True: it may hold more slots than before. */
  answered(group: string, startedAt: number): boolean {
    const record = this.#records.of(group)
    const isNews = this.isInDoubt(group) || record.answeredAt === undefined
    record.unanswered = 0
    record.answeredAt = Math.max(startedAt, record.answeredAt ?? startedAt)
    const now = this.#now()
    if (now - startedAt < longMs && !this.#isSlow(group)) {
      const others = this.#quick.filter((it) => it.group !== group)
      this.#quick = [{ group, at: now }, ...others.slice(0, 1)]
    }
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
  }

  #mayTakeInDoubt(group: string, slots: number): boolean {
    const isFew = this.#heldBy((it) => it === group) < share(slots, 1 / 5)
    const areFew = this.#heldBy((it) => this.isInDoubt(it)) < share(slots, 1 / 2)
    return isFew && areFew && this.#mayTakeSlow(group, slots)
  }

  #mayTakeSlow(group: string, slots: number): boolean {
    if (!this.#isAnotherQuick(group)) return true
    return this.#heldBy((it) => this.isInDoubt(it) || this.#isSlow(it)) < share(slots, 7 / 10)
  }

  #isSlow(group: string): boolean {
    let { heldMs, heldLongMs } = this.#records.read(group)
    for (const slot of this.#held) {
      if (slot.group !== group) continue
      const ms = this.#now() - slot.since
      heldMs += ms
      if (ms > longMs) heldLongMs += ms
    }
    return heldLongMs > heldMs / 2
  }

  #isAnotherQuick(than: string): boolean {
    const since = this.#now() - newsMs
    return this.#quick.some(({ group, at }) => group !== than && at > since && !this.#isSlow(group))
  }

  #heldBy(which: (group: string) => boolean): number {
    let sum = 0
    for (const { group } of this.#held) if (which(group)) sum++
    return sum
  }
}

function share(slots: number, part: number): number {
  return Math.max(1, Math.floor(slots * part))
}
