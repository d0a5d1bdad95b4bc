import type { ObjectKey } from '../ports/secrets.ts'
import { type AccountDoubt, concerns, judge } from './account-doubt.ts'
import type { Claims } from './claims.ts'

export interface AccountTrustParts {
  readonly claims: Claims
  /** The account turned out to be another one. */
  readonly onDoubt: (doubt: AccountDoubt) => void
  /** It turned out to be the right one. */
  readonly onTrust: () => void
  /** The doubt concerns less than before. */
  readonly onNarrowed: () => void
}

/** Whether the account is the one of the ids on record. Instants are ms of the monotonic clock. */
export class AccountTrust {
  readonly #parts: AccountTrustParts
  #ownerUin: string | undefined
  #doubt: AccountDoubt | undefined
  /** The ids that a doubt follows from, and how many claims of them may end before it is judged again. */
  #evidence: { readonly missed: ReadonlySet<string>; spare: number } | undefined
  /** When a certificate of ours was last uploaded or listed. */
  #oursAt: number | undefined

  constructor(parts: AccountTrustParts) {
    this.#parts = parts
  }

  get doubt(): AccountDoubt | undefined {
    return this.#doubt
  }

  /** Whether a key waits because of a doubt. */
  isDoubtedFor(key: ObjectKey): boolean {
    return this.#doubt !== undefined && concerns(this.#doubt, key)
  }

  /** A certificate was listed with this owner. Another one than before: the account is another one. */
  foundOwner(ownerUin: string): void {
    this.#ownerUin ??= ownerUin
    if (this.#ownerUin !== ownerUin) this.#begin({ why: 'OwnerChanged', namespace: undefined })
  }

  /** The account holds a certificate that this operator made: it is not another one, whatever ids statuses name. */
  foundOurs(now: number): void {
    this.#oursAt = Math.max(this.#oursAt ?? now, now)
    if (this.#doubt?.why === 'NoneFound') this.trust()
  }

  /**
   * None of the ids on record was found since then.
   *
   * @param missed those of them that were looked up
   */
  foundNone(missed: ReadonlySet<string>, since: number): void {
    if (this.#oursAt !== undefined && this.#oursAt >= since) return
    const verdict = judge(this.#parts.claims.all.filter(([, certificateId]) => missed.has(certificateId)))
    if (verdict && this.#begin(verdict.doubt)) this.#evidence = { missed, spare: verdict.spare }
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
    this.#doubt = verdict.doubt
    this.#evidence = { missed, spare: verdict.spare }
    if (verdict.doubt.namespace !== doubt.namespace) onNarrowed()
  }

  /** Ends a doubt, where there is one. */
  trust(): void {
    if (this.#doubt === undefined) return
    this.#doubt = undefined
    this.#evidence = undefined
    this.#ownerUin = undefined
    this.#parts.onTrust()
  }

  /** Whether it is news. */
  #begin(doubt: AccountDoubt): boolean {
    const before = this.#doubt
    if (before && (before.namespace === undefined || doubt.namespace !== undefined)) return false
    this.#doubt = doubt
    this.#evidence = undefined
    this.#parts.onDoubt(doubt)
    return true
  }
}
