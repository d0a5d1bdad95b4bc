import { splitKey } from '../contract/object-key.ts'
import type { ObjectKey } from '../ports/secrets.ts'

/** Why an account is taken for another one than before. */
export type DoubtReason = 'NoneFound' | 'OwnerChanged'

/** That the ids on record may belong to another account, and for whom uploads wait because of it. */
export interface AccountDoubt {
  readonly why: DoubtReason
  /** The one namespace that it concerns; undefined: the whole account. */
  readonly namespace: string | undefined
  /** No other namespace named an id: as far as ids tell, the account is another one for everybody. */
  readonly isOfAllIds: boolean
}

/** Whether a key waits because of a doubt. */
export function concerns({ namespace }: AccountDoubt, key: ObjectKey): boolean {
  return namespace === undefined || splitKey(key).namespace === namespace
}

/** What follows from claims of which none is true. */
export interface Verdict {
  /** The one namespace whose ids are missing; undefined: those of several are. */
  readonly namespace: string | undefined
  /** So many of these claims may end before it could be another one. */
  readonly spare: number
}

/** Fewer ids that are not found may all have been deleted. */
const fewest = 2

/**
 * Judges claims of which none is true. Whoever may write a status may make up ids in it, so whatever the Secrets of one
 * namespace say is one tenant's word, and holds nobody else. If several ids are missing whichever namespace is left out, the
 * whole account is another one. Otherwise the one namespace that names several waits, if there is one.
 */
export function judge(claims: Iterable<readonly [ObjectKey, string]>): Verdict | undefined {
  const namespacesOf = new Map<string, Set<string>>()
  for (const [key, certificateId] of claims) {
    const namespaces = namespacesOf.get(certificateId) ?? new Set()
    namespacesOf.set(certificateId, namespaces.add(splitKey(key).namespace))
  }
  const all = [...namespacesOf.values()]
  const [, mostAlone] = largest(all.filter((it) => it.size === 1))
  const others = all.length - mostAlone
  if (others >= fewest) return { namespace: undefined, spare: others - fewest }
  const [namespace, count] = largest(all)
  return count < fewest ? undefined : { namespace, spare: count - fewest }
}

/** The namespace that names the most ids, and how many. */
function largest(namesOfIds: readonly ReadonlySet<string>[]): readonly [string, number] {
  const counts = new Map<string, number>()
  for (const namespace of namesOfIds.flatMap((it) => [...it])) {
    counts.set(namespace, (counts.get(namespace) ?? 0) + 1)
  }
  let most: readonly [string, number] = ['', 0]
  for (const each of counts) if (each[1] > most[1]) most = each
  return most
}
