import { splitKey } from '../contract/object-key.ts'
import type { Ownership } from '../contract/ownership.ts'
import type { ObjectKey } from '../ports/secrets.ts'
import type { AccountRung, Rung } from './cosmetics-ladder.ts'

/** A statement that the service has not renewed for so long counts as a claim, ms. */
export const claimAfterMs = 24 * 3_600_000
/** Two lookups by id so far apart, ms, prove that a certificate is gone. */
export const goneAfterMs = 10 * 60_000
/** Listings may show a certificate so much later, ms, than the service named it first. */
export const listedLateMs = 60_000

/** What was sent when the service answered an id, and what it answered. */
export interface Upload {
  /** For whose Secret. Another one has settings of its own. */
  readonly by: ObjectKey
  /** It is this Secret's own copy (`repeatable`), or proven by nothing but its own record: nobody else uses it. */
  readonly own: boolean
  /** The service had it already (RepeatCertId), perhaps with another chain of the same leaf. */
  readonly repeated: boolean
  /** The open request under which it was asked, when there was one. */
  readonly request: string | undefined
  /** Hash of the settings that were sent or refused. */
  readonly settings: string
  /** What was left out because the service refused it for this input, and because the account refuses it. */
  readonly rung: Rung
  readonly account: AccountRung
  /** The code with which it was refused. */
  readonly refusedWith: string | undefined
}

/** What is known of one certificate in the account. */
export interface Entry {
  readonly certificateId: string
  /** The chain that it holds, where its tag or its upload proves it. */
  chain?: string
  /** By chain: what the service answered this id for. */
  readonly uploads: Map<string, Upload>
  /** Keys whose status names it. */
  readonly claimants: Set<ObjectKey>
  /** As last listed. */
  ownership?: Ownership
  alias?: string
  /** When the service last said that it exists, ms of the monotonic clock. */
  seenAt?: number
  /** When a listing or a lookup last showed it, and when last one did not, ms of the monotonic clock. */
  listedAt?: number
  unlistedAt?: number
  /** When an upload of this process was last answered with it, or may have made it, ms of the monotonic clock. */
  madeAt?: number
  /** Since when lookups by id do not find it, ms of the monotonic clock. */
  suspectSince?: number | undefined
  gone: boolean
  /** A new certificate was stored for its chain: it did not exist then, whatever lookups hide. */
  isProvenGone?: boolean
  /** It was made as a copy because another one was missed. */
  isReplacement?: boolean
  /** ms since the epoch. From the certificate itself; a listed date, which may be hours off, stands in until it is known. */
  notAfter?: number
}

/** Whether the last listing or lookup showed it. */
export function isShown({ listedAt, unlistedAt }: Entry): boolean {
  return listedAt !== undefined && (unlistedAt === undefined || listedAt > unlistedAt)
}

/** Whether the status of a Secret in another namespace names it. */
export function isNamedElsewhere({ claimants }: Entry, key: ObjectKey): boolean {
  const { namespace } = splitKey(key)
  return [...claimants].some((it) => splitKey(it).namespace !== namespace)
}
