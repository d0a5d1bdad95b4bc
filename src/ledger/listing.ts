import type { CertificatePage } from '../ports/ssl-service.ts'

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
  | { readonly kind: 'complete' }
  /** It has ended, and some certificates may not have been shown. */
  | { readonly kind: 'inconsistent'; readonly reason: Inconsistency }

/**
 * Puts the pages of one query together, in their order. A listing has shown everything only where it is complete: every
 * page says the same total, and there are as many distinct IDs as it says. Pages may be of any size. One that is
 * inconsistent goes on to its end all the same, since what its pages show exists; a page that shows nothing new ends it.
 */
export class Listing {
  /** Of all entries, whether or not they match the query. */
  readonly #ids = new Set<string>()
  #total: number | undefined
  /** The first reason why it is inconsistent. */
  #reason: Inconsistency | undefined
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
    const ids = [...certificates.map((it) => it.certificateId), ...otherIds]
    const before = this.#ids.size
    for (const id of ids) this.#ids.add(id)
    const shown = this.#ids.size - before
    if (total === undefined) return { kind: 'inconsistent', reason: this.#reason ?? 'NoTotal' }
    this.#total ??= total
    if (total !== this.#total) this.#reason ??= 'TotalChanged'
    if (ids.length < entries) this.#reason ??= 'EntryWithoutId'
    if (shown < ids.length) this.#reason ??= 'RepeatedId'
    if (this.#ids.size > total) this.#reason ??= 'TooManyEntries'
    const next = offset + entries
    if (next < total && shown > 0) return { kind: 'incomplete', offset: next }
    if (next < total) this.#reason ??= 'EmptyPage'
    return this.#reason ? { kind: 'inconsistent', reason: this.#reason } : { kind: 'complete' }
  }
}
