/** Work that is the same for several keys is done once; the others wait for its end, whatever that is. */
export class SingleFlight {
  readonly #flights = new Map<string, Promise<void>>()

  /** Resolves, and never rejects, when the work of this name that is under way has ended. Undefined: none is. */
  join(name: string): Promise<void> | undefined {
    return this.#flights.get(name)
  }

  /**
   * Does the work, which others can join meanwhile.
   * @throws Error when work of this name is under way: join() it
   */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.#flights.has(name)) throw new Error('this work is under way already')
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#flights.set(name, promise)
    try {
      return await work()
    } finally {
      this.#flights.delete(name)
      resolve()
    }
  }
}
