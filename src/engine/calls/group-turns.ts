import { type Ranked, RankHeap } from './rank-heap.ts'

/** Something that waits in a group. */
export interface Waiting extends Ranked {
  readonly group: string
}

/** Groups take turns; within a group it goes by rank. */
export class GroupTurns<T extends Waiting> {
  /** In the order of their turns. None is empty. */
  readonly #groups = new Map<string, RankHeap<T>>()
  readonly #mayGo: (group: string) => boolean

  /** @param mayGo whether a group may have its turn now; else its turn goes to the next */
  constructor(mayGo: (group: string) => boolean = () => true) {
    this.#mayGo = mayGo
  }

  /** Nothing can be taken: nothing waits, or no group that waits may go. */
  get isEmpty(): boolean {
    return this.#next === undefined
  }

  add(item: T): void {
    const group = this.#groups.get(item.group) ?? new RankHeap<T>()
    group.add(item)
    this.#groups.set(item.group, group)
  }

  /** Takes the first of the group whose turn it is; the group's next turn comes after those of all others. */
  take(): T | undefined {
    const name = this.#next
    const group = name === undefined ? undefined : this.#groups.get(name)
    if (name === undefined || !group) return undefined
    const item = group.take()
    this.#groups.delete(name)
    if (group.size > 0) this.#groups.set(name, group)
    return item
  }

  remove(item: T): void {
    const group = this.#groups.get(item.group)
    group?.remove(item)
    if (group?.size === 0) this.#groups.delete(item.group)
  }

  get #next(): string | undefined {
    for (const name of this.#groups.keys()) if (this.#mayGo(name)) return name
    return undefined
  }
}
