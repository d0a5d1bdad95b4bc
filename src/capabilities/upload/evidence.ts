import type { Chain } from '../../certificate/material.ts'
import type { Observed } from '../../contract/observe.ts'
import { readOwnership, secretTag } from '../../contract/ownership.ts'
import { chainPrefix, type Status } from '../../contract/status.ts'
import type { RemoteCertificate } from '../../ports/ssl-service.ts'
import type { LookUp } from './action.ts'
import { refusedOf, type UploadMemory } from './memory.ts'
import type { UploadView } from './view.ts'

/** What counts as proof in the result of a lookup. */
export interface Evidence {
  /** The cluster that the tags must name; undefined: any, since the service itself says that it has the certificate. */
  readonly cluster: string | undefined
  /** Certificates without any tag may be ours. */
  readonly refusesTags: boolean
  /** The alias must end so. */
  readonly suffix: string | undefined
}

/**
 * A certificate without any tag is ours only where tags are refused: by the account, for this input, or for the one on record,
 * from which a new process learns. The record is the Secret's own word: the ledger trusts it for that Secret alone.
 */
export function evidenceFor(
  { observed, ledger, identity }: UploadView,
  memory: UploadMemory,
  { purpose, query }: LookUp,
): Evidence {
  const onRecord = observed.status.settings?.refused ?? []
  return {
    cluster: purpose === 'Exists' ? undefined : identity.cluster,
    refusesTags:
      ledger.cosmetics.refusesTags ||
      refusedOf(memory, observed)?.rung === 'Everything' ||
      onRecord.includes('all-tags'),
    suffix: query.by === 'alias' ? query.alias : undefined,
  }
}

/**
 * Whether a listed certificate is proven to hold the observed chain. An alias proves little, for whoever may choose one can
 * forge it: the tags must be ours, for this chain and, where a Secret has a copy of its own, for this Secret. Without any tag
 * only where the account is known to refuse tags. No date decides: those of listings have no zone.
 */
export function holdsChain(
  remote: RemoteCertificate,
  observed: Observed,
  { cluster, refusesTags, suffix }: Evidence,
): boolean {
  const { settings, secret, material } = observed
  const ownership = readOwnership(remote.tags)
  if (!isSameType(remote, observed)) return false
  if (suffix !== undefined && remote.alias !== suffix && !remote.alias.endsWith(` ${suffix}`)) return false
  if (ownership.untagged) return refusesTags
  if (ownership.chain !== material.chain?.chainFingerprint) return false
  if (cluster !== undefined && ownership.cluster !== cluster) return false
  return !settings.repeatable || ownership.secret === secretTag(secret)
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
