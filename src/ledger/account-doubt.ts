import { splitKey } from '../contract/object-key.ts'
import type { ObjectKey } from '../ports/secrets.ts'

/** Why an account is taken for another one than before. */
export type DoubtReason = 'NoneFound' | 'OwnerChanged'

/** That the ids on record may belong to another account, and for whom uploads wait because of it. */
export interface AccountDoubt {
  readonly why: DoubtReason
  /**
   * The one namespace that it concerns; undefined: the whole account. Whoever may write a status may make up ids in it, so
   * claims of one namespace hold nobody else.
   */
  readonly namespace: string | undefined
}

/** Whether a key waits because of a doubt. */
export function concerns({ namespace }: AccountDoubt, key: ObjectKey): boolean {
  return namespace === undefined || splitKey(key).namespace === namespace
}

/** So few ids on record that are not found may all have been deleted. */
const fewest = 2

/**
 * What follows from claims of which none is true: that of ids of several namespaces, the whole account is another one; of
 * several ids of one namespace, that this namespace waits; of less, nothing.
 */
export function doubtOf(claims: Iterable<readonly [ObjectKey, string]>): AccountDoubt | undefined {
  const ids = new Set<string>()
  const namespaces = new Set<string>()
  for (const [key, certificateId] of claims) {
    ids.add(certificateId)
    namespaces.add(splitKey(key).namespace)
  }
  if (ids.size < fewest) return undefined
  const [only] = namespaces
  return { why: 'NoneFound', namespace: namespaces.size === 1 ? only : undefined }
}
