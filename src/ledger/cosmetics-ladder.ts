import type { ObjectKey } from '../ports/secrets.ts'

/**
 * What is left out of an upload because the service refused it (I13), from nothing to everything cosmetic. `Settings`: the
 * user's alias, use and tags. `ChainTag`: the tag `cert-sync/chain` as well. `AllTags`: the ownership tags as well.
 */
export const rungs = ['Nothing', 'Settings', 'ChainTag', 'AllTags'] as const
export type Rung = (typeof rungs)[number]

const higherAgainMs = 10 * 60_000
const secretsThatProve = 3
const groupsThatProve = 2

/**
 * Which rung the account needs. The first rung is a matter of each Secret; the lower ones become the account's where they
 * succeeded for three Secrets of two namespaces, so that one tenant's bad settings cost nobody else anything. Every ten
 * minutes one upload tries the higher rung again. Instants are ms of the monotonic clock.
 */
export class CosmeticsLadder {
  /** By rung: which Secrets were uploaded on it after the rung above was refused. */
  readonly #proven = new Map<Rung, Map<ObjectKey, string>>()
  #account: Rung = 'Nothing'
  #triedAt = Number.NEGATIVE_INFINITY

  /** The rung on which an upload begins; higher than the account's where it is time to try that again. */
  startOf(now: number): Rung {
    return now - this.#triedAt >= higherAgainMs ? above(this.#account) : this.#account
  }

  /** The account refuses every tag. */
  get refusesTags(): boolean {
    return this.#account === 'AllTags'
  }

  /** An upload on this rung begins. */
  begins(rung: Rung, now: number): void {
    if (isAbove(rung, this.#account)) this.#triedAt = now
  }

  /** An upload on this rung was answered with a certificate. `afterRefusal`: the rung above was refused for the same input. */
  succeeded(key: ObjectKey, group: string, rung: Rung, afterRefusal: boolean, now: number): void {
    if (isAbove(rung, this.#account)) {
      this.#account = rung === 'Settings' ? 'Nothing' : rung
      this.#proven.clear()
      return
    }
    if (!afterRefusal || rung === 'Nothing' || rung === 'Settings') return
    const proven = this.#proven.get(rung) ?? new Map<ObjectKey, string>()
    this.#proven.set(rung, proven.set(key, group))
    if (proven.size < secretsThatProve || new Set(proven.values()).size < groupsThatProve) return
    this.#account = rung
    this.#triedAt = now
  }
}

/** The next rung down; undefined at the end. */
export function below(rung: Rung): Rung | undefined {
  return rungs[rungs.indexOf(rung) + 1]
}

/** The lower of two rungs. */
export function lower(a: Rung, b: Rung): Rung {
  return isAbove(a, b) ? b : a
}

function above(rung: Rung): Rung {
  return rungs[Math.max(0, rungs.indexOf(rung) - 1)] ?? rung
}

function isAbove(a: Rung, b: Rung): boolean {
  return rungs.indexOf(a) < rungs.indexOf(b)
}
