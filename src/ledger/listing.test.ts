import { describe, expect, it } from 'vitest'
import type { CertificatePage, RemoteCertificate } from '../ports/ssl-service.ts'
import { Listing } from './listing.ts'

function certificate(certificateId: string): RemoteCertificate {
  return {
    certificateId,
    alias: '',
    type: 'SVR',
    notAfter: undefined,
    tags: [],
    ownerUin: undefined,
  }
}

/** A page with these ids, a letter each; `entries` is more where some have none. */
function page(ids: string, total: number | undefined, more: Partial<CertificatePage> = {}): CertificatePage {
  const certificates = [...ids].map(certificate)
  return { certificates, entries: certificates.length, total, ...more }
}

/** Adds the pages, and says what the state is after each: the offset, that it is complete, or what is wrong. */
function statesAfter(...pages: readonly CertificatePage[]): unknown[] {
  const listing = new Listing()
  return pages.map((each) => {
    const state = listing.add(each)
    expect(listing.state).toBe(state)
    if (state.kind === 'incomplete') return state.offset
    return state.kind === 'complete' ? state.kind : state.reason
  })
}

it('begins at the first entry', () => {
  expect(new Listing().state).toEqual({ kind: 'incomplete', offset: 0 })
})

describe('is complete', () => {
  it.each<[string, CertificatePage[], unknown[]]>([
    ['with one page that has all', [page('abc', 3)], ['complete']],
    ['with nothing, where the service says so', [page('', 0)], ['complete']],
    ['after the last of several pages', [page('abc', 5), page('de', 5)], [3, 'complete']],
    [
      'with pages that are shorter than asked for',
      [page('a', 3), page('b', 3), page('c', 3)],
      [1, 2, 'complete'],
    ],
    [
      'where other entries make up the total',
      [page('ab', 5, { entries: 4, otherIds: ['x', 'y'] }), page('c', 5)],
      [4, 'complete'],
    ],
    ['with none of them ours', [page('', 2, { entries: 2, otherIds: ['x', 'y'] })], ['complete']],
  ])('%s', (_, pages, states) => {
    expect(statesAfter(...pages)).toEqual(states)
  })
})

describe('is inconsistent', () => {
  it.each<[string, CertificatePage[], unknown[]]>([
    ['without a total', [page('abc', undefined)], ['NoTotal']],
    ['without a total on a later page', [page('a', 2), page('b', undefined)], [1, 'NoTotal']],
    ['when the total grows', [page('abc', 5), page('de', 6), page('f', 6)], [3, 5, 'TotalChanged']],
    ['when the total shrinks to what is there', [page('abc', 5), page('', 3)], [3, 'TotalChanged']],
    [
      'when the total is another one for a while',
      [page('a', 3), page('b', 4), page('c', 3)],
      [1, 2, 'TotalChanged'],
    ],
    [
      'when a page begins with what the last one ended with',
      [page('abc', 5), page('cd', 5)],
      [3, 'RepeatedId'],
    ],
    ['when a page has an id twice', [page('aa', 2)], ['RepeatedId']],
    ['when a page shows nothing but what was shown', [page('ab', 9), page('ab', 9)], [2, 'RepeatedId']],
    [
      'when an id that did not match is repeated',
      [page('a', 4, { entries: 2, otherIds: ['x'] }), page('b', 4, { entries: 2, otherIds: ['x'] })],
      [2, 'RepeatedId'],
    ],
    ['when an entry has no id', [page('ab', 3, { entries: 3 })], ['EntryWithoutId']],
    ['when a page before the end is empty', [page('ab', 3), page('', 3)], [2, 'EmptyPage']],
    ['when the first page is empty and the total is not', [page('', 3)], ['EmptyPage']],
    ['when there is more than the total', [page('abc', 2)], ['TooManyEntries']],
  ])('%s, which it says at its end', (_, pages, states) => {
    expect(statesAfter(...pages)).toEqual(states)
  })

  it('for good: no later page mends it', () => {
    expect(statesAfter(page('', 3), page('abc', 3))).toEqual(['EmptyPage', 'EmptyPage'])
  })
})

it('stays complete whatever is added', () => {
  expect(statesAfter(page('abc', 3), page('d', 4))).toEqual(['complete', 'complete'])
})
