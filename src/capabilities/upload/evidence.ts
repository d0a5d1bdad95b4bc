import type { Chain } from '../../certificate/material.ts'
import type { Observed } from '../../contract/observe.ts'
import { copySuffix, hasChainTag, readOwnership, secretTag } from '../../contract/ownership.ts'
import { chainPrefix, type Status } from '../../contract/status.ts'
import type { AccountRung, Rung } from '../../ledger/cosmetics-ladder.ts'
import type { RemoteCertificate } from '../../ports/ssl-service.ts'
import type { Lookup } from './action.ts'
import { refusedOf, type UploadMemory } from './memory.ts'
import type { UploadView, ViewOfChain } from './view.ts'

/** What counts as proof in the result of a lookup. */
export interface Evidence {
  /** The cluster that the tags must name; undefined: any, since the service itself says that it has the certificate. */
  readonly cluster: string | undefined
  /** What certificates of ours may lack: the chain tag, or every tag. */
  readonly refused: AccountRung
  /** The alias must end so. */
  readonly suffix: string | undefined
}

/**
 * A certificate without tags of ours is ours only where they are refused: by the account, for this input, or for the one on
 * record, from which a new process learns. The record is the Secret's own word: the ledger trusts it for that Secret alone.
 *
 * Where there is no record either, as after a crash on the way of a Secret's first copy, the tags of a new process are
 * refused once more; and since that call has begun, a copy is looked for again before the one without them is sent.
 */
export function evidenceFor(
  { observed, ledger, identity }: UploadView,
  memory: UploadMemory,
  { purpose, query }: Lookup,
): Evidence {
  const refused = [
    ledger.cosmetics.refused,
    refusedOf(memory, observed)?.rung,
    refusedOnRecord(observed.status),
  ]
  const isRefused = (rung: Rung) => refused.includes(rung)
  return {
    cluster: purpose === 'Exists' ? undefined : identity.cluster,
    refused: isRefused('Everything') ? 'Everything' : isRefused('ChainTag') ? 'ChainTag' : 'Nothing',
    suffix: query.by === 'alias' ? query.alias : undefined,
  }
}

function refusedOnRecord({ settings }: Status): AccountRung {
  if (settings?.refused.includes('all-tags')) return 'Everything'
  return settings?.refused.includes('chain-tag') ? 'ChainTag' : 'Nothing'
}

/**
 * Whether a listed certificate is proven to hold the observed chain. An alias proves little, for whoever may choose one can
 * forge it: the tags must be ours, for this chain and, where a Secret has a copy of its own, for this Secret. Without any tag
 * only where the account is known to refuse tags. No date decides: those of listings have no zone.
 *
 * Where the chain tag alone is refused, the other tags of ours and the suffix prove the same: no Secret can have the operator
 * send either, and who sets them in the console could set the chain tag as well. A previous ID has no suffix: the record of
 * the Secret that owns the certificate says which chain it holds.
 */
export function holdsChain(
  remote: RemoteCertificate,
  observed: Observed,
  { cluster, refused, suffix }: Evidence,
): boolean {
  const { settings, secret, material } = observed
  const ownership = readOwnership(remote.tags)
  if (!isSameType(remote, observed)) return false
  if (suffix !== undefined && !endsIn(remote.alias, suffix)) return false
  if (ownership.untagged) return refused === 'Everything'
  if (cluster !== undefined && ownership.cluster !== cluster) return false
  const isOfSecret = ownership.secret === secretTag(secret)
  if (!hasChainTag(remote.tags)) {
    const isProven = isOfSecret || (suffix !== undefined && !settings.repeatable)
    return refused !== 'Nothing' && cluster !== undefined && isProven
  }
  return ownership.chain === material.chain?.chainFingerprint && (isOfSecret || !settings.repeatable)
}

/**
 * Whether nothing keeps a certificate that was found for the observed chain from serving the Secret: neither a proof that it
 * holds another chain, nor another Secret that has it for itself.
 */
export function mayServe(remote: RemoteCertificate, view: ViewOfChain): boolean {
  const proven = view.ledger.chainOf(remote.certificateId)
  const isOtherChain = proven !== undefined && proven !== view.chain.chainFingerprint
  return !isOtherChain && !isAnothersOwn(remote, view)
}

/**
 * Whether a certificate with the observed chain is a copy that another Secret has for itself: it serves nobody else. This
 * process uploaded it, or its tags and alias say so.
 */
export function isAnothersOwn(
  { certificateId, alias, tags }: RemoteCertificate,
  { observed: { key, secret }, chain, ledger, identity }: ViewOfChain,
): boolean {
  const { chainFingerprint } = chain
  if (ledger.isAnothersOwn(certificateId, chainFingerprint, key)) return true
  const { cluster, secret: owner = '' } = readOwnership(tags)
  const isOfSecret = cluster === identity.cluster && owner === secretTag(secret)
  if (cluster === undefined || isOfSecret) return false
  const [namespace = '', name = ''] = owner.split('/')
  return endsIn(alias, copySuffix({ cluster, namespace, name }, chainFingerprint, true))
}

function endsIn(alias: string, suffix: string): boolean {
  return alias === suffix || alias.endsWith(` ${suffix}`)
}

/**
 * Whether the id that the service named for the chain may hold it: it says so itself, but cannot say of which type, and
 * another chain may be on its tag, or proven by its upload.
 */
export function mayHoldChain(
  remote: RemoteCertificate,
  observed: Observed,
  proven: string | undefined,
): boolean {
  const chain = proven ?? readOwnership(remote.tags).chain
  const isOtherChain = chain !== undefined && chain !== observed.material.chain?.chainFingerprint
  return isSameType(remote, observed) && !isOtherChain
}

/** Whether a listed certificate may be of the type that the Secret asks for. */
export function isSameType({ type }: RemoteCertificate, { settings }: Observed): boolean {
  return type === undefined || type === settings.type
}

/** Whether the chain tag of a listed certificate names another chain whose leaf begins in the same second. */
export function hasLeafOf(remote: RemoteCertificate, observed: Observed): boolean {
  const { chain, notBefore } = readOwnership(remote.tags)
  const seconds = Math.floor((observed.material.chain?.notBefore ?? Number.NaN) / 1_000)
  return isSameType(remote, observed) && chain !== undefined && notBefore === seconds
}

/** The record says that the certificate has another leaf, whatever begins in the same second. */
export function isRecordedForOtherLeaf(
  { certificateId }: RemoteCertificate,
  { status: { uploaded }, material }: Observed,
): boolean {
  return uploaded?.certificateId === certificateId && uploaded.fingerprint !== material.chain?.fingerprint
}

/**
 * The id is on record for another chain, now or as a previous one: the service compares by leaf, and writing the id down
 * would put the old chain back into service. With another leaf on record, it is the record that is wrong.
 */
export function isRecordedForOtherChain(
  { uploaded, previous }: Status,
  certificateId: string,
  chain: Chain,
): boolean {
  if (uploaded?.certificateId === certificateId) {
    return uploaded.fingerprint === chain.fingerprint && uploaded.chainFingerprint !== chain.chainFingerprint
  }
  const earlier = previous.find((it) => it.certificateId === certificateId)
  return earlier !== undefined && earlier.chainPrefix !== chainPrefix(chain.chainFingerprint)
}
