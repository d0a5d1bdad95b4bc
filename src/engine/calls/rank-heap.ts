/** The lower rank goes first; of equal ones, the one that came first. */
export interface Ranked {
  readonly rank: number
  readonly arrival: number
}

/** So many removed items may stay in a small heap. */
const slack = 32

/** Items in the order of their rank. Each operation takes logarithmic time, on average. */
export class RankHeap<T extends Ranked> {
  /** A binary heap. Removed items stay in it until they come up, or are too many. */
  #heap: T[] = []
  readonly #items = new Set<T>()

  get size(): number {
    return this.#items.size
  }

  /** The first one, which stays. */
  get first(): T | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#items.has(first)) return first
      this.#shift()
    }
    return undefined
  }

  add(item: T): void {
    this.#items.add(item)
    this.#push(item)
  }

  take(): T | undefined {
    const item = this.first
    if (item !== undefined) {
      this.#items.delete(item)
      this.#shift()
    }
    return item
  }

  remove(item: T): void {
    if (!this.#items.delete(item) || this.#heap.length <= 2 * this.#items.size + slack) return
    this.#heap = []
    for (const other of this.#items) this.#push(other)
  }

  #push(item: T): void {
    const heap = this.#heap
    let at = heap.length
    for (let up = (at - 1) >> 1; at > 0; up = (at - 1) >> 1) {
      const parent = heap[up]
      if (parent === undefined || !goesBefore(item, parent)) break
      heap[at] = parent
      at = up
    }
    heap[at] = item
  }

  #shift(): void {
    const heap = this.#heap
    const item = heap.pop()
    if (item === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]]
      if (left === undefined) break
      const isRight = right !== undefined && goesBefore(right, left)
      const child = isRight ? right : left
      if (!goesBefore(child, item)) break
      heap[at] = child
      at = 2 * at + (isRight ? 2 : 1)
    }
    heap[at] = item
  }
}

function goesBefore(a: Ranked, b: Ranked): boolean {
  return a.rank === b.rank ? a.arrival < b.arrival : a.rank < b.rank
}
