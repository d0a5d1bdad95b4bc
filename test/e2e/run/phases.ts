/** How long one part of a run took, ms. */
export interface Phase {
  readonly name: string
  readonly ms: number
}

/** The parts of a run, one after the other; each is told when it begins and when it is over. */
export class Phases {
  readonly #done: Phase[] = []
  readonly #say: (text: string) => void

  constructor(say: (text: string) => void) {
    this.#say = say
  }

  /** Does the work as a part of that name, whatever becomes of it. */
  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const begun = performance.now()
    this.#say(`==> ${name}`)
    try {
      return await work()
    } finally {
      const ms = performance.now() - begun
      this.#done.push({ name, ms })
      this.#say(`    ${name}: ${inSeconds(ms)}`)
    }
  }

  get done(): readonly Phase[] {
    return this.#done
  }
}

/** "12.3 s", from two minutes on "3 min 20 s". */
export function inSeconds(ms: number): string {
  const seconds = ms / 1_000
  if (seconds < 120) return `${seconds.toFixed(1)} s`
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
}
