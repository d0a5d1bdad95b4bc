/**
 * What waits to be sent. Namespaces take turns, and what is too much is dropped from the namespace that has most: one that has
 * many Events delays and drops those of no other. For a bounded number: taking the largest namespace looks at all of them.
 */
export class EventQueue<T> {
  readonly #most: number
  /** In the order of their turns; none is empty. */
  readonly #namespaces = new Map<string, Set<T>>()
  #size = 0

  /** @param most so many wait at most */
  constructor(most: number) {
    this.#most = most
  }

  has(item: T, namespace: string): boolean {
    return this.#namespaces.get(namespace)?.has(item) ?? false
  }

  /** Returns what had to be dropped for it: the oldest of the namespace that has most. */
  add(item: T, namespace: string): T | undefined {
    if (this.has(item, namespace)) return undefined
    const items = this.#namespaces.get(namespace) ?? new Set<T>()
    this.#namespaces.set(namespace, items.add(item))
    this.#size += 1
    if (this.#size <= this.#most) return undefined
    const [largest] = [...this.#namespaces].reduce((a, b) => (b[1].size > a[1].size ? b : a))
    const [oldest] = this.#namespaces.get(largest) ?? []
    if (oldest !== undefined) this.#delete(oldest, largest)
    return oldest
  }

  /** Takes the oldest of the namespace whose turn it is; its next turn comes after those of all others. */
  take(): T | undefined {
    for (const [namespace, items] of this.#namespaces) {
      for (const item of items) {
        this.#namespaces.delete(namespace)
        this.#namespaces.set(namespace, items)
        this.#delete(item, namespace)
        return item
      }
    }
    return undefined
  }

  clear(): void {
    this.#namespaces.clear()
    this.#size = 0
  }

  #delete(item: T, namespace: string): void {
    const items = this.#namespaces.get(namespace)
    if (!items?.delete(item)) return
    this.#size -= 1
    if (items.size === 0) this.#namespaces.delete(namespace)
  }
}
