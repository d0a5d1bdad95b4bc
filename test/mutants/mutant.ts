/** One sabotage of a piece of code within one function. */
export interface Mutant {
  /** What does not hold any more. */
  readonly name: string
  /** From the project's folder. */
  readonly file: string
  /** The function, method or class: `next`, `Ledger.holderOf`, `Ledger.#drop`, `Ledger.constructor`. */
  readonly within: string
  /** Occurs there exactly once. White space counts as any other white space, so that line breaks may move. */
  readonly original: string
  readonly mutated: string
  /** Files of unit tests, from the project's folder: at least one of their tests has to fail. */
  readonly tests: readonly string[]
}
