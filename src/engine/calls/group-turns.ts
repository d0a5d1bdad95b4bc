/** Something that waits in a group. The lower rank goes first; of equal ones, the one that came first. */
export interface Waiting {
  readonly group: string
  readonly rank: number
  readonly arrival: number
}

/** Groups take turns; within a group it goes by rank. */
export class GroupTurns<T extends Waiting> {
  /** In the order of their turns. None is empty. */
  readonly #groups = new Map<string, T[]>()

  get isEmpty(): boolean {
    return this.#groups.size === 0
  }

  add(item: T): void {
    const group = this.#groups.get(item.group)
    if (group) group.splice(positionOf(item, group), 0, item)
    else this.#groups.set(item.group, [item])
  }

  /** Takes the first of the group whose turn it is; the group's next turn comes after those of all others. */
  take(): T | undefined {
    const turn = this.#groups.entries().next()
    if (turn.done) return undefined
    const [name, group] = turn.value
    const item = group.shift()
    this.#groups.delete(name)
    if (group.length > 0) this.#groups.set(name, group)
    return item
  }

  remove(item: T): void {
    const group = this.#groups.get(item.group)
    const position = group?.indexOf(item) ?? -1
    if (position < 0) return
    group?.splice(position, 1)
    if (group?.length === 0) this.#groups.delete(item.group)
  }
}

/** Where an item belongs in a sorted group. */
function positionOf(item: Waiting, group: readonly Waiting[]): number {
  let low = 0
  let high = group.length
  while (low < high) {
    const middle = (low + high) >> 1
    const other = group[middle]
    if (other && goesBefore(item, other)) high = middle
    else low = middle + 1
  }
  return low
}

function goesBefore(a: Waiting, b: Waiting): boolean {
  return a.rank === b.rank ? a.arrival < b.arrival : a.rank < b.rank
}
