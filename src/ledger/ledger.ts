import { type Ownership, readOwnership } from '../contract/ownership.ts'
import type { ObjectKey } from '../ports/secrets.ts'
import type { RemoteCertificate } from '../ports/ssl-service.ts'
import { Copies } from './copies.ts'
import { CosmeticsLadder } from './cosmetics-ladder.ts'
import { type Entry, isHolder, type Upload } from './entry.ts'
import { ReUploads } from './re-uploads.ts'

/** An id that the service gave for a chain. */
export interface Holder {
  readonly certificateId: string
  /** ms of the monotonic clock: when the service last said that it exists. */
  readonly confirmedAt: number
  /** What was uploaded or answered for this chain; undefined: its tag says which chain it holds. */
  readonly upload: Upload | undefined
}

/** Why an account is taken for another one than before. */
export type AccountDoubt = 'NoneFound' | 'OwnerChanged'

/** What decisions may ask. Nothing here changes the ledger. */
export type LedgerReader = Omit<
  Ledger,
  `learn${string}` | 'claim' | 'forget' | 'trustAccount' | 'accountChanged'
>

/** A statement that the service has not renewed for so long counts as a claim, ms. */
export const claimAfterMs = 24 * 3_600_000
/** Two look-ups by id so far apart, ms, prove that a certificate is gone. */
export const goneAfterMs = 10 * 60_000
const mostEntries = 20_000

/**
 * What is known of the certificates in one account, and how it is known: which chain each of them holds, whether it exists,
 * whose it is. Statements of the service count for a day; after that they are claims. What a status annotation says is never
 * more than a claim. Only "gone" does not fade. Holds fingerprints, ids, tags and times; never PEM. Instants are ms of the
 * monotonic clock.
 */
export class Ledger {
  readonly copies = new Copies()
  readonly cosmetics = new CosmeticsLadder()
  readonly reUploads = new ReUploads()
  readonly #wake: (keys: Iterable<ObjectKey>) => void
  readonly #onDoubt: (why: AccountDoubt) => void
  /** In order of the last statement. */
  readonly #entries = new Map<string, Entry>()
  readonly #byChain = new Map<string, Set<string>>()
  readonly #claims = new Map<ObjectKey, string>()
  #ownerUin: string | undefined
  #accountChanged = false
  #absenceCountsFrom = Number.NEGATIVE_INFINITY

  /**
   * @param wake asks for a reconcile of keys whose certificate turned out to be gone
   * @param onDoubt the account turned out to be another one
   */
  constructor(
    wake: (keys: Iterable<ObjectKey>) => void = () => {},
    onDoubt: (why: AccountDoubt) => void = () => {},
  ) {
    this.#wake = wake
    this.#onDoubt = onDoubt
  }

  /**
   * The id that holds a chain for a key, as the service said within a day: one that is proven to hold it before one that was
   * answered for its leaf, and the smallest where there are several.
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
    const ids = [...(this.#byChain.get(chain) ?? [])].sort()
    for (const certificateId of ids.sort((a, b) => rank(a) - rank(b))) {
      const entry = this.#entries.get(certificateId)
      if (entry?.seenAt === undefined || !isHolder(entry, chain, { key, own })) continue
      if (now - entry.seenAt > claimAfterMs) continue
      if (entry.chain !== chain && isUnfit(certificateId)) continue
      return { certificateId, confirmedAt: entry.seenAt, upload: entry.uploads.get(chain) }
    }
    return undefined
  }

  /** Which chain an id holds, where its tag or its upload proves it. */
  chainOf(certificateId: string): string | undefined {
    return this.#entries.get(certificateId)?.chain
  }

  /** The id does not exist any more. */
  isGone(certificateId: string): boolean {
    return this.#entries.get(certificateId)?.gone ?? false
  }

  /** Whose an id is, as a listing showed it; undefined: it was not listed. */
  ownershipOf(certificateId: string): Ownership | undefined {
    return this.#entries.get(certificateId)?.ownership
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
    return this.#entries.get(certificateId)?.uploads.get(chain)
  }

  /** When the certificate of an id expires, ms since the epoch, as uploaded or listed. */
  expiryOf(certificateId: string): number | undefined {
    return this.#entries.get(certificateId)?.notAfter
  }

  /** The keys whose status names an id. */
  claimantsOf(certificateId: string): ObjectKey[] {
    return [...(this.#entries.get(certificateId)?.claimants ?? [])]
  }

  /** The ids that statuses name. */
  claimedIds(): string[] {
    return [...this.#entries.values()].filter((it) => it.claimants.size > 0).map((it) => it.certificateId)
  }

  /** Whether a status names an id. */
  isClaimed(certificateId: string): boolean {
    return (this.#entries.get(certificateId)?.claimants.size ?? 0) > 0
  }

  /** Whether the service has said since then that an id exists. */
  isSeenSince(certificateId: string, since: number): boolean {
    const seenAt = this.#entries.get(certificateId)?.seenAt
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

  /** The credentials see only some of the certificates: that one is not found proves nothing. */
  hidesCertificates(now: number): boolean {
    return now < this.#absenceCountsFrom
  }

  /** The ids belong to another account than before, or the credentials see nothing. */
  get isAnotherAccount(): boolean {
    return this.#accountChanged
  }

  /** A status names this id; undefined: it names none. */
  claim(key: ObjectKey, certificateId: string | undefined): void {
    const before = this.#claims.get(key)
    if (before === certificateId) return
    if (before !== undefined) this.#unclaim(key, before)
    if (certificateId === undefined) return
    this.#claims.set(key, certificateId)
    this.#entry(certificateId).claimants.add(key)
    this.#drop()
  }

  /** The Secret is gone. What the service said of its certificate stays known. */
  forget(key: ObjectKey): void {
    const before = this.#claims.get(key)
    if (before !== undefined) this.#unclaim(key, before)
    this.reUploads.forget(key)
  }

  /**
   * The service answered an id for a chain. Not `repeated`: it holds this very chain. `repeated` proves the leaf only.
   *
   * @param notAfter of the leaf, ms since the epoch
   */
  learnUploaded(certificateId: string, chain: string, notAfter: number, upload: Upload, now: number): void {
    if (this.isGone(certificateId)) this.#absenceProvesNothing(now)
    const entry = this.#seen(certificateId, now)
    // Somebody else's copy of its own stays that, whoever finds it or is answered its id.
    if (!this.isAnothersOwn(certificateId, chain, upload.by)) entry.uploads.set(chain, upload)
    if (!upload.repeated) entry.chain = chain
    entry.notAfter = notAfter
    this.#index(chain, certificateId)
  }

  /** It was found, and proven to hold this chain: by our alias and tags, or where tags are refused by what is on record. */
  learnChain(certificateId: string, chain: string): void {
    this.#entry(certificateId).chain ??= chain
    this.#index(chain, certificateId)
  }

  /** The service listed a certificate, whatever was asked for. What was found out after `now` stays. */
  learnListed(remote: RemoteCertificate, now: number): void {
    const { certificateId, tags, notAfter, ownerUin, alias } = remote
    const missingSince = this.#entries.get(certificateId)?.missingSince
    if (missingSince !== undefined && missingSince > now) return
    const entry = this.#seen(certificateId, now)
    entry.gone = false
    entry.ownership = readOwnership(tags)
    entry.alias = alias
    if (notAfter !== undefined) entry.notAfter = notAfter
    const { chain } = entry.ownership
    if (chain !== undefined) {
      const isNews = entry.chain !== chain
      entry.chain = chain
      // Adopted for another chain of the same leaf: whoever names it has to know.
      if (isNews && [...entry.uploads.keys()].some((it) => it !== chain)) this.#wake(entry.claimants)
      this.#index(chain, certificateId)
    }
    if (ownerUin === undefined) return
    this.#ownerUin ??= ownerUin
    if (this.#ownerUin !== ownerUin) this.accountChanged('OwnerChanged')
  }

  /** A look-up by id did not find it. `requested`: somebody asked for exactly this, so that one look-up is enough. */
  learnAbsent(certificateId: string, { requested }: { readonly requested: boolean }, now: number): void {
    if (!this.#doesAbsenceCount(now)) return
    const entry = this.#entry(certificateId)
    entry.missingSince ??= now
    if (entry.gone || (!requested && now - entry.missingSince < goneAfterMs)) return
    entry.gone = true
    entry.uploads.clear()
    this.#wake(entry.claimants)
  }

  /** Calls for uploads wait until a new request, or new credentials, say that the account is the right one. */
  accountChanged(why: AccountDoubt): void {
    if (this.#accountChanged) return
    this.#accountChanged = true
    this.#onDoubt(why)
  }

  /** Whoever asks now means the account as it is. */
  trustAccount(): void {
    if (!this.#accountChanged) return
    this.#accountChanged = false
    this.#ownerUin = undefined
    // What the doubtful account did not show is looked up anew.
    for (const entry of this.#entries.values()) if (!entry.gone) entry.missingSince = undefined
    this.#wake(this.#claims.keys())
  }

  #uploadsOf(certificateId: string): Upload[] {
    return [...(this.#entries.get(certificateId)?.uploads.values() ?? [])]
  }

  #doesAbsenceCount(now: number): boolean {
    return !this.#accountChanged && !this.hidesCertificates(now)
  }

  /** Claimed ids that a look-up did not find, as long as that proves anything. */
  #missing(now: number): { certificateId: string; missingSince: number }[] {
    if (!this.#doesAbsenceCount(now)) return []
    return [...this.#entries.values()].flatMap(({ certificateId, missingSince, gone, claimants }) =>
      missingSince !== undefined && !gone && claimants.size > 0 ? [{ certificateId, missingSince }] : [],
    )
  }

  /** An upload answered an id that was called gone: the credentials do not see it. */
  #absenceProvesNothing(now: number): void {
    this.#absenceCountsFrom = now + claimAfterMs
    this.reUploads.inVain()
    for (const entry of this.#entries.values()) {
      if (!entry.gone) continue
      entry.gone = false
      entry.missingSince = undefined
      this.#wake(entry.claimants)
    }
  }

  #seen(certificateId: string, now: number): Entry {
    const entry = this.#entry(certificateId)
    entry.seenAt = Math.max(entry.seenAt ?? now, now)
    entry.missingSince = undefined
    this.#entries.delete(certificateId)
    this.#entries.set(certificateId, entry)
    this.#drop()
    return entry
  }

  #entry(certificateId: string): Entry {
    const known = this.#entries.get(certificateId)
    if (known) return known
    const fresh: Entry = { certificateId, uploads: new Map(), claimants: new Set(), gone: false }
    this.#entries.set(certificateId, fresh)
    return fresh
  }

  #index(chain: string, certificateId: string): void {
    const ids = this.#byChain.get(chain) ?? new Set()
    this.#byChain.set(chain, ids.add(certificateId))
  }

  #unclaim(key: ObjectKey, certificateId: string): void {
    this.#claims.delete(key)
    this.#entries.get(certificateId)?.claimants.delete(key)
  }

  /** Beyond the bound: the oldest that no status names. */
  #drop(): void {
    if (this.#entries.size <= mostEntries + this.#claims.size) return
    for (const entry of this.#entries.values()) {
      if (entry.claimants.size > 0) continue
      this.#entries.delete(entry.certificateId)
      for (const chain of [entry.chain, ...entry.uploads.keys()]) {
        const ids = chain === undefined ? undefined : this.#byChain.get(chain)
        ids?.delete(entry.certificateId)
        if (chain !== undefined && ids?.size === 0) this.#byChain.delete(chain)
      }
      return
    }
  }
}
