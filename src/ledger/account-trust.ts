import type { ObjectKey } from '../ports/secrets.ts'
import { type AccountDoubt, concerns, judge, type Verdict } from './account-doubt.ts'
import type { Claims } from './claims.ts'
import { type Entry, listedLateMs } from './entry.ts'

export interface AccountTrustParts {
  readonly claims: Claims
  /** The account turned out to be another one. */
  readonly onDoubt: (doubt: AccountDoubt) => void
  /** It turned out to be the right one. */
  readonly onTrust: () => void
  /** The doubt concerns less than before. */
  readonly onNarrowed: () => void
}

/** An id on record that lookups do not find. */
export interface Suspect {
  readonly certificateId: string
  /** When one missed it first, ms of the monotonic clock. */
  readonly suspectSince: number
}

/** What decisions may ask. */
export type AccountTrustReader = Pick<
  AccountTrust,
  'isDoubted' | 'isWholeDoubted' | 'areAllIdsDoubted' | 'isProven' | 'isDoubtedFor' | 'isDoubtedId'
>

/** What a doubt follows from. */
interface Evidence {
  /** Ids on record that the account does not show. */
  readonly missed: ReadonlySet<string>
  /** How many claims of them may end before the doubt is judged again. */
  spare: number
}

/** Whether the account is the one of the ids on record. Instants are ms of the monotonic clock. */
export class AccountTrust {
  readonly #parts: AccountTrustParts
  #ownerUin: string | undefined
  #doubt: AccountDoubt | undefined
  #evidence: Evidence | undefined
  /** Since when the credentials are the same. */
  #since = Number.NEGATIVE_INFINITY
  #isProven = false

  constructor(parts: AccountTrustParts) {
    this.#parts = parts
  }

  /** The ids belong to another account than before, or the credentials see nothing: for somebody. */
  get isDoubted(): boolean {
    return this.#doubt !== undefined
  }

  /** The same, for everybody: no Secret of any namespace is uploaded. */
  get isWholeDoubted(): boolean {
    return this.#doubt !== undefined && this.#doubt.namespace === undefined
  }

  /** The same, and no namespace is known whose ids the account does show: it is a matter for everybody. */
  get areAllIdsDoubted(): boolean {
    return this.#doubt?.isOfAllIds ?? false
  }

  /** These credentials have shown a certificate of ours, or one on record, that was there before. */
  get isProven(): boolean {
    return this.#isProven
  }

  /** A key waits because its account may be another one. */
  isDoubtedFor(key: ObjectKey): boolean {
    return this.#doubt !== undefined && concerns(this.#doubt, key)
  }

  /** The account may be another one because it does not show this id, among others; the key waits because of it. */
  isDoubtedId(certificateId: string, key: ObjectKey): boolean {
    return this.isDoubtedFor(key) && this.isEvidence(certificateId)
  }

  /** Whether a doubt follows from an id. */
  isEvidence(certificateId: string): boolean {
    return this.#evidence?.missed.has(certificateId) ?? false
  }

  /** A certificate was listed with this owner. Another one than before: the account is another one. */
  foundOwner(ownerUin: string): void {
    this.#ownerUin ??= ownerUin
    if (this.#ownerUin !== ownerUin)
      this.#begin({ why: 'OwnerChanged', namespace: undefined, isOfAllIds: true })
  }

  /**
   * A listing or a lookup showed a certificate. It proves that the account is the right one if it is ours or on record, and
   * was there before: what this process uploads with these credentials is there in any account. A doubt is ended only by what
   * no tenant can write down.
   *
   * @param isOurs its tags say that this operator made it
   */
  shown(entry: Entry, isOurs: boolean): void {
    if (this.isFromHere(entry) || !(isOurs || entry.claimants.size > 0)) return
    this.#isProven = true
    const endsDoubt = isOurs || this.isEvidence(entry.certificateId)
    if (endsDoubt && this.#doubt?.why === 'NoneFound') this.trust()
  }

  /** This process uploaded it with these credentials, or may have: that succeeds in any account. */
  isFromHere({ madeAt }: Entry): boolean {
    return madeAt !== undefined && madeAt >= this.#since
  }

  /**
   * Judges the account by ids on record that it does not show, as long as nothing proves it. It may list them late: one that
   * was missed less than a minute ago does not count yet.
   *
   * @returns when to judge again, once these were looked up again; undefined: they would not change anything
   */
  judge(suspects: readonly Suspect[], now: number): number | undefined {
    if (this.#isProven) return undefined
    const isEarly = ({ suspectSince }: Suspect) => now - suspectSince < listedLateMs
    const missed = idsOf(suspects.filter((it) => !isEarly(it)))
    const verdict = this.#verdictOn(missed)
    if (verdict) {
      const { namespace, spare } = verdict
      const doubt = { why: 'NoneFound', namespace, isOfAllIds: this.#isOfAllIds(namespace) } as const
      this.#begin(doubt, { missed, spare })
    }
    const early = suspects.filter(isEarly)
    if (early.length === 0 || !this.#verdictOn(idsOf(suspects))) return undefined
    return early.reduce((last, it) => Math.max(last, it.suspectSince), 0) + listedLateMs
  }

  /** A claim of a key has ended: a doubt lasts no longer than the claims that it follows from, nor concerns more. */
  claimEnded(key: ObjectKey, certificateId: string | undefined): void {
    const [doubt, evidence] = [this.#doubt, this.#evidence]
    if (certificateId === undefined || !doubt || !evidence) return
    const { missed } = evidence
    if (!missed.has(certificateId) || !concerns(doubt, key) || evidence.spare-- > 0) return
    const { claims, onNarrowed } = this.#parts
    const verdict = judge(claims.all.filter(([by, id]) => missed.has(id) && concerns(doubt, by)))
    if (!verdict) {
      this.trust()
      return
    }
    const { namespace, spare } = verdict
    this.#evidence = { missed, spare }
    if (namespace === doubt.namespace) return
    this.#doubt = { ...doubt, namespace, isOfAllIds: this.#isOfAllIds(namespace) }
    onNarrowed()
  }

  /** Ends a doubt, where there is one. */
  trust(): void {
    if (this.#doubt === undefined) return
    this.#doubt = undefined
    this.#evidence = undefined
    this.#ownerUin = undefined
    this.#parts.onTrust()
  }

  /** What the former credentials showed proves nothing of the account of these. */
  credentialsChanged(now: number): void {
    this.#since = now
    this.#isProven = false
    this.trust()
  }

  #verdictOn(missed: ReadonlySet<string>): Verdict | undefined {
    return judge(this.#parts.claims.all.filter(([, certificateId]) => missed.has(certificateId)))
  }

  #isOfAllIds(namespace: string | undefined): boolean {
    return namespace === undefined || !this.#parts.claims.areInOthers(new Set([namespace]))
  }

  /** Begins a doubt, unless it concerns no more than the one that there is. */
  #begin(doubt: AccountDoubt, evidence?: Evidence): void {
    const before = this.#doubt
    if (before && (before.namespace === undefined || doubt.namespace !== undefined)) return
    this.#doubt = doubt
    this.#evidence = evidence
    this.#parts.onDoubt(doubt)
  }
}

function idsOf(suspects: readonly Suspect[]): ReadonlySet<string> {
  return new Set(suspects.map((it) => it.certificateId))
}
