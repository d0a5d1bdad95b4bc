import { splitKey } from '../contract/object-key.ts'
import { clusterTag } from '../contract/ownership.ts'
import type { CertificateCounts } from '../ports/metrics.ts'
import type { ObjectKey } from '../ports/secrets.ts'
import type { CertificatePage, CertificateQuery, RemoteCertificate } from '../ports/ssl-service.ts'
import { CertificateCounter } from './certificate-counter.ts'
import type { Ledger } from './ledger.ts'
import { Listing } from './listing.ts'
import { Lookups } from './lookups.ts'

/** An inventory lists by tags, and looks up ids. */
export type InventoryQuery = Exclude<CertificateQuery, { readonly by: 'alias' }>

/** What an inventory does next. Instants are ms of the monotonic clock. */
export type InventoryStep =
  /** Asks the service for one page. */
  | { readonly kind: 'Call'; readonly query: InventoryQuery }
  /** Takes in a part of a page, with `learn`. */
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

/** One listing, and the lookups that follow from it. */
interface Round {
  readonly listing: Listing
  readonly counter: CertificateCounter
  readonly shown: Set<string>
  /** A lookup of ids was answered. */
  isLookedUp: boolean
  /** The listing has ended, or was given up. */
  isListed: boolean
  /** When it began, or a page was answered, and how often in a row there was no answer since. */
  progressAt: number
  outages: number
}

/** Certificates that are learned at a time: the event loop has other things to do in between. */
const learnedAtATime = 100
/** A page that the service has no answer for is asked for at least so long, ms; then ids are looked up instead. */
const pagePatienceMs = 10 * 60_000
/** An inventory is overdue after so many intervals without one, and not before so long, ms. */
const overdueIntervals = 3
const overdueAfterMs = 3_600_000
/** Ids that were looked up to no avail are asked for again after so long, ms. */
const suspectsAgainMs = 60_000

/**
 * What the certificates in the account are to the ledger is what the reflector is to the worker: every interval, all of this
 * cluster are listed, and ids on record that the listing lacks are looked up. What a page shows exists; that something is
 * gone only lookups say, so that a listing need not be complete. It makes statements and leads to keys being woken; it decides
 * nothing. A plain state machine: ask `next`, do that, and report what came of it.
 */
export class Inventory {
  readonly #parts: InventoryParts
  #dueAt = Number.NEGATIVE_INFINITY
  #round: Round | undefined
  #lookups: Lookups
  /** What pages showed and the ledger has not learned yet. */
  #toLearn: RemoteCertificate[] = []
  /** When the query of the last step was asked. */
  #askedAt = Number.NEGATIVE_INFINITY
  #suspectsFrom = Number.NEGATIVE_INFINITY
  /** Whether these credentials see the account on record was found out. */
  #isJudged = false
  #counts: CertificateCounts | undefined
  #completedAt = Number.NEGATIVE_INFINITY

  constructor(parts: InventoryParts) {
    this.#parts = parts
    this.#lookups = this.#noLookups()
  }

  /** As of the last inventory whose listing was complete. */
  get counts(): CertificateCounts | undefined {
    return this.#counts
  }

  /**
   * Whether no inventory was completed for three intervals, and for at least an hour. One that looked ids up because it could
   * not list is complete as well, unless the service answered none of its lookups.
   *
   * @param since when this process began to make inventories
   */
  isOverdue(since: number, now: number): boolean {
    const limitMs = Math.max(overdueIntervals * this.#parts.intervalMs, overdueAfterMs)
    return now - Math.max(since, this.#completedAt) > limitMs
  }

  /** How many ids this inventory does without, since the service had no answer for them. */
  get passed(): number {
    return this.#lookups.passed
  }

  next(now: number): InventoryStep {
    if (this.#toLearn.length > 0) return { kind: 'Learn' }
    this.#begin(now)
    const query = this.#query()
    if (!query) return { kind: 'Wait', until: Math.min(this.#dueAt, this.#suspectsDueAt(now)) }
    this.#askedAt = now
    return { kind: 'Call', query }
  }

  /** The page that a query was answered with. */
  answered(query: InventoryQuery, page: CertificatePage, now: number): void {
    if (query.by === 'ids') this.#lookedUp(query.ids, page, now)
    else if (query.by === 'tags') this.#listed(query.offset, page, now)
  }

  /** Takes in the next part of a page. */
  learn(now: number): void {
    const { ledger } = this.#parts
    for (const certificate of this.#toLearn.splice(0, learnedAtATime)) {
      ledger.learnListed(certificate, this.#askedAt)
      this.#round?.counter.add(certificate)
      this.#round?.shown.add(certificate.certificateId)
    }
    this.#goOn(now)
  }

  /** The service had no answer to a query. It is asked again; a query that is to blame itself is narrowed, and given up. */
  unanswered(query: InventoryQuery, now: number): void {
    const round = this.#round
    if (query.by === 'ids') {
      this.#lookups.unanswered(query.ids)
      this.#goOn(now)
    } else if (round && !round.isListed) {
      round.outages++
      if (round.outages > 1 && now - round.progressAt >= pagePatienceMs) this.#lookUpOthers(round, now)
    }
  }

  /**
   * The service refuses a query for reasons of its own. Tags may be refused where ids are not: what was not listed is looked
   * up. Of several ids one may be to blame, as one that does not exist.
   */
  refused(query: InventoryQuery, now: number): void {
    const round = this.#round
    if (query.by === 'ids') this.#lookups.refused(query.ids)
    else if (round && !round.isListed) this.#lookUpOthers(round, now)
    this.#goOn(now)
  }

  /** The credentials may not ask. Without listing nor lookups, nothing is asked before the next interval. */
  denied(query: InventoryQuery, now: number): void {
    if (query.by === 'tags') {
      this.refused(query, now)
      return
    }
    this.#drop()
    this.#plan(now)
    this.#suspectsFrom = this.#dueAt
  }

  /** Forgets what it was about, and begins anew. */
  startOver(now: number): void {
    this.#drop()
    this.#dueAt = now
  }

  /** Whether other credentials see the account on record is found out anew, and soon. */
  credentialsChanged(now: number): void {
    this.startOver(now)
    this.#isJudged = false
  }

  #query(): InventoryQuery | undefined {
    const round = this.#round
    if (round?.listing.state.kind === 'incomplete' && !round.isListed) {
      return { by: 'tags', tags: [clusterTag(this.#parts.cluster)], offset: round.listing.state.offset }
    }
    const ids = this.#lookups.next
    return ids && { by: 'ids', ids }
  }

  #begin(now: number): void {
    const { ledger, cluster, keys } = this.#parts
    // What fails for a whole interval does not put off the next inventory.
    if (this.#lookups.areDeferred && now >= this.#dueAt) {
      this.#lookups.passAll()
      this.#goOn(now)
    }
    const isBusy = this.#round !== undefined || this.#lookups.next !== undefined
    if (now >= this.#dueAt && !isBusy) {
      const counter = new CertificateCounter(cluster, keys(), (id) => ledger.isClaimed(id))
      const progress = { isLookedUp: false, isListed: false, progressAt: now, outages: 0 }
      this.#round = { listing: new Listing(), counter, shown: new Set<string>(), ...progress }
      this.#lookups = this.#noLookups()
      this.#plan(now)
    } else if ((!isBusy || this.#lookups.areDeferred) && this.#suspectsDueAt(now) <= now) {
      // What fails does not put off the second lookup of others.
      this.#lookups.add(ledger.absence.suspects(now).filter((id) => !this.#lookups.isPassed(id)))
      this.#suspectsFrom = now + suspectsAgainMs
    }
  }

  /** Once a part is done, goes on to the next one. */
  #goOn(now: number): void {
    const round = this.#round
    if (!round || this.#toLearn.length > 0) return
    if (!round.isListed && round.listing.state.kind !== 'incomplete') this.#lookUpOthers(round, now)
    else if (round.isListed && !this.#lookups.next) this.#conclude(round, now)
  }

  /** Ids on record that were not listed are looked up. */
  #lookUpOthers(round: Round, now: number): void {
    const { ledger } = this.#parts
    round.isListed = true
    this.#lookups.add(ledger.claimedIds().filter((id) => !round.shown.has(id) && !ledger.isGone(id)))
    this.#goOn(now)
  }

  /** None yet. Who writes ids into statuses is to blame for them: the namespaces that name an id. */
  #noLookups(): Lookups {
    return new Lookups((id) => {
      const [first, ...others] = this.#parts.ledger.claimantsOf(id).map((key) => splitKey(key).namespace)
      return others.length === 0 ? (first ?? '') : [...new Set([first, ...others])].sort().join()
    })
  }

  #drop(): void {
    this.#round = undefined
    this.#lookups = this.#noLookups()
    this.#toLearn = []
  }

  #plan(now: number): void {
    const { intervalMs, random = Math.random } = this.#parts
    // Late by little: what it confirms is trusted for little longer than the default interval (`freshMs` of the upload).
    this.#dueAt = now + intervalMs * (0.97 + 0.06 * random())
  }

  #suspectsDueAt(now: number): number {
    return Math.max(
      this.#suspectsFrom,
      this.#parts.ledger.absence.nextSuspectAt(now) ?? Number.POSITIVE_INFINITY,
    )
  }

  #listed(offset: number, page: CertificatePage, now: number): void {
    const round = this.#round
    if (round?.listing.state.kind !== 'incomplete' || round.listing.state.offset !== offset) return
    round.listing.add(page)
    Object.assign(round, { progressAt: now, outages: 0 })
    this.#toLearn = [...page.certificates]
    this.#goOn(now)
  }

  #lookedUp(asked: readonly string[], { certificates, entries, total }: CertificatePage, now: number): void {
    if (this.#lookups.next !== asked) return
    const { ledger } = this.#parts
    const found = new Set(certificates.map((it) => it.certificateId))
    if (this.#round) this.#round.isLookedUp = true
    for (const certificate of certificates) {
      ledger.learnListed(certificate, this.#askedAt)
      this.#round?.counter.add(certificate)
    }
    const others = asked.filter((id) => !found.has(id))
    const isWhole = total === undefined || entries >= total
    if (isWhole) {
      // What is about to be gone speaks of the account first: a round that has no end does not judge.
      if (!this.#isJudged && ledger.absence.suspects(now).length > 0) ledger.judgeAccount(now)
      for (const id of others) ledger.learnAbsent(id, undefined, now)
    }
    this.#lookups.answered(asked, isWhole ? [] : others)
    this.#goOn(now)
  }

  #conclude({ counter, listing, isLookedUp }: Round, now: number): void {
    this.#round = undefined
    const isComplete = listing.state.kind === 'complete'
    if (isComplete) this.#counts = counter.counts
    if (isComplete || isLookedUp || this.passed === 0) this.#completedAt = now
    if (!this.#isJudged) this.#judge(now)
  }

  /** Whether these credentials see the account on record, as far as it was found out. */
  #judge(now: number): void {
    const { ledger } = this.#parts
    const again = ledger.judgeAccount(now)
    const isFoundOut = ledger.account.isProven || ledger.account.isWholeDoubted
    // Of ids that were passed nothing is known: the next inventory judges.
    this.#isJudged = isFoundOut || (this.passed === 0 && again === undefined)
    if (!isFoundOut && again !== undefined) this.#dueAt = Math.min(this.#dueAt, again)
  }
}
