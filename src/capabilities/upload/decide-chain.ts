import type { Chain } from '../../certificate/material.ts'
import type { Identity, Observed } from '../../contract/observe.ts'
import { copySuffix } from '../../contract/ownership.ts'
import { chainPrefix } from '../../contract/status.ts'
import type { ChainProgress, Decision, Memory, Search } from './decision.ts'

/**
 * The rows UploadChain and Upload of the decision table. Each answer is one step; what it found out is in
 * `memory.progress` or, where a crash must not lose it, in the status (`intent`).
 *
 * A second copy is made (`Repeatable=true`) only with an intent on record, and only after no copy with its alias was
 * found: whoever dies in between finds it again (I1).
 */
export function decideChain(observed: Observed, memory: Memory, identity: Identity, chain: Chain): Decision {
  const { settings, status } = observed
  const progress = memory.progress?.chainFingerprint === chain.chainFingerprint ? memory.progress : undefined
  const plain = memory.plainInput === observed.input
  const sameAccount = status.uploaded?.account === identity.account

  // An intent was meant for the account on record.
  const intended = status.intent === chain.chainFingerprint && (settings.repeatable || sameAccount)
  if (intended) {
    const { namespace, name } = observed.secret
    const owner = { cluster: identity.cluster, namespace, name }
    const suffix = copySuffix(owner, chain.chainFingerprint, settings.repeatable)
    if (!progress?.aliasAsked) return { kind: 'Find', search: { by: 'alias', suffix } }
    return { kind: 'Upload', plain, copySuffix: suffix }
  }

  const sameLeaf =
    sameAccount &&
    status.uploaded?.fingerprint === chain.fingerprint &&
    status.uploaded.chainFingerprint.startsWith(`${settings.type}:`)
  if (sameLeaf && !progress?.previousAsked) {
    const previous = status.previous.find((it) => it.chainPrefix === chainPrefix(chain.chainFingerprint))
    if (previous) return { kind: 'Find', search: { by: 'previous', certificateId: previous.certificateId } }
  }
  if (settings.repeatable || (sameAccount && progress?.sameId)) return { kind: 'Intend' }
  if (progress?.exists) return { kind: 'Find', search: whereItExists(progress, memory) }
  return { kind: 'Upload', plain }
}

function whereItExists({ candidate, noChainSearch }: ChainProgress, memory: Memory): Search {
  if (candidate) return { by: 'candidate', certificateId: candidate }
  return { by: memory.canFindByChain && !noChainSearch ? 'chain' : 'tags' }
}
