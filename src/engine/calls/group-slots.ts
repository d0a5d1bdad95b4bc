/** After so many calls in a row without an answer, a group is in doubt. */
const doubtAfter = 5

/**
 * How many slots a group may hold, so that calls that hang do not take a lane from everybody: such a call costs its slot
 * up to 30 s, a good one a second, and turns alone would not make that fair.
 *
 * A group with five calls in a row without an answer is in doubt until one is answered: it holds a fifth of the slots at
 * most, and all groups in doubt hold half of them. A group of which no call was answered yet leaves three of ten slots to
 * others: the first calls of a group may all hang.
 */
export class GroupSlots {
  /** Slots that are taken, also after the call, by group. */
  readonly #held = new Map<string, number>()
  /** Calls in a row without an answer, by group. */
  readonly #unanswered = new Map<string, number>()
  /** When the latest call was made that was answered, by group. */
  readonly #answered = new Map<string, number>()

  /** Whether a group may take one more of so many slots. */
  mayTake(group: string, slots: number): boolean {
    const held = this.#held.get(group) ?? 0
    if (this.isInDoubt(group)) return held < share(slots, 1 / 5) && this.#heldInDoubt() < share(slots, 1 / 2)
    return this.#answered.has(group) || held < share(slots, 7 / 10)
  }

  /** Its latest calls were not answered. */
  isInDoubt(group: string): boolean {
    return (this.#unanswered.get(group) ?? 0) >= doubtAfter
  }

  took(group: string): void {
    this.#held.set(group, (this.#held.get(group) ?? 0) + 1)
  }

  gaveBack(group: string): void {
    const held = (this.#held.get(group) ?? 0) - 1
    if (held > 0) this.#held.set(group, held)
    else this.#held.delete(group)
  }

  /** A call that the group made at `startedAt` was answered. True: it may hold more slots than before. */
  answered(group: string, startedAt: number): boolean {
    const last = this.#answered.get(group)
    const isNews = this.isInDoubt(group) || last === undefined
    this.#unanswered.delete(group)
    this.#answered.set(group, Math.max(startedAt, last ?? startedAt))
    return isNews
  }

  /**
   * A call that the group made at `startedAt` was sent, or given up, without an answer. That says nothing where one that
   * was made later, or with it, was answered before it was given up.
   */
  unanswered(group: string, startedAt: number): void {
    if (startedAt <= (this.#answered.get(group) ?? Number.NEGATIVE_INFINITY)) return
    this.#unanswered.set(group, (this.#unanswered.get(group) ?? 0) + 1)
  }

  /** The group is gone. */
  forget(group: string): void {
    this.#unanswered.delete(group)
    this.#answered.delete(group)
  }

  /** The service was silent for all, and answers again. */
  forgetAll(): void {
    this.#unanswered.clear()
    this.#answered.clear()
  }

  #heldInDoubt(): number {
    let sum = 0
    for (const [group, held] of this.#held) if (this.isInDoubt(group)) sum += held
    return sum
  }
}

function share(slots: number, part: number): number {
  return Math.max(1, Math.floor(slots * part))
}
