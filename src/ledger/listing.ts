import type { CertificatePage, RemoteCertificate } from '../ports/ssl-service.ts'

/** Why the pages of a listing do not fit together. */
export type Inconsistency =
  /** A page says no total: nobody knows what is missing. */
  | 'NoTotal'
  /** Two pages say different totals: certificates came or went between them. */
  | 'TotalChanged'
  /** One certificate was listed twice, so that another one may have been passed over. */
  | 'RepeatedId'
  /** An entry has no usable ID. */
  | 'EntryWithoutId'
  /** A page before the end has no entries. */
  | 'EmptyPage'
  /** There are more entries than the total says. */
  | 'TooManyEntries'

export type ListingState =
  /** The next page begins at this offset. */
  | { readonly kind: 'incomplete'; readonly offset: number }
  | { readonly kind: 'complete'; readonly certificates: readonly RemoteCertificate[] }
  | { readonly kind: 'inconsistent'; readonly reason: Inconsistency }

/**
 * Puts the pages of one query together, in their order. A listing proves what is not in it only where it is complete:
 * every page says the same total, and there are as many distinct IDs as it says. Pages may be of any size. Entries that do
 * not match the query count, and are not among the certificates.
 */
export class Listing {
  readonly #certificates: RemoteCertificate[] = []
  readonly #ids = new Set<string>()
  #total: number | undefined
  #state: ListingState = { kind: 'incomplete', offset: 0 }

  get state(): ListingState {
    return this.#state
  }

  /** Takes the page at the offset of the state. Once the state is another than `incomplete`, it stays. */
  add(page: CertificatePage): ListingState {
    if (this.#state.kind === 'incomplete') this.#state = this.#stateAfter(page, this.#state.offset)
    return this.#state
  }

  #stateAfter(page: CertificatePage, offset: number): ListingState {
    const { certificates, entries, total, otherIds = [] } = page
    if (total === undefined) return inconsistent('NoTotal')
    this.#total ??= total
    if (total !== this.#total) return inconsistent('TotalChanged')
    const ids = [...certificates.map((it) => it.certificateId), ...otherIds]
    if (ids.length < entries) return inconsistent('EntryWithoutId')
    for (const id of ids) {
      if (this.#ids.has(id)) return inconsistent('RepeatedId')
      this.#ids.add(id)
    }
    this.#certificates.push(...certificates)
    if (this.#ids.size > total) return inconsistent('TooManyEntries')
    if (this.#ids.size === total) return { kind: 'complete', certificates: this.#certificates }
    return entries === 0 ? inconsistent('EmptyPage') : { kind: 'incomplete', offset: offset + entries }
  }
}

function inconsistent(reason: Inconsistency): ListingState {
  return { kind: 'inconsistent', reason }
}
