/**
 * What is not known of the real service, or differs between accounts and sites. A promise of the operator that
 * has to hold whatever the service turns out to do is tested under every profile.
 */
export interface Profile {
  readonly name: string
  /** The international site lacks actions and parameters. */
  readonly site: 'china' | 'international'
  /** What makes an upload a duplicate of an earlier one of the same account and type. */
  readonly duplicatesBy: 'leaf' | 'chain'
  /** How a duplicate is answered when Repeatable is false. */
  readonly duplicateAnswer: 'both-fields' | 'repeat-cert-id-only' | 'certificate-exists'
  /** RepeatCertId of an upload that is no duplicate; the page allows both. */
  readonly noRepeat: '' | null
  /** Whether the caller may set or ask for tags, and which keys are refused. */
  readonly tags: 'permitted' | 'refused'
  /** Longest alias in characters; absent: no limit. */
  readonly maxAliasLength?: number
}

const base = {
  name: 'default',
  site: 'china',
  duplicatesBy: 'leaf',
  duplicateAnswer: 'both-fields',
  noRepeat: '',
  tags: 'permitted',
} as const satisfies Profile

/** The six profiles by name. */
export const profiles = {
  default: base,
  'by-chain': { ...base, name: 'by-chain', duplicatesBy: 'chain', noRepeat: null },
  'repeat-cert-id-only': {
    ...base,
    name: 'repeat-cert-id-only',
    duplicateAnswer: 'repeat-cert-id-only',
    noRepeat: null,
  },
  'certificate-exists': { ...base, name: 'certificate-exists', duplicateAnswer: 'certificate-exists' },
  'international-strict': { ...base, name: 'international-strict', site: 'international' },
  'tags-and-alias-refused': {
    ...base,
    name: 'tags-and-alias-refused',
    tags: 'refused',
    maxAliasLength: 32,
  },
} as const satisfies Record<string, Profile>

export type ProfileName = keyof typeof profiles

export const profileNames = Object.keys(profiles) as readonly ProfileName[]

export function isProfileName(text: string): text is ProfileName {
  return Object.hasOwn(profiles, text)
}
