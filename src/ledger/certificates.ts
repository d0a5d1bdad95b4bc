import { ChainIndex } from './chain-index.ts'
import type { Entry, Upload } from './entry.ts'

/** So many certificates are remembered that no status names. */
const most = 20_000
/** So many chains of one leaf may be answered with one id. */
const mostUploads = 16

export interface CertificatesParts {
  /** How many statuses name one: these are remembered as well. */
  readonly claims: () => number
  /** An id was forgotten, to make room. */
  readonly onDrop: (certificateId: string) => void
}

/** The certificates that the ledger knows, by id and by chain: a bounded store that draws no conclusions. */
export class Certificates {
  readonly #parts: CertificatesParts
  /** In order of the last statement. */
  readonly #entries = new Map<string, Entry>()
  readonly #chains = new ChainIndex()

  constructor(parts: CertificatesParts) {
    this.#parts = parts
  }

  get(certificateId: string): Entry | undefined {
    return this.#entries.get(certificateId)
  }

  get all(): Iterable<Entry> {
    return this.#entries.values()
  }

  /** The ids that hold a chain, or were answered for one; smallest first. */
  idsOf(chain: string): string[] {
    return this.#chains.of(chain)
  }

  /** The entry of an id, made where there is none. */
  entryOf(certificateId: string): Entry {
    const known = this.#entries.get(certificateId)
    if (known) return known
    const fresh: Entry = { certificateId, uploads: new Map(), claimants: new Set(), gone: false }
    this.#entries.set(certificateId, fresh)
    this.#drop()
    return fresh
  }

  /** The service says that it exists. */
  seen(certificateId: string, now: number): Entry {
    const entry = this.entryOf(certificateId)
    entry.seenAt = Math.max(entry.seenAt ?? now, now)
    entry.suspectSince = undefined
    this.#entries.delete(certificateId)
    this.#entries.set(certificateId, entry)
    return entry
  }

  /** It is proven to hold this chain. */
  setChain(entry: Entry, chain: string): void {
    const { certificateId, chain: before } = entry
    if (before !== undefined && before !== chain && !entry.uploads.has(before)) {
      this.#chains.remove(before, certificateId)
    }
    entry.chain = chain
    this.#chains.add(chain, certificateId)
  }

  /** The service answered it for a chain. */
  addUpload(entry: Entry, chain: string, upload: Upload): void {
    const { uploads, certificateId } = entry
    uploads.delete(chain)
    uploads.set(chain, upload)
    this.#chains.add(chain, certificateId)
    if (uploads.size <= mostUploads) return
    const oldest = [...uploads.keys()].find((it) => it !== entry.chain)
    if (oldest === undefined) return
    uploads.delete(oldest)
    this.#chains.remove(oldest, certificateId)
  }

  /** It does not exist any more: only what it holds stays known, in case that it is shown again. */
  end(entry: Entry): void {
    const { uploads, certificateId } = entry
    entry.gone = true
    for (const chain of [...uploads.keys()].filter((it) => it !== entry.chain)) {
      uploads.delete(chain)
      this.#chains.remove(chain, certificateId)
    }
  }

  /** Beyond the bound: the oldest that no status names. */
  #drop(): void {
    for (const { certificateId, claimants, chain, uploads } of this.#entries.values()) {
      if (this.#entries.size <= most + this.#parts.claims()) return
      if (claimants.size > 0) continue
      this.#entries.delete(certificateId)
      for (const each of chain === undefined ? uploads.keys() : [chain, ...uploads.keys()]) {
        this.#chains.remove(each, certificateId)
      }
      this.#parts.onDrop(certificateId)
    }
  }
}
