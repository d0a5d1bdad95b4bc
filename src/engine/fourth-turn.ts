/** Of two that both have something, the other one has its turn after so many. */
const inARow = 3

export interface Takable<T> {
  readonly isEmpty: boolean
  take(): T | undefined
}

/** Takes from the first, but every fourth time from the second where both have something. */
export class FourthTurn {
  #row = 0

  take<T>(first: Takable<T>, second: Takable<T>): T | undefined {
    if (second.isEmpty) return first.take()
    if (first.isEmpty) {
      this.#row = 0
      return second.take()
    }
    const isSecond = this.#row >= inARow
    this.#row = isSecond ? 0 : this.#row + 1
    return isSecond ? second.take() : first.take()
  }
}
