/** A key in its group, or a group in the order of turns. */
interface Place<T> {
  readonly value: T
  before: Place<T> | undefined
  after: Place<T> | undefined
}

/** A linked list: unlike a Map or an Array, it takes the first of a hundred thousand as fast as the only one. */
class Line<T> {
  first: Place<T> | undefined
  last: Place<T> | undefined

  append(value: T): Place<T> {
    const place: Place<T> = { value, before: this.last, after: undefined }
    if (this.last) this.last.after = place
    else this.first = place
    this.last = place
    return place
  }

  remove({ before, after }: Place<T>): void {
    if (before) before.after = after
    else this.first = after
    if (after) after.before = before
    else this.last = before
  }
}

interface Key {
  readonly key: string
  readonly group: string
}

interface Group {
  readonly name: string
  readonly keys: Line<Key>
}

/**
 * Keys that wait. Groups take turns; within a group, the key that came first goes first. Every operation takes the same
 * time, however many keys and groups there are.
 */
export class KeyTurns {
  readonly #keys = new Map<string, Place<Key>>()
  /** None is empty. */
  readonly #groups = new Map<string, Place<Group>>()
  readonly #order = new Line<Group>()

  get isEmpty(): boolean {
    return this.#keys.size === 0
  }

  get size(): number {
    return this.#keys.size
  }

  has(key: string): boolean {
    return this.#keys.has(key)
  }

  /** A key that waits already keeps its place. */
  add(key: string, group: string): void {
    if (this.#keys.has(key)) return
    const { keys } = (this.#groups.get(group) ?? this.#begin(group)).value
    this.#keys.set(key, keys.append({ key, group }))
  }

  /** Takes the first key of the group whose turn it is; the group's next turn comes after those of all others. */
  take(): string | undefined {
    const group = this.#order.first
    const first = group?.value.keys.first
    if (!group || !first) return undefined
    const { key } = first.value
    this.delete(key)
    if (group.value.keys.first) {
      this.#order.remove(group)
      this.#groups.set(group.value.name, this.#order.append(group.value))
    }
    return key
  }

  /** Whether the key waited. */
  delete(key: string): boolean {
    const place = this.#keys.get(key)
    const group = place && this.#groups.get(place.value.group)
    if (!place || !group) return false
    this.#keys.delete(key)
    group.value.keys.remove(place)
    if (!group.value.keys.first) {
      this.#groups.delete(group.value.name)
      this.#order.remove(group)
    }
    return true
  }

  clear(): void {
    while (this.take() !== undefined);
  }

  #begin(name: string): Place<Group> {
    const group = this.#order.append({ name, keys: new Line() })
    this.#groups.set(name, group)
    return group
  }
}
