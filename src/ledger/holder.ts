import type { ObjectKey } from '../ports/secrets.ts'
import type { Certificates } from './certificates.ts'
import { claimAfterMs, type Entry, type Upload } from './entry.ts'

/** An id that the service gave for a chain. */
export interface Holder {
  readonly certificateId: string
  /** ms of the monotonic clock: when the service last said that it exists. */
  readonly confirmedAt: number
  /** What was uploaded or answered for this chain; undefined: its tag says which chain it holds. */
  readonly upload: Upload | undefined
}

/** For whom a certificate is searched for. */
export interface Whose {
  readonly key: ObjectKey
  /** Only a copy that the key has for itself will do. */
  readonly own: boolean
}

/**
 * The id that holds a chain for a key, as the service said within a day: one that no lookup has missed since before one that
 * was missed, one that is proven to hold it before one that was answered for its leaf, then the one confirmed last, and the
 * smallest where there are several. So an id that the service no longer names never wins over the one that it does.
 *
 * @param isUnfit leaves out an id that is not proven to hold the chain
 */
export function holderOf(
  certificates: Certificates,
  chain: string,
  whose: Whose,
  now: number,
  isUnfit: (certificateId: string) => boolean,
): Holder | undefined {
  const rank = ({ chain: proven, uploads }: Entry) => {
    const upload = uploads.get(chain)
    return proven === chain ? 0 : upload?.own && upload.by === whose.key ? 1 : 2
  }
  const order = (a: Entry, b: Entry) =>
    doubtfulness(a) - doubtfulness(b) || rank(a) - rank(b) || seenAt(b) - seenAt(a)
  const entries = certificates.idsOf(chain).flatMap((id) => certificates.get(id) ?? [])
  for (const entry of entries.sort(order)) {
    const { certificateId } = entry
    if (entry.seenAt === undefined || !isHolder(entry, chain, whose)) continue
    if (now - entry.seenAt > claimAfterMs) continue
    if (entry.chain !== chain && isUnfit(certificateId)) continue
    return { certificateId, confirmedAt: entry.seenAt, upload: entry.uploads.get(chain) }
  }
  return undefined
}

/** 1: a lookup has missed the id since the service last said that it exists. */
function doubtfulness(entry: Entry): 0 | 1 {
  return (entry.unlistedAt ?? Number.NEGATIVE_INFINITY) > seenAt(entry) ? 1 : 0
}

function seenAt(entry: Entry): number {
  return entry.seenAt ?? Number.NEGATIVE_INFINITY
}

/** Whether an existing certificate may serve a chain for a key. */
function isHolder(entry: Entry, chain: string, { key, own }: Whose): boolean {
  if (entry.gone || entry.suspectSince !== undefined) return false
  if (entry.chain !== undefined && entry.chain !== chain) return false
  const upload = entry.uploads.get(chain)
  if (own) return upload?.own === true && upload.by === key
  if (upload) return !upload.own || upload.by === key
  return entry.chain === chain && !looksLikeCopy(entry)
}

/** The alias of a copy ends in a suffix; whether the copy is a Secret's own cannot be seen. */
function looksLikeCopy({ alias = '' }: Entry): boolean {
  return /(^| )[0-9a-f]{16}$/.test(alias)
}
