import { splitKey } from '../contract/object-key.ts'
import { type Ownership, readOwnership } from '../contract/ownership.ts'
import type { ObjectKey } from '../ports/secrets.ts'
import type { RemoteCertificate } from '../ports/ssl-service.ts'
import type { AccountDoubt } from './account-doubt.ts'
import { AccountTrust } from './account-trust.ts'
import { Certificates } from './certificates.ts'
import { Claims } from './claims.ts'
import { Copies } from './copies.ts'
import { CosmeticsLadder } from './cosmetics-ladder.ts'
import { type Entry, isHolder, isShown, type Upload } from './entry.ts'
import { HiddenIds } from './hidden-ids.ts'
import { ReUploads } from './re-uploads.ts'
import { Waiters } from './waiters.ts'

/** An id that the service gave for a chain. */
export interface Holder {
  readonly certificateId: string
  /** ms of the monotonic clock: when the service last said that it exists. */
  readonly confirmedAt: number
  /** What was uploaded or answered for this chain; undefined: its tag says which chain it holds. */
  readonly upload: Upload | undefined
}

/** What decisions may ask. Nothing here changes the ledger. */
export type LedgerReader = Omit<
  Ledger,
  | `learn${string}`
  | 'claim'
  | `waitFor${string}`
  | 'forget'
  | 'trustAccount'
  | 'findNone'
  | 'copies'
  | 'cosmetics'
  | 'reUploads'
> & {
  readonly copies: Pick<Copies, 'epochOf' | 'mayBeListedLate'>
  readonly cosmetics: Pick<CosmeticsLadder, 'accountAt' | 'refused'>
  readonly reUploads: Pick<ReUploads, 'dueAt' | 'mayTry' | 'turnEndsAt'>
}

/** A statement that the service has not renewed for so long counts as a claim, ms. */
export const claimAfterMs = 24 * 3_600_000
/** Two look-ups by id so far apart, ms, prove that a certificate is gone. */
export const goneAfterMs = 10 * 60_000
/** Listings may show a certificate so much later, ms, than the service named it first. */
export const listedLateMs = 60_000

/**
 * What is known of the certificates in one account, and how it is known: which chain each of them holds, whether it exists,
 * whose it is. Statements of the service count for a day; after that they are claims. What a status annotation says is never
 * more than a claim. Only "gone" does not fade. Holds fingerprints, ids, tags and times; never PEM. Instants are ms of the
 * monotonic clock.
 */
export class Ledger {
  readonly copies = new Copies()
  readonly cosmetics = new CosmeticsLadder()
  readonly reUploads = new ReUploads((keys) => this.#wake(keys))
  readonly #wake: (keys: Iterable<ObjectKey>) => void
  readonly #cluster: string | undefined
  readonly #claims = new Claims()
  readonly #hidden = new HiddenIds(claimAfterMs)
  readonly #certificates = new Certificates({
    claims: () => this.#claims.size,
    onDrop: (certificateId) => this.#hidden.end(certificateId),
  })
  /** Keys without a certificate, by their chain. Keys to which it matters that an id is shown, by that id. */
  readonly #forChain = new Waiters()
  readonly #forId = new Waiters()
  readonly #trust: AccountTrust

  /**
   * @param wake asks for a reconcile of keys to which something new matters
   * @param onDoubt the account turned out to be another one
   * @param cluster whose tags are ours; undefined: nobody's
   */
  constructor(
    wake: (keys: Iterable<ObjectKey>) => void = () => {},
    onDoubt: (doubt: AccountDoubt) => void = () => {},
    cluster?: string,
  ) {
    this.#wake = wake
    this.#cluster = cluster
    this.#trust = new AccountTrust({
      claims: this.#claims,
      onDoubt,
      onTrust: () => this.#onTrust(),
      onNarrowed: () => this.#wakeAll(),
    })
  }

  /** How many certificates and chains it knows: both are bounded. */
  get size(): { readonly certificates: number; readonly chains: number } {
    return this.#certificates.size
  }

  /**
   * The id that holds a chain for a key, as the service said within a day: one that no look-up has missed since before one that
   * was missed, one that is proven to hold it before one that was answered for its leaf, then the one confirmed last, and the
   * smallest where there are several. So an id that the service no longer names never wins over the one that it does.
   *
   * @param own only a copy that the key has for itself
   * @param isUnfit leaves out an id that is not proven to hold the chain
   */
  holderOf(
    chain: string,
    { key, own }: { readonly key: ObjectKey; readonly own: boolean },
    now: number,
    isUnfit: (certificateId: string) => boolean = () => false,
  ): Holder | undefined {
    const rank = (id: string) => {
      const upload = this.uploadOf(id, chain)
      return this.chainOf(id) === chain ? 0 : upload?.own && upload.by === key ? 1 : 2
    }
    const order = (a: string, b: string) =>
      this.#doubtfulness(a) - this.#doubtfulness(b) || rank(a) - rank(b) || this.#seenAt(b) - this.#seenAt(a)
    for (const certificateId of this.#certificates.idsOf(chain).sort(order)) {
      const entry = this.#certificates.get(certificateId)
      if (entry?.seenAt === undefined || !isHolder(entry, chain, { key, own })) continue
      if (now - entry.seenAt > claimAfterMs) continue
      if (entry.chain !== chain && isUnfit(certificateId)) continue
      return { certificateId, confirmedAt: entry.seenAt, upload: entry.uploads.get(chain) }
    }
    return undefined
  }

  /** Which chain an id holds, where its tag or its upload proves it. */
  chainOf(certificateId: string): string | undefined {
    return this.#certificates.get(certificateId)?.chain
  }

  /** The id does not exist any more. */
  isGone(certificateId: string): boolean {
    return this.#certificates.get(certificateId)?.gone ?? false
  }

  /** Whose an id is, as a listing showed it; undefined: it was not listed. */
  ownershipOf(certificateId: string): Ownership | undefined {
    return this.#certificates.get(certificateId)?.ownership
  }

  /** Whether the service gave this id to this very key. */
  isUploadedFor(certificateId: string, key: ObjectKey): boolean {
    return this.#uploadsOf(certificateId).some((it) => it.by === key)
  }

  /** Whether the service gave this id to this very key for a copy of its own. */
  isOwnCopyOf(certificateId: string, key: ObjectKey): boolean {
    return this.#uploadsOf(certificateId).some((it) => it.own && it.by === key)
  }

  /** Whether an id is proven to be the copy of this chain that another key has for itself. */
  isAnothersOwn(certificateId: string, chain: string, key: ObjectKey): boolean {
    const upload = this.uploadOf(certificateId, chain)
    return upload?.own === true && upload.by !== key && this.chainOf(certificateId) === chain
  }

  /** What was sent when the service answered an id for a chain. */
  uploadOf(certificateId: string, chain: string): Upload | undefined {
    return this.#certificates.get(certificateId)?.uploads.get(chain)
  }

  /** When the certificate of an id expires, ms since the epoch, as uploaded or listed. */
  expiryOf(certificateId: string): number | undefined {
    return this.#certificates.get(certificateId)?.notAfter
  }

  /** The keys whose status names an id. */
  claimantsOf(certificateId: string): ObjectKey[] {
    return [...(this.#certificates.get(certificateId)?.claimants ?? [])]
  }

  /** The ids that statuses name. */
  claimedIds(): string[] {
    return [...this.#certificates.all].filter((it) => it.claimants.size > 0).map((it) => it.certificateId)
  }

  /** Whether a status names an id. */
  isClaimed(certificateId: string): boolean {
    return (this.#certificates.get(certificateId)?.claimants.size ?? 0) > 0
  }

  /** Whether the service has said since then that an id exists. */
  isSeenSince(certificateId: string, since: number): boolean {
    const seenAt = this.#certificates.get(certificateId)?.seenAt
    return seenAt !== undefined && seenAt >= since
  }

  /** Claimed ids that one look-up did not find, long enough ago for the second one. */
  suspects(now: number): string[] {
    return this.#missing(now)
      .filter(({ missingSince }) => now - missingSince >= goneAfterMs)
      .map((it) => it.certificateId)
  }

  /** When the second look-up of a claimed id is due; undefined: of none. */
  nextSuspectAt(now: number): number | undefined {
    const missing = this.#missing(now)
    if (missing.length === 0) return undefined
    return (
      missing.reduce((least, it) => Math.min(least, it.missingSince), Number.POSITIVE_INFINITY) + goneAfterMs
    )
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
   * That look-ups do not find an id proves nothing: the credentials do not see it. Nor do they see the copy that was made for one
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

  /** The service named an id that look-ups do not show, and none has shown it since. */
  isNotVisible(certificateId: string): boolean {
    return this.#hidden.has(certificateId)
  }

  /** The last look-up showed it. */
  isShown(certificateId: string): boolean {
    const entry = this.#certificates.get(certificateId)
    return entry !== undefined && isShown(entry)
  }

  /**
   * From when on (ms of the monotonic clock) it proves something that a look-up does not find an id: one that was never listed
   * may be listed late.
   */
  absenceCountsFrom(certificateId: string): number {
    const { seenAt, listedAt } = this.#certificates.get(certificateId) ?? {}
    return seenAt === undefined || listedAt !== undefined ? Number.NEGATIVE_INFINITY : seenAt + listedLateMs
  }

  /**
   * From when on (ms of the monotonic clock) a look-up that a key asks for and that does not find an id proves that it is gone:
   * at once where this process has seen the id; a minute after the first look-up where it has not, since the id may be listed
   * late. Where Secrets of another namespace name the id too, it takes as long as without a request.
   */
  absenceProvesFrom(certificateId: string, requestedBy: ObjectKey | undefined): number {
    const { missingSince, seenAt } = this.#certificates.get(certificateId) ?? {}
    if (missingSince === undefined) return this.absenceCountsFrom(certificateId)
    if (requestedBy === undefined || this.isNamedElsewhere(certificateId, requestedBy)) {
      return missingSince + goneAfterMs
    }
    return missingSince + (seenAt === undefined ? listedLateMs : 0)
  }

  /** Whether the status of a Secret in another namespace names an id. */
  isNamedElsewhere(certificateId: string, key: ObjectKey): boolean {
    const { namespace } = splitKey(key)
    return this.claimantsOf(certificateId).some((it) => splitKey(it).namespace !== namespace)
  }

  /** The last look-up that proves something did not find it, which is not enough to call it gone. */
  isMissing(certificateId: string): boolean {
    const entry = this.#certificates.get(certificateId)
    return entry?.missingSince !== undefined && !entry.gone
  }

  /** The ids belong to another account than before, or the credentials see nothing: for somebody. */
  get isAnotherAccount(): boolean {
    return this.#trust.doubt !== undefined
  }

  /** The same, for everybody: no Secret of any namespace is uploaded. */
  get isWholeAccountDoubted(): boolean {
    return this.#trust.doubt !== undefined && this.#trust.doubt.namespace === undefined
  }

  /** A key waits because its account may be another one. */
  isDoubtedFor(key: ObjectKey): boolean {
    return this.#trust.isDoubtedFor(key)
  }

  /** A status names this id; undefined: it names none. */
  claim(key: ObjectKey, certificateId: string | undefined): void {
    const before = this.#claims.of(key)
    if (before === certificateId) return
    if (before !== undefined) this.#unclaim(key, before)
    if (certificateId !== undefined) {
      this.#claims.set(key, certificateId)
      this.#certificates.entryOf(certificateId).claimants.add(key)
      this.#forId.set(key, undefined)
    }
    this.#trust.claimEnded(key, before)
  }

  /**
   * A key needs a certificate for this chain; undefined: it has one, or wants none. It is woken as soon as the service names
   * one, and when the account is not doubted any more.
   */
  waitForChain(key: ObjectKey, chain: string | undefined): void {
    this.#forChain.set(key, chain)
  }

  /** The status of a key says that look-ups do not show its id: it is woken when one does. Undefined: it does not say so. */
  waitForId(key: ObjectKey, certificateId: string | undefined): void {
    this.#forId.set(key, certificateId)
  }

  /** The Secret is gone. What the service said of its certificate stays known. */
  forget(key: ObjectKey, now: number): void {
    const before = this.#claims.of(key)
    if (before !== undefined) this.#unclaim(key, before)
    this.#forId.set(key, undefined)
    this.#forChain.set(key, undefined)
    this.cosmetics.forget(key)
    this.reUploads.forget(key, now)
    this.#trust.claimEnded(key, before)
  }

  /**
   * The service answered an id for a chain. Not `repeated`: it holds this very chain. `repeated` proves the leaf only.
   *
   * @param notAfter of the leaf, ms since the epoch
   */
  learnUploaded(certificateId: string, chain: string, notAfter: number, upload: Upload, now: number): void {
    if (this.isGone(certificateId)) this.learnNamed(certificateId, upload.by, now)
    this.#serving(chain, now, upload.by, () => {
      // Somebody else's copy of its own stays that, whoever finds it or is answered its id.
      const isAnothers = this.isAnothersOwn(certificateId, chain, upload.by)
      const entry = this.#certificates.seen(certificateId, now)
      if (!upload.repeated) this.#certificates.setChain(entry, chain)
      if (!isAnothers) this.#certificates.addUpload(entry, chain, upload)
      entry.notAfter = notAfter
    })
    if (!upload.repeated) this.#trust.foundOurs(now)
  }

  /** It was found, and proven to hold this chain: by our alias and tags, or where tags are refused by what is on record. */
  learnChain(certificateId: string, chain: string): void {
    const entry = this.#certificates.entryOf(certificateId)
    if (entry.chain === undefined) this.#certificates.setChain(entry, chain)
  }

  /**
   * The service named a certificate that was called gone: the credentials do not see it.
   *
   * @param key for whose Secret
   */
  learnNamed(certificateId: string, key: ObjectKey, now: number): void {
    this.#hidden.learn(certificateId, splitKey(key).namespace, now)
    this.reUploads.distrustLookUps()
    const { all } = this.#certificates
    const hidden = this.hidesCertificates(now) ? [...all] : [this.#certificates.entryOf(certificateId)]
    for (const entry of hidden) {
      const isDead = entry.replaced && entry.certificateId !== certificateId
      if (!entry.gone || isDead) continue
      entry.gone = false
      entry.missingSince = undefined
      this.#wakeNamed(entry)
    }
  }

  /** The upload of its chain stored a new certificate, so that this one did not exist: only its own return revives it. */
  learnReplaced(certificateId: string): void {
    this.#certificates.entryOf(certificateId).replaced = true
  }

  /** It was made as a copy (`Repeatable=true`) because another one was missed, which proves nothing of that one. */
  learnReplacement(certificateId: string): void {
    this.#certificates.entryOf(certificateId).isReplacement = true
  }

  /** A look-up of an id was refused: nobody knows whether it would be shown. */
  learnUnlisted(certificateId: string, now: number): void {
    const entry = this.#certificates.entryOf(certificateId)
    entry.unlistedAt = Math.max(entry.unlistedAt ?? now, now)
  }

  /** The service listed a certificate, whatever was asked for. What was found out after `now` stays. */
  learnListed(remote: RemoteCertificate, now: number): void {
    const { certificateId, tags, notAfter, ownerUin, alias } = remote
    const known = this.#certificates.get(certificateId)
    if (known?.missingSince !== undefined && (known.unlistedAt ?? now) > now) return
    const ownership = readOwnership(tags)
    const { chain = known?.chain } = ownership
    const wasGone = known?.gone === true
    const learn = () => {
      const entry = this.#certificates.seen(certificateId, now)
      entry.listedAt = Math.max(entry.listedAt ?? now, now)
      entry.gone = false
      entry.replaced = false
      entry.ownership = ownership
      entry.alias = alias
      if (notAfter !== undefined) entry.notAfter = notAfter
      if (isShown(entry)) this.#hidden.end(certificateId)
      const isNews = ownership.chain !== undefined && ownership.chain !== entry.chain
      if (ownership.chain !== undefined) this.#certificates.setChain(entry, ownership.chain)
      // Adopted for another chain of the same leaf: whoever names it has to know.
      const isOfOther = isNews && [...entry.uploads.keys()].some((it) => it !== chain)
      if (isOfOther || wasGone) this.#wakeNamed(entry)
      else if (isShown(entry)) this.#wake(this.#forId.of(certificateId))
    }
    if (chain === undefined) learn()
    else this.#serving(chain, now, undefined, learn)
    if (this.#cluster !== undefined && ownership.cluster === this.#cluster) this.#trust.foundOurs(now)
    if (ownerUin !== undefined) this.#trust.foundOwner(ownerUin)
  }

  /**
   * A look-up by id did not find it. It proves nothing within a minute of the service's naming it, unless it was listed before.
   *
   * @param requestedBy the key whose request asked for exactly this; undefined: none did
   */
  learnAbsent(certificateId: string, requestedBy: ObjectKey | undefined, now: number): void {
    this.learnUnlisted(certificateId, now)
    const entry = this.#certificates.entryOf(certificateId)
    if (!this.#doesAbsenceCount(entry, now)) return
    entry.missingSince ??= now
    if (entry.gone || now < this.absenceProvesFrom(certificateId, requestedBy)) return
    this.#certificates.end(entry)
    this.#hidden.end(certificateId)
    this.#wake(entry.claimants)
  }

  /**
   * None of the ids on record was found since then, whoever names them: the account may be another one.
   *
   * @param missed those of them that were looked up
   */
  findNone(missed: ReadonlySet<string>, since: number): void {
    this.#trust.foundNone(missed, since)
  }

  /**
   * The account is the right one: somebody asked anew, there are new credentials, or it holds certificates of ours. A request
   * lifts the hold whoever makes it, a tenant included: the status promises an administrator that one on any Secret does. A
   * wrong one costs certificates in an account that the administrator's own credentials name; the ids on record are looked up
   * anew, twice, before anything is uploaded again, and then one at a time until one of them brings a new id.
   */
  trustAccount(): void {
    this.#trust.trust()
  }

  #onTrust(): void {
    this.reUploads.distrustLookUps()
    // What the doubtful account did not show is looked up anew.
    for (const entry of this.#certificates.all) if (!entry.gone) entry.missingSince = undefined
    this.#wakeAll()
  }

  #seenAt(certificateId: string): number {
    return this.#certificates.get(certificateId)?.seenAt ?? Number.NEGATIVE_INFINITY
  }

  /** 1: a look-up has missed the id since the service last said that it exists. */
  #doubtfulness(certificateId: string): 0 | 1 {
    const missedAt = this.#certificates.get(certificateId)?.unlistedAt ?? Number.NEGATIVE_INFINITY
    return missedAt > this.#seenAt(certificateId) ? 1 : 0
  }

  #uploadsOf(certificateId: string): Upload[] {
    return [...(this.#certificates.get(certificateId)?.uploads.values() ?? [])]
  }

  /** Wakes whoever may have waited because of a doubt. */
  #wakeAll(): void {
    this.#wake(new Set([...this.#claims.all.map(([key]) => key), ...this.#forChain.all]))
  }

  #doesAbsenceCount({ certificateId, claimants }: Entry, now: number): boolean {
    const { doubt } = this.#trust
    const mayConcern = doubt?.namespace === undefined || claimants.size > 0
    const isDoubted = doubt && mayConcern && [...claimants].every((key) => this.isDoubtedFor(key))
    return !isDoubted && now >= this.absenceCountsFrom(certificateId) && !this.isHidden(certificateId, now)
  }

  /** Claimed ids that a look-up did not find, as long as that proves anything. */
  #missing(now: number): { certificateId: string; missingSince: number }[] {
    if (this.hidesCertificates(now)) return []
    return [...this.#certificates.all].flatMap((entry) => {
      const { certificateId, missingSince, gone, claimants } = entry
      if (missingSince === undefined || gone || claimants.size === 0) return []
      return this.#trust.doubt && !this.#doesAbsenceCount(entry, now) ? [] : [{ certificateId, missingSince }]
    })
  }

  /** Wakes whoever names an id, or named it before it was taken back. */
  #wakeNamed({ certificateId, claimants }: Entry): void {
    this.#wake([...claimants, ...this.#forId.of(certificateId)])
  }

  /** Makes a change, and wakes whoever waits for the chain where it has a holder because of it. */
  #serving(chain: string, now: number, by: ObjectKey | undefined, change: () => void): void {
    const waiting = this.#forChain.of(chain).filter((key) => key !== by)
    const isServed = () => this.holderOf(chain, { key: '', own: false }, now) !== undefined
    const isNews = waiting.length > 0 && !isServed()
    change()
    if (isNews && isServed()) this.#wake(waiting)
  }

  #unclaim(key: ObjectKey, certificateId: string): void {
    this.#claims.set(key, undefined)
    const entry = this.#certificates.get(certificateId)
    entry?.claimants.delete(key)
    this.#forId.set(key, entry?.gone ? certificateId : undefined)
  }
}
