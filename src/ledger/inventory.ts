import { clusterTag } from '../contract/ownership.ts'
import type { CertificateCounts } from '../ports/metrics.ts'
import type { ObjectKey } from '../ports/secrets.ts'
import { type CertificatePage, type CertificateQuery, idsPerQuery } from '../ports/ssl-service.ts'
import { CertificateCounter } from './certificate-counter.ts'
import type { Ledger } from './ledger.ts'
import { Listing } from './listing.ts'

/** What an inventory does next. Instants are ms of the monotonic clock. */
export type InventoryStep =
  /** Asks the service for one page. */
  | { readonly kind: 'Call'; readonly query: CertificateQuery }
  /** Takes in a part of a complete listing, with `learn`. */
  | { readonly kind: 'Learn' }
  | { readonly kind: 'Wait'; readonly until: number }

export interface InventoryParts {
  readonly ledger: Ledger
  /** The value of the cluster tag. */
  readonly cluster: string
  readonly intervalMs: number
  /** The Secrets that are known. */
  readonly keys: () => Iterable<ObjectKey>
  /** In [0, 1). */
  readonly random?: () => number
}

/** One listing, and the look-ups that follow from it. */
interface Round {
  readonly startedAt: number
  readonly listing: Listing
  readonly counter: CertificateCounter
  /** So many certificates of the complete listing were learned. */
  learned: number
  /** The listing was refused: every id on record is looked up. */
  isUnlisted: boolean
}

/** Pages further apart than this, ms, do not show the account at one moment. */
const listingLifetimeMs = 10 * 60_000
/** An inconsistent listing is made again after so long, ms, and so many times before the next interval. */
const again = { afterMs: 60_000, times: 3 }
/** Certificates that are learned at a time: the event loop has other things to do in between. */
const learnedAtATime = 100
/** Ids that were looked up to no avail are asked for again after so long, ms. */
const suspectsAgainMs = 60_000

/**
 * What the certificates in the account are to the ledger is what the reflector is to the worker: every interval, all of this
 * cluster are listed, and ids on record that a complete listing lacks are looked up. It makes statements and leads to keys being
 * woken; it decides nothing. A plain state machine: ask `next`, do that, and report what came of it.
 */
export class Inventory {
  readonly #parts: InventoryParts
  #dueAt = Number.NEGATIVE_INFINITY
  #round: Round | undefined
  /** Listings in a row that were inconsistent. */
  #inconsistent = 0
  /** To be looked up. */
  #ids: string[] = []
  /** So many at a time. */
  #idsAtATime: number = idsPerQuery
  #suspectsFrom = Number.NEGATIVE_INFINITY
  /** Since when the credentials are the same. */
  #since = Number.NEGATIVE_INFINITY
  /** Whether these credentials see the account on record was found out. */
  #isJudged = false
  #counts: CertificateCounts | undefined

  constructor(parts: InventoryParts) {
    this.#parts = parts
  }

  /** As of the last complete inventory. */
  get counts(): CertificateCounts | undefined {
    return this.#counts
  }

  next(now: number): InventoryStep {
    if (this.#ids.length === 0) this.#begin(now)
    const round = this.#round
    if (this.#ids.length > 0) {
      return { kind: 'Call', query: { by: 'ids', ids: this.#ids.slice(0, this.#idsAtATime) } }
    }
    if (!round) return { kind: 'Wait', until: Math.min(this.#dueAt, this.#suspectsDueAt(now)) }
    const { state } = round.listing
    if (state.kind !== 'incomplete') return { kind: 'Learn' }
    const tags = [clusterTag(this.#parts.cluster)]
    return { kind: 'Call', query: { by: 'tags', tags, offset: state.offset } }
  }

  /** The page that a query was answered with. */
  answered(query: CertificateQuery, page: CertificatePage, now: number): void {
    if (query.by === 'ids') this.#lookedUp(query.ids, page, now)
    else if (query.by === 'tags') this.#listed(query.offset, page, now)
  }

  /** Takes in the next part of a complete listing. */
  learn(now: number): void {
    const { ledger } = this.#parts
    const round = this.#round
    if (round?.listing.state.kind !== 'complete') return
    const { certificates } = round.listing.state
    for (const certificate of certificates.slice(round.learned, round.learned + learnedAtATime)) {
      ledger.learnListed(certificate, round.startedAt)
      round.counter.add(certificate)
    }
    round.learned += learnedAtATime
    if (round.learned < certificates.length) return
    this.#lookUpOthers(new Set(certificates.map((it) => it.certificateId)), round, now)
  }

  /**
   * The service refused a query for reasons of its own. Where one of several ids may be to blame, as one that does not exist,
   * fewer are asked for at a time. Whether that is so.
   */
  narrow(query: CertificateQuery): boolean {
    if (query.by !== 'ids' || query.ids.length <= 1) return false
    this.#idsAtATime = Math.ceil(query.ids.length / 2)
    return true
  }

  /** The service refused to look up one id: the others go on without it. Whether that is so. */
  pass(query: CertificateQuery, now: number): boolean {
    if (query.by !== 'ids') return false
    this.#ids = this.#ids.filter((it) => !query.ids.includes(it))
    this.#idsAtATime = Math.min(idsPerQuery, 2 * this.#idsAtATime)
    if (this.#round && this.#ids.length === 0) this.#conclude(this.#round, now)
    return true
  }

  /**
   * The service will not answer a query. Tags may be hidden where ids are not: without the listing, every id on record is looked
   * up. Without that, nothing is asked before the next interval.
   */
  refused(query: CertificateQuery, now: number): void {
    const round = this.#round
    if (query.by === 'tags' && round) {
      round.isUnlisted = true
      this.#lookUpOthers(new Set(), round, now)
      return
    }
    this.#round = undefined
    this.#ids = []
    this.#plan(now)
    this.#suspectsFrom = this.#dueAt
  }

  /** Whether other credentials see the account on record is found out anew, and soon. */
  credentialsChanged(now: number): void {
    this.#round = undefined
    this.#ids = []
    this.#since = now
    this.#isJudged = false
    this.#dueAt = now
  }

  #begin(now: number): void {
    const { ledger, cluster, keys } = this.#parts
    const round = this.#round
    const isStale = round?.listing.state.kind === 'incomplete' && now - round.startedAt > listingLifetimeMs
    if (isStale || (!round && now >= this.#dueAt)) {
      const counter = new CertificateCounter(cluster, keys(), (id) => ledger.isClaimed(id))
      this.#round = { startedAt: now, listing: new Listing(), counter, learned: 0, isUnlisted: false }
      this.#plan(now)
    } else if (!round && this.#suspectsDueAt(now) <= now) {
      this.#ids = ledger.suspects(now)
      this.#suspectsFrom = now + suspectsAgainMs
    }
  }

  /** Ids on record that were not listed are looked up. */
  #lookUpOthers(listed: ReadonlySet<string>, round: Round, now: number): void {
    const { ledger } = this.#parts
    this.#ids = ledger.claimedIds().filter((id) => !listed.has(id) && !ledger.isGone(id))
    if (this.#ids.length === 0) this.#conclude(round, now)
  }

  #plan(now: number): void {
    const { intervalMs, random = Math.random } = this.#parts
    // Late by little: what it confirms is trusted for little longer than an interval (`freshMs` of the upload).
    this.#dueAt = now + intervalMs * (0.97 + 0.06 * random())
  }

  #suspectsDueAt(now: number): number {
    return Math.max(this.#suspectsFrom, this.#parts.ledger.nextSuspectAt(now) ?? Number.POSITIVE_INFINITY)
  }

  #listed(offset: number, page: CertificatePage, now: number): void {
    const round = this.#round
    if (round?.listing.state.kind !== 'incomplete' || round.listing.state.offset !== offset) return
    if (round.listing.add(page).kind !== 'inconsistent') return
    this.#round = undefined
    this.#inconsistent++
    if (this.#inconsistent % (again.times + 1) !== 0) {
      this.#dueAt = Math.min(this.#dueAt, now + again.afterMs)
    }
  }

  #lookedUp(asked: readonly string[], { certificates, entries, total }: CertificatePage, now: number): void {
    const { ledger } = this.#parts
    const found = new Set(certificates.map((it) => it.certificateId))
    for (const certificate of certificates) {
      ledger.learnListed(certificate, now)
      this.#round?.counter.add(certificate)
    }
    const others = asked.filter((id) => !found.has(id))
    const isWhole = total === undefined || entries >= total
    if (isWhole) for (const id of others) ledger.learnAbsent(id, { requested: false }, now)
    this.#idsAtATime = Math.min(idsPerQuery, 2 * this.#idsAtATime)
    const done = new Set(isWhole || found.size === 0 ? asked : found)
    this.#ids = this.#ids.filter((id) => !done.has(id))
    if (this.#round && this.#ids.length === 0) this.#conclude(this.#round, now)
  }

  #conclude({ counter, isUnlisted }: Round, now: number): void {
    this.#round = undefined
    this.#inconsistent = 0
    if (!isUnlisted) this.#counts = counter.counts
    if (this.#isJudged) return
    this.#isJudged = true
    const { ledger } = this.#parts
    const isNoneSeen = !ledger.claimedIds().some((id) => ledger.isSeenSince(id, this.#since))
    // That look-ups do not show what is there is known already.
    if (isNoneSeen && !ledger.hidesCertificates(now)) ledger.findNone(this.#since)
  }
}
