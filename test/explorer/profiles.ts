import type { Reason } from '../../src/reasons.ts'

/** How the service behaves where nobody knows it, or where sites and permissions differ. */
export interface Profile {
  readonly name: string
  /** What makes two uploads the same certificate. */
  readonly compares: 'leaf' | 'chain'
  /** How a duplicate is answered: with the id that is there, or with CertificateExists. */
  readonly duplicates: 'answered' | 'refused'
  /** Which one is named where several are the same. */
  readonly names: 'oldest' | 'newest'
  /** Whether a chain can be looked up (CheckCertificateExist: China). */
  readonly canFindByChain: boolean
  /** Uploads with these tags are refused. */
  readonly refuses: 'no tags' | 'the chain tag' | 'all tags'
  /** Searches find what was uploaded ten seconds later. */
  readonly listsLate: boolean
  readonly deniesLookups: boolean
  /** The first Secret asks for a certificate of its own. */
  readonly repeatable: boolean
  /** Reasons with which a Secret may stay Failed although nothing fails any more. */
  readonly mayStay: readonly Reason[]
}

const china: Profile = {
  name: 'leaf',
  compares: 'leaf',
  duplicates: 'answered',
  names: 'oldest',
  canFindByChain: true,
  refuses: 'no tags',
  listsLate: false,
  deniesLookups: false,
  repeatable: false,
  mayStay: [],
}

/** The profiles that are walked, the most likely first. */
export const profiles: readonly Profile[] = [
  china,
  { ...china, name: 'chain', compares: 'chain' },
  { ...china, name: 'leaf-newest', names: 'newest' },
  // Nothing proves which chain the certificate that is there holds: its ID is found by hand.
  { ...china, name: 'leaf-refused', duplicates: 'refused', mayStay: ['ExistsElsewhere'] },
  {
    ...china,
    name: 'leaf-refused-international',
    duplicates: 'refused',
    canFindByChain: false,
    mayStay: ['ExistsElsewhere'],
  },
  { ...china, name: 'chain-refused-newest', compares: 'chain', duplicates: 'refused', names: 'newest' },
  {
    ...china,
    name: 'chain-refused-international',
    compares: 'chain',
    duplicates: 'refused',
    canFindByChain: false,
  },
  { ...china, name: 'leaf-without-tags', refuses: 'all tags' },
  {
    ...china,
    name: 'leaf-newest-without-chain-tag',
    names: 'newest',
    refuses: 'the chain tag',
    repeatable: true,
    listsLate: true,
  },
  { ...china, name: 'leaf-listed-late', listsLate: true },
  // A copy that cannot be searched for is not made: the user grants the permission.
  { ...china, name: 'leaf-lookups-denied', deniesLookups: true, mayStay: ['NotAllowed'] },
  { ...china, name: 'leaf-repeatable', repeatable: true },
  { ...china, name: 'chain-repeatable-late', compares: 'chain', repeatable: true, listsLate: true },
]

/** @throws where there is none of that name */
export function profileNamed(name: string): Profile {
  const profile = profiles.find((it) => it.name === name)
  if (!profile) throw new Error(`no profile "${name}"; there are ${profiles.map((it) => it.name).join(', ')}`)
  return profile
}
