import type { ObjectKey } from '../ports/secrets.ts'

/**
 * What is left out of an upload because the service refused it (I13), from nothing to everything cosmetic. `Settings`: the
 * user's alias, use and tags. `ChainTag`: the tag `cert-sync/chain` as well. `Everything`: the ownership tags as well.
 */
export const rungs = ['Nothing', 'Settings', 'ChainTag', 'Everything'] as const
export type Rung = (typeof rungs)[number]

/** What an account refuses of every upload: nothing, the chain tag alone, or everything cosmetic. */
export type AccountRung = Exclude<Rung, 'Settings'>

const higherAgainMs = 10 * 60_000
const secretsThatProve = 3
const groupsThatProve = 2

/**
 * Which rung the account needs. Settings are a matter of each Secret; the lower rungs become the account's where they
 * succeeded for three Secrets of two namespaces, so that one tenant's bad settings cost nobody else anything. Every ten
 * minutes one upload tries the higher rung again. Instants are ms of the monotonic clock.
 */
export class CosmeticsLadder {
  /**
   * By rung: which Secrets were uploaded on it after the rung above was refused, and of which group. Few are needed of each
   * group: no more are kept.
   */
  readonly #proven = new Map<Rung, Map<ObjectKey, string>>()
  #account: AccountRung = 'Nothing'
  #triedAt = Number.NEGATIVE_INFINITY

  /** What every upload leaves out; less where it is time to try again. */
  accountAt(now: number): AccountRung {
    if (now - this.#triedAt < higherAgainMs) return this.#account
    return this.#account === 'Everything' ? 'ChainTag' : 'Nothing'
  }

  /** What the account refuses, so that certificates of ours may lack it. */
  get refused(): AccountRung {
    return this.#account
  }

  /** An upload that leaves this out on account of the account begins. */
  begins(account: AccountRung, now: number): void {
    if (isAbove(account, this.#account)) this.#triedAt = now
  }

  /**
   * An upload was answered with a new certificate. One that was there already proves nothing: its cosmetics were not read.
   *
   * @param group the Secret's namespace
   * @param sent what it left out, on account of the Secret or of the account
   * @param afterRefusal more was refused for the same input before
   */
  succeeded(
    { key, group }: { readonly key: ObjectKey; readonly group: string },
    { sent, afterRefusal }: { readonly sent: Rung; readonly afterRefusal: boolean },
    now: number,
  ): void {
    if (isAbove(sent, this.#account)) {
      this.#account = sent === 'ChainTag' ? 'ChainTag' : 'Nothing'
      this.#proven.clear()
      return
    }
    if (!afterRefusal || sent === 'Nothing' || sent === 'Settings') return
    const proven = this.#proven.get(sent) ?? new Map<ObjectKey, string>()
    const ofGroup = [...proven.values()].filter((it) => it === group).length
    if (ofGroup < secretsThatProve) this.#proven.set(sent, proven.set(key, group))
    if (proven.size < secretsThatProve || new Set(proven.values()).size < groupsThatProve) return
    this.#proven.delete(sent)
    this.#account = sent
    this.#triedAt = now
  }

  /** The Secret is gone, or opted out: it proves nothing any more. */
  forget(key: ObjectKey): void {
    for (const proven of this.#proven.values()) proven.delete(key)
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

function isAbove(a: Rung, b: Rung): boolean {
  return rungs.indexOf(a) < rungs.indexOf(b)
}
