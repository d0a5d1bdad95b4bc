/** How listings write times. Which zone the ones without a zone have was never checked live. */
export const dateForms = ['gmt+8', 'utc', 'rfc3339'] as const

/** What an upload may be refused for although its certificate is fine. */
export const refusable = ['alias', 'use', 'tags', 'chainTag'] as const

export type Refusable = (typeof refusable)[number]

/** What an account may have besides its profile: unknown, or different from account to account. */
export interface Traits {
  /** Listings show only certificates with this tag, as where a permission is bound to it. Uploads see the others, too. */
  readonly visibleTag: { readonly key: string; readonly value?: string } | null
  /** How long after its upload a certificate is listed first, ms. */
  readonly listingLagMs: number
  /** How long after the upload its tags are listed and found, ms. */
  readonly tagLagMs: number
  /** Aliases are silently cut to so many characters; null: they are not. */
  readonly aliasCut: number | null
  /** Without a zone in GMT+8, without a zone in UTC (eight hours off for who expects GMT+8), or RFC 3339. */
  readonly dates: (typeof dateForms)[number]
  /** The most entries of a page, whatever the Limit. */
  readonly pageCap: number
  /** Error codes: uploads with an alias, a use, tags, or the tag `cert-sync/chain` are refused with them. */
  readonly refused: Readonly<Partial<Record<Refusable, string>>>
}

/** An account that surprises nobody. */
export const noTraits: Traits = {
  visibleTag: null,
  listingLagMs: 0,
  tagLagMs: 0,
  aliasCut: null,
  dates: 'gmt+8',
  pageCap: 1000,
  refused: {},
}

/** One surprise at a time. Each goes with every profile. */
export const namedTraits = {
  'hidden-by-permission': { visibleTag: { key: 'cert-sync/cluster' } },
  'listed-late': { listingLagMs: 5_000 },
  'tags-listed-late': { tagLagMs: 5_000 },
  'aliases-cut': { aliasCut: 32 },
  'dates-in-utc': { dates: 'utc' },
  'dates-in-rfc3339': { dates: 'rfc3339' },
  'pages-capped': { pageCap: 20 },
  'tags-invalid': { refused: { tags: 'InvalidParameter' } },
  'tagging-unauthorized': { refused: { tags: 'UnauthorizedOperation' } },
  'alias-refused': { refused: { alias: 'InvalidParameter.WithDetailReason' } },
  'use-refused': { refused: { use: 'InvalidParameter' } },
  'chain-tag-refused': { refused: { chainTag: 'InvalidParameter' } },
} as const satisfies Readonly<Record<string, Partial<Traits>>>

export type TraitsName = keyof typeof namedTraits

export const traitsNames = Object.keys(namedTraits) as readonly TraitsName[]

export function isTraitsName(text: string): text is TraitsName {
  return Object.hasOwn(namedTraits, text)
}

/** Several surprises at once. */
export function traitsOf(...names: readonly TraitsName[]): Traits {
  let all = noTraits
  for (const name of names) {
    const each: Partial<Traits> = namedTraits[name]
    all = { ...all, ...each, refused: { ...all.refused, ...each.refused } }
  }
  return all
}
