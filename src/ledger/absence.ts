import { splitKey } from '../contract/object-key.ts'
import type { ObjectKey } from '../ports/secrets.ts'
import type { AccountTrust, Suspect } from './account-trust.ts'
import type { Certificates } from './certificates.ts'
import type { Claims } from './claims.ts'
import { claimAfterMs, type Entry, goneAfterMs, isNamedElsewhere, listedLateMs } from './entry.ts'
import { HiddenIds } from './hidden-ids.ts'

export interface AbsenceParts {
  readonly certificates: Certificates
  readonly claims: Claims
  readonly trust: AccountTrust
}

/** What may be asked about absence. Nothing here changes what is known. */
export type AbsenceReader = Pick<
  Absence,
  | 'countsFrom'
  | 'hidesCertificates'
  | 'isHidden'
  | 'isSuspect'
  | 'isNotVisible'
  | 'isUnseenReplacement'
  | 'nextSuspectAt'
  | 'provesFrom'
  | 'suspects'
>

/** A claimed id that a lookup did not find. */
interface Missed extends Suspect {
  readonly entry: Entry
}

/**
 * What it proves that a lookup does not find a certificate, and from when on. It proves nothing while the certificate may be
 * listed late, while the credentials hide it, or while the account may be another one. Otherwise a second lookup proves that
 * the certificate is gone. Instants are ms of the monotonic clock.
 */
export class Absence {
  readonly #certificates: Certificates
  readonly #claims: Claims
  readonly #trust: AccountTrust
  readonly #hidden = new HiddenIds(claimAfterMs)

  constructor({ certificates, claims, trust }: AbsenceParts) {
    this.#certificates = certificates
    this.#claims = claims
    this.#trust = trust
  }

  /** Claimed ids that one lookup did not find, long enough ago for the second one. */
  suspects(now: number): string[] {
    return this.#suspects(now)
      .filter(({ suspectSince }) => now - suspectSince >= goneAfterMs)
      .map((it) => it.certificateId)
  }

  /**
   * Ids on record that the account does not show, and since when. Not among them: what this process uploaded to it; any, while
   * the credentials hide certificates.
   */
  missedOfRecord(now: number): Suspect[] {
    if (this.hidesCertificates(now)) return []
    return this.#missed().flatMap((it) => (this.#trust.isFromHere(it.entry) ? [] : [it]))
  }

  /** When the second lookup of a claimed id is due; undefined: of none. */
  nextSuspectAt(now: number): number | undefined {
    const all = this.#suspects(now)
    if (all.length === 0) return undefined
    return all.reduce((least, it) => Math.min(least, it.suspectSince), Number.POSITIVE_INFINITY) + goneAfterMs
  }

  /**
   * The credentials see only some of the certificates: that one is not found proves nothing. It takes two ids of two
   * namespaces to say so of the account, where there are so many: one tenant's word is not enough.
   */
  hidesCertificates(now: number): boolean {
    const { ids, namespaces } = this.#hidden.evidenceAt(now)
    if (ids.size === 0) return false
    return (
      (ids.size > 1 || !this.#claims.nameOthers(ids)) &&
      (namespaces.size > 1 || !this.#claims.areInOthers(namespaces))
    )
  }

  /**
   * That lookups do not find an id proves nothing: the credentials do not see it. Nor do they see the copy that was made for one
   * that was missed, as long as nothing shows it: another copy would be missed as well.
   */
  isHidden(certificateId: string, now: number): boolean {
    return (
      this.isUnseenReplacement(certificateId) ||
      this.#hidden.excuses(certificateId, now) ||
      this.hidesCertificates(now)
    )
  }

  /** It was made as a copy because another one was missed, and nothing has shown it yet. */
  isUnseenReplacement(certificateId: string): boolean {
    const { isReplacement, listedAt } = this.#certificates.get(certificateId) ?? {}
    return isReplacement === true && listedAt === undefined
  }

  /** The service named an id that lookups do not show, and none has shown it since. */
  isNotVisible(certificateId: string): boolean {
    return this.#hidden.has(certificateId)
  }

  /** The last lookup that proves something did not find it, which is not enough to call it gone. */
  isSuspect(certificateId: string): boolean {
    const entry = this.#certificates.get(certificateId)
    return entry?.suspectSince !== undefined && !entry.gone
  }

  /** From when on it proves something that a lookup does not find an id: one that was never listed may be listed late. */
  countsFrom(certificateId: string): number {
    const { seenAt, listedAt } = this.#certificates.get(certificateId) ?? {}
    return seenAt === undefined || listedAt !== undefined ? Number.NEGATIVE_INFINITY : seenAt + listedLateMs
  }

  /**
   * From when on a lookup that a key asks for and that does not find an id proves that it is gone: at once where this process
   * has seen the id; a minute after the first lookup where it has not, since the id may be listed late. Where Secrets of
   * another namespace name the id too, it takes as long as without a request.
   */
  provesFrom(certificateId: string, requestedBy: ObjectKey | undefined): number {
    const entry = this.#certificates.get(certificateId)
    if (entry?.suspectSince === undefined) return this.countsFrom(certificateId)
    const { suspectSince, seenAt } = entry
    if (requestedBy === undefined || isNamedElsewhere(entry, requestedBy)) return suspectSince + goneAfterMs
    return suspectSince + (seenAt === undefined ? listedLateMs : 0)
  }

  /**
   * A lookup by id did not find it.
   *
   * @param requestedBy the key whose request asked for exactly this; undefined: none did
   * @returns whether this proves that it is gone, which was not known before
   */
  missed(entry: Entry, requestedBy: ObjectKey | undefined, now: number): boolean {
    if (!this.#counts(entry, now)) return false
    entry.suspectSince ??= now
    if (entry.gone || now < this.provesFrom(entry.certificateId, requestedBy)) return false
    this.#certificates.end(entry)
    this.#hidden.end(entry.certificateId)
    return true
  }

  /**
   * The service named an id that was called gone: lookups do not show it.
   *
   * @param key for whose Secret
   */
  named(certificateId: string, key: ObjectKey, now: number): void {
    this.#hidden.learn(certificateId, splitKey(key).namespace, now)
  }

  /** An id is shown, or dropped to make room: that it was hidden is forgotten. */
  forget(certificateId: string): void {
    this.#hidden.end(certificateId)
  }

  #counts({ certificateId, claimants }: Entry, now: number): boolean {
    const { isDoubted, isWholeDoubted } = this.#trust
    const mayConcern = isDoubted && (isWholeDoubted || claimants.size > 0)
    const isConcerned = mayConcern && [...claimants].every((key) => this.#trust.isDoubtedFor(key))
    return !isConcerned && now >= this.countsFrom(certificateId) && !this.isHidden(certificateId, now)
  }

  /** Claimed ids that a lookup did not find, as long as that proves anything. */
  #suspects(now: number): Missed[] {
    if (this.hidesCertificates(now)) return []
    return this.#missed().filter(({ entry }) => !this.#trust.isDoubted || this.#counts(entry, now))
  }

  /** Claimed ids that a lookup did not find. */
  #missed(): Missed[] {
    return [...this.#certificates.all].flatMap((entry) => {
      const { certificateId, suspectSince, gone, claimants } = entry
      if (suspectSince === undefined || gone || claimants.size === 0) return []
      return [{ certificateId, suspectSince, entry }]
    })
  }
}
