import { splitKey } from '../contract/object-key.ts'
import { type Ownership, readOwnership, secretTag } from '../contract/ownership.ts'
import type { ObjectKey } from '../ports/secrets.ts'
import type { RemoteCertificate } from '../ports/ssl-service.ts'
import { Absence, type AbsenceReader } from './absence.ts'
import type { AccountDoubt } from './account-doubt.ts'
import { AccountTrust, type AccountTrustReader } from './account-trust.ts'
import { Certificates } from './certificates.ts'
import { Claims } from './claims.ts'
import { Copies } from './copies.ts'
import { CosmeticsLadder } from './cosmetics-ladder.ts'
import { type Entry, isNamedElsewhere, isShown, type Upload } from './entry.ts'
import { type Holder, holderOf, type Whose } from './holder.ts'
import { ReUploads } from './re-uploads.ts'
import { Waiters } from './waiters.ts'

export interface LedgerParts {
  /** Asks for a reconcile of keys to which something new matters. */
  readonly wake?: (keys: Iterable<ObjectKey>) => void
  /** The account turned out to be another one. */
  readonly onDoubt?: (doubt: AccountDoubt) => void
  /** Whose tags are ours; undefined: nobody's. */
  readonly cluster?: string
}

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
  readonly #certificates = new Certificates({
    claims: () => this.#claims.size,
    onDrop: (certificateId) => this.#absence.forget(certificateId),
  })
  /** Keys without a certificate, by their chain. Keys to which it matters that an id is shown, by that id. */
  readonly #forChain = new Waiters()
  readonly #forId = new Waiters()
  readonly #trust: AccountTrust
  readonly #absence: Absence

  constructor({ wake = () => {}, onDoubt = () => {}, cluster }: LedgerParts = {}) {
    this.#wake = wake
    this.#cluster = cluster
    this.#trust = new AccountTrust({
      claims: this.#claims,
      onDoubt: (doubt) => this.#onDoubt(doubt, onDoubt),
      onTrust: () => this.#onTrust(),
      onNarrowed: () => this.#wakeAll(),
    })
    const known = { certificates: this.#certificates, claims: this.#claims, trust: this.#trust }
    this.#absence = new Absence(known)
  }

  /** What a lookup that does not find an id proves. */
  get absence(): AbsenceReader {
    return this.#absence
  }

  /** Whether the account is the one of the ids on record. */
  get account(): AccountTrustReader {
    return this.#trust
  }

  /** The id that holds a chain for a key; undefined: none does. See `holderOf`. */
  holderOf(
    chain: string,
    whose: Whose,
    now: number,
    isUnfit: (certificateId: string) => boolean = () => false,
  ): Holder | undefined {
    return holderOf(this.#certificates, chain, whose, now, isUnfit)
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

  /** When the certificate of an id expires, ms since the epoch: read from it, or as listed until then. */
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

  /** The last listing or lookup showed it. */
  isShown(certificateId: string): boolean {
    const entry = this.#certificates.get(certificateId)
    return entry !== undefined && isShown(entry)
  }

  /** Whether the status of a Secret in another namespace names an id. */
  isNamedElsewhere(certificateId: string, key: ObjectKey): boolean {
    const entry = this.#certificates.get(certificateId)
    return entry !== undefined && isNamedElsewhere(entry, key)
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

  /** The status of a key says that lookups do not show its id: it is woken when one does. Undefined: it does not say so. */
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
      entry.madeAt = now
    })
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
    this.#absence.named(certificateId, key, now)
    this.reUploads.distrustLookups()
    const { all } = this.#certificates
    const hidden = this.#absence.hidesCertificates(now)
      ? [...all]
      : [this.#certificates.entryOf(certificateId)]
    for (const entry of hidden) {
      const isDead = entry.isProvenGone && entry.certificateId !== certificateId
      if (!entry.gone || isDead) continue
      entry.gone = false
      entry.suspectSince = undefined
      this.#wakeNamed(entry)
    }
  }

  /** The upload of its chain stored a new certificate, so that this one did not exist: only its own return revives it. */
  learnProvenGone(certificateId: string): void {
    this.#certificates.entryOf(certificateId).isProvenGone = true
  }

  /** It was made as a copy (`Repeatable=true`) because another one was missed, which proves nothing of that one. */
  learnReplacement(certificateId: string): void {
    this.#certificates.entryOf(certificateId).isReplacement = true
  }

  /** A lookup of an id was refused: nobody knows whether it would be shown. */
  learnUnlisted(certificateId: string, now: number): void {
    const entry = this.#certificates.entryOf(certificateId)
    entry.unlistedAt = Math.max(entry.unlistedAt ?? now, now)
  }

  /** The service listed a certificate, whatever was asked for. What was found out after `now` stays. */
  learnListed(remote: RemoteCertificate, now: number): void {
    const { certificateId, tags, notAfter, ownerUin, alias } = remote
    const known = this.#certificates.get(certificateId)
    if (known?.suspectSince !== undefined && (known.unlistedAt ?? now) > now) return
    const ownership = readOwnership(tags)
    const { chain = known?.chain } = ownership
    const isJustMade = this.#isJustMade(ownership)
    const wasGone = known?.gone === true
    const learn = () => {
      const entry = this.#certificates.seen(certificateId, now)
      entry.listedAt = Math.max(entry.listedAt ?? now, now)
      entry.gone = false
      entry.isProvenGone = false
      entry.ownership = ownership
      entry.alias = alias
      if (notAfter !== undefined) entry.notAfter ??= notAfter
      if (isShown(entry)) this.#absence.forget(certificateId)
      const isNews = ownership.chain !== undefined && ownership.chain !== entry.chain
      if (ownership.chain !== undefined) this.#certificates.setChain(entry, ownership.chain)
      // Adopted for another chain of the same leaf: whoever names it has to know.
      const isOfOther = isNews && [...entry.uploads.keys()].some((it) => it !== chain)
      if (isOfOther || wasGone) this.#wakeNamed(entry)
      else if (isShown(entry)) this.#wake(this.#forId.of(certificateId))
    }
    if (chain === undefined) learn()
    else this.#serving(chain, now, undefined, learn)
    const entry = this.#certificates.entryOf(certificateId)
    if (isJustMade && entry.claimants.size === 0) entry.madeAt = now
    this.#trust.shown(entry, this.#cluster !== undefined && ownership.cluster === this.#cluster)
    if (ownerUin !== undefined) this.#trust.foundOwner(ownerUin)
  }

  /**
   * A lookup by id did not find it. It proves nothing within a minute of the service's naming it, unless it was listed before.
   *
   * @param requestedBy the key whose request asked for exactly this; undefined: none did
   */
  learnAbsent(certificateId: string, requestedBy: ObjectKey | undefined, now: number): void {
    this.learnUnlisted(certificateId, now)
    const entry = this.#certificates.entryOf(certificateId)
    if (this.#absence.missed(entry, requestedBy, now)) this.#wake(entry.claimants)
  }

  /**
   * Judges by the lookups so far whether the account is another one.
   *
   * @returns when to judge again, after a second lookup; undefined: no need
   */
  judgeAccount(now: number): number | undefined {
    return this.#trust.judge(this.#absence.missedOfRecord(now), now)
  }

  /** There are new credentials, perhaps for another account: what the former ones did not show proves nothing. */
  credentialsChanged(now: number): void {
    this.#trust.credentialsChanged(now)
    this.#distrustAbsence()
  }

  /**
   * The account is the right one: somebody asked anew. A request lifts the hold whoever makes it, a tenant included: the
   * status promises an administrator that one on any Secret does. A wrong one costs certificates in an account that the
   * administrator's own credentials name; the ids on record are looked up anew, twice, before anything is uploaded again, and
   * then one at a time until one of them brings a new id.
   */
  trustAccount(): void {
    this.#trust.trust()
  }

  /** Of a hold of one namespace its Secrets say so at once. The whole account's is the metric's matter. */
  #onDoubt(doubt: AccountDoubt, report: (doubt: AccountDoubt) => void): void {
    report(doubt)
    if (doubt.namespace === undefined) return
    this.#wake(this.#claims.all.flatMap(([key, id]) => (this.#trust.isDoubtedId(id, key) ? [key] : [])))
  }

  #onTrust(): void {
    this.#distrustAbsence()
    this.#wakeAll()
  }

  /** What the account did not show is looked up anew. */
  #distrustAbsence(): void {
    this.reUploads.distrustLookups()
    for (const entry of this.#certificates.all) if (!entry.gone) entry.suspectSince = undefined
  }

  /** Its Secret waits for a certificate of this chain: an upload whose answer got lost may have made it. */
  #isJustMade({ chain, secret }: Ownership): boolean {
    const waiting = chain === undefined ? [] : this.#forChain.of(chain)
    return waiting.some((key) => secretTag(splitKey(key)) === secret)
  }

  #uploadsOf(certificateId: string): Upload[] {
    return [...(this.#certificates.get(certificateId)?.uploads.values() ?? [])]
  }

  /** Wakes whoever may have waited because of a doubt. */
  #wakeAll(): void {
    this.#wake(new Set([...this.#claims.all.map(([key]) => key), ...this.#forChain.all]))
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
