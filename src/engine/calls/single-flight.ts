import { KeyTurns } from '../../key-turns.ts'
import type { ObjectKey } from '../../ports/secrets.ts'

/** The keys that found work under way, in groups that take turns, and how often each did since it last did it itself. */
interface Flight {
  isUnderWay: boolean
  readonly joins: Map<ObjectKey, number>
  /** Those whose turn has not come. */
  readonly turns: KeyTurns
}

/**
 * Work that is the same for several keys is done by one at a time; the others wait for its end. Work that serves them all
 * wakes them all. Else it wakes one, which may do the work for itself, and so on: an end never has all of them ask again.
 * A key that was woken may not come soon, or not at all. So each of the others comes by itself after a while.
 */
export class SingleFlight {
  readonly #wake: (keys: readonly ObjectKey[]) => void
  readonly #flights = new Map<string, Flight>()
  /** What each key joined. */
  readonly #joined = new Map<ObjectKey, string>()

  /** @param wake asks for a reconcile of keys: the work that they joined has ended */
  constructor(wake: (keys: readonly ObjectKey[]) => void) {
    this.#wake = wake
  }

  /**
   * Waits for the work of this name that is under way. A key that joins again keeps its place.
   * @returns how often the key has joined in a row; 0: no such work is under way
   */
  join(name: string, key: ObjectKey, group: string): number {
    const flight = this.#flights.get(name)
    if (!flight?.isUnderWay) return 0
    if (this.#joined.get(key) !== name) this.leave(key)
    const joins = (flight.joins.get(key) ?? 0) + 1
    flight.joins.set(key, joins)
    flight.turns.add(key, group)
    this.#joined.set(key, name)
    return joins
  }

  /**
   * Does the work, which other keys can join meanwhile.
   * @param servesAll whether the others need not do it any more
   * @throws Error when work of this name is under way: join() it
   */
  async run<T>(
    name: string,
    key: ObjectKey,
    work: () => Promise<T>,
    servesAll: (result: T) => boolean,
  ): Promise<T> {
    this.leave(key)
    const flight = this.#flights.get(name) ?? this.#begin(name)
    if (flight.isUnderWay) throw new Error('this work is under way already')
    flight.isUnderWay = true
    let isForAll = false
    try {
      const result = await work()
      isForAll = servesAll(result)
      return result
    } finally {
      flight.isUnderWay = false
      this.#ended(name, flight, isForAll)
    }
  }

  /** The key does not want the work any more, or is gone. */
  leave(key: ObjectKey): void {
    const name = this.#joined.get(key)
    if (name === undefined) return
    this.#joined.delete(key)
    const flight = this.#flights.get(name)
    if (!flight) return
    flight.joins.delete(key)
    flight.turns.delete(key)
    this.#dropUnused(name, flight)
  }

  #begin(name: string): Flight {
    const flight: Flight = { isUnderWay: false, joins: new Map(), turns: new KeyTurns() }
    this.#flights.set(name, flight)
    return flight
  }

  #ended(name: string, flight: Flight, isForAll: boolean): void {
    const woken: ObjectKey[] = []
    do {
      const next = flight.turns.take()
      if (next === undefined) break
      woken.push(next)
    } while (isForAll)
    this.#dropUnused(name, flight)
    this.#wake(woken)
  }

  #dropUnused(name: string, flight: Flight): void {
    if (!flight.isUnderWay && flight.joins.size === 0) this.#flights.delete(name)
  }
}
