import { createHash } from 'node:crypto'
import type { Tag } from '../ports/ssl-service.ts'

/** Whose certificate it is, as its tags in Tencent Cloud say (I11). */
export interface Owner {
  readonly cluster: string
  readonly namespace: string
  readonly name: string
}

/** What the ownership tags of a listed certificate say. Undefined: there is no such tag, or it is not well-formed. */
export interface Ownership {
  readonly cluster: string | undefined
  /** `namespace/name`, shortened as in `secretTag`. */
  readonly secret: string | undefined
  /** `SVR:` or `CA:` and the chain fingerprint. */
  readonly chain: string | undefined
  /** When the leaf of that chain begins, seconds since the epoch. */
  readonly notBefore: number | undefined
  /** It carries no tag at all, of nobody. */
  readonly untagged: boolean
}

const prefix = 'cert-sync/'
const clusterKey = `${prefix}cluster`
const secretKey = `${prefix}secret`
const chainKey = `${prefix}chain`
/** Characters of a tag's value, as documented. A namespace and a name together can have 317. */
const maxValue = 255

/** The tags that say whose certificate it is. The words qcloud, tencent and project are reserved in keys. */
export function ownerTags(owner: Owner): Tag[] {
  return [
    { key: clusterKey, value: owner.cluster },
    { key: secretKey, value: secretTag(owner) },
  ]
}

/**
 * The tag that says which chain a certificate holds: `<SVR|CA>:<64 hex>:<notBefore of the leaf, epoch seconds>`. With it,
 * adoption is exact without sending the key, and needs no date of a listing.
 *
 * @param chain `notBefore` in ms since the epoch
 */
export function chainTag(chain: { readonly chainFingerprint: string; readonly notBefore: number }): Tag {
  return { key: chainKey, value: `${chain.chainFingerprint}:${Math.floor(chain.notBefore / 1_000)}` }
}

/** The tag under which everything of one cluster is listed. */
export function clusterTag(cluster: string): Tag {
  return { key: clusterKey, value: cluster }
}

/** Reads the ownership tags as a listing shows them. */
export function readOwnership(tags: readonly Tag[]): Ownership {
  const value = (key: string) => tags.find((it) => it.key === key)?.value
  const [, chain, notBefore] = /^((?:SVR|CA):[0-9a-f]{64}):(-?\d{1,14})$/.exec(value(chainKey) ?? '') ?? []
  return {
    cluster: value(clusterKey),
    secret: value(secretKey),
    chain,
    notBefore: notBefore === undefined ? undefined : Number(notBefore),
    untagged: tags.length === 0,
  }
}

/** The value of the tag that names a Secret. What is too long ends in a hash of the whole; the namespace is never cut. */
export function secretTag({ namespace, name }: Pick<Owner, 'namespace' | 'name'>): string {
  return shorten(`${namespace}/${name}`)
}

/** Whether there is a tag that names a chain, well-formed or not. */
export function hasChainTag(tags: readonly Tag[]): boolean {
  return tags.some((it) => it.key === chainKey)
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

function shorten(value: string): string {
  if (value.length <= maxValue) return value
  const mark = `-${hash(value)}`
  return value.slice(0, maxValue - mark.length) + mark
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
