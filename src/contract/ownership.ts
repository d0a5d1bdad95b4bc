import { createHash } from 'node:crypto'
import type { Tag } from '../ports/ssl-service.ts'

/** Whose certificate it is, as its tags in Tencent Cloud say (I11). */
export interface Owner {
  readonly cluster: string
  readonly namespace: string
  readonly name: string
}

const prefix = 'cert-sync/'
/** Characters of a tag's value, as documented. A namespace and a name together can have 317. */
const maxValue = 255

/** The tags that every upload carries. The words qcloud, tencent and project are reserved in keys. */
export function ownershipTags(owner: Owner): Tag[] {
  return [
    { key: `${prefix}cluster`, value: owner.cluster },
    { key: `${prefix}secret`, value: shorten(`${owner.namespace}/${owner.name}`) },
  ]
}

/** Whether a tag key is one that only the operator may set. */
export function isOwnershipTag(key: string): boolean {
  return key.startsWith(prefix)
}

/**
 * What a second copy of one leaf is found by after a crash: the end of its alias. Unique to cluster and chain, so that
 * every Secret with that chain finds the copy (I1); with `own` to cluster, Secret and chain.
 */
export function copySuffix(owner: Owner, chainFingerprint: string, own: boolean): string {
  const { cluster, namespace, name } = owner
  const parts = own ? [cluster, namespace, name, chainFingerprint] : [cluster, chainFingerprint]
  return hash(JSON.stringify(parts))
}

/** What is too long ends in a hash of the whole. The namespace is never cut: no other can have the same value. */
function shorten(value: string): string {
  if (value.length <= maxValue) return value
  const mark = `-${hash(value)}`
  return value.slice(0, maxValue - mark.length) + mark
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
