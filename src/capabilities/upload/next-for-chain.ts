import type { Chain } from '../../certificate/material.ts'
import { chainTag, ownerTags } from '../../contract/ownership.ts'
import { chainPrefix, toAnnotations } from '../../contract/status.ts'
import type { Instant, Step } from '../../engine/step.ts'
import type { CertificateQuery } from '../../ports/ssl-service.ts'
import type { UploadAction, UploadCertificate } from './action.ts'
import { type ChainProgress, progressOf, refusedOf, type UploadMemory } from './memory.ts'
import { call, lookUp, wait } from './steps.ts'
import { ownerOf, suffixOf, type UploadView } from './view.ts'

/** Between two searches for a copy whose call got no answer, ms: it may be listed late. */
const betweenSearchesMs = 10_000

/**
 * The rows UploadChain and Upload of the decision table. Each answer leads to the next step by what it left in memory, in the
 * ledger or, where a crash must not lose it, in the status (`intent`).
 *
 * A copy is identified by its alias. It is made only with an intent on record, and only after a look-up found none with that
 * alias: a process that dies in between finds it again (I1).
 */
export function nextForChain(
  view: UploadView,
  memory: UploadMemory,
  chain: Chain,
  now: Instant,
): Step<UploadAction> {
  const { observed, ledger, identity } = view
  const { settings, status } = observed
  const { chainFingerprint } = chain
  const progress = progressOf(memory, chain)
  const recordedHere = status.uploaded?.account === identity.account

  // An intent was meant for the account on record.
  const isIntended =
    status.intent === chainFingerprint &&
    (memory.intended === chainFingerprint ||
      settings.repeatable ||
      recordedHere ||
      status.uploaded === undefined)
  if (isIntended) return nextForCopy(view, memory, progress, chain, now)

  const isSameLeaf =
    recordedHere &&
    status.uploaded?.fingerprint === chain.fingerprint &&
    status.uploaded.chainFingerprint.startsWith(`${settings.type}:`)
  if (isSameLeaf && !progress?.previousAsked) {
    const previous = status.previous.find((it) => it.chainPrefix === chainPrefix(chainFingerprint))
    if (previous) return lookUp('Previous', { by: 'ids', ids: [previous.certificateId] }, view, memory, now)
  }
  if (settings.repeatable) return intend(chainFingerprint)
  if (progress?.sameLeafId !== undefined) {
    const isUnknown = ledger.chainOf(progress.sameLeafId) === undefined && !progress.sameLeafAsked
    if (!isUnknown) return intend(chainFingerprint)
    return lookUp('SameLeaf', { by: 'ids', ids: [progress.sameLeafId] }, view, memory, now)
  }
  if (progress?.exists) {
    // The service compares by leaf: it is the certificate on record that it means.
    if (isSameLeaf && progress.noChainTag) return intend(chainFingerprint)
    return whereItExists(view, memory, progress, chain, now)
  }
  return call(uploadOf(view, memory, now), view, memory, now)
}

function nextForCopy(
  view: UploadView,
  memory: UploadMemory,
  progress: ChainProgress | undefined,
  chain: Chain,
  now: Instant,
): Step<UploadAction> {
  const { observed, ledger } = view
  const { chainFingerprint } = chain
  // What somebody else uploaded for this chain will do, whatever its alias.
  if (!observed.settings.repeatable && !progress?.noChainTag) {
    return lookUp('Exists', byChainTag(chain, progress), view, memory, now)
  }
  const suffix = suffixOf(view, chain)
  const { copies } = ledger
  const looks = progress?.noCopy?.epoch === copies.epochOf(suffix) ? progress.noCopy : undefined
  const isFirst = memory.intended === chainFingerprint && !copies.mayBeListedLate(suffix, now.elapsed)
  if ((looks?.times ?? 0) < (isFirst ? 1 : 2)) {
    const nextLook = looks ? looks.at + betweenSearchesMs : now.elapsed
    if (nextLook > now.elapsed) return wait('CopyMayAppear', nextLook, memory, observed)
    return lookUp('Copy', { by: 'alias', alias: suffix, offset: progress?.offset ?? 0 }, view, memory, now)
  }
  // A copy of its own that is gone may only be hidden, which a further copy would not show.
  const isKnownToBeThere = progress?.notOwn || progress?.exists || progress?.sameLeafId !== undefined
  const mayBeHidden = observed.settings.repeatable && memory.missing !== undefined && !isKnownToBeThere
  const upload = { ...uploadOf(view, memory, now), suffix }
  return call(mayBeHidden ? upload : { ...upload, copy: true }, view, memory, now)
}

function whereItExists(
  view: UploadView,
  memory: UploadMemory,
  { candidate, noChainSearch, noChainTag, offset = 0 }: ChainProgress,
  chain: Chain,
  now: Instant,
): Step<UploadAction> {
  if (candidate) return lookUp('Candidate', { by: 'ids', ids: [candidate] }, view, memory, now)
  if (view.canFindByChain && !noChainSearch) return call({ name: 'CheckCertificateExist' }, view, memory, now)
  if (!noChainTag) return lookUp('Exists', byChainTag(chain, { offset }), view, memory, now)
  return lookUp('OwnLeaf', { by: 'tags', tags: ownerTags(ownerOf(view)), offset }, view, memory, now)
}

function uploadOf(
  { observed, ledger }: UploadView,
  memory: UploadMemory,
  { elapsed }: Instant,
): UploadCertificate {
  const account = ledger.cosmetics.accountAt(elapsed)
  const rung = refusedOf(memory, observed)?.rung ?? 'Nothing'
  return {
    name: 'UploadCertificate',
    rung,
    account,
    ...(memory.pkcs8For === observed.input ? { asPkcs8: true } : {}),
  }
}

function byChainTag(chain: Chain, progress: { readonly offset?: number } | undefined): CertificateQuery {
  return { by: 'tags', tags: [chainTag(chain)], offset: progress?.offset ?? 0 }
}

/** Puts on record that a second copy is about to be made; the copy itself is the next step. */
function intend(chainFingerprint: string): Step<UploadAction> {
  return { kind: 'WriteFirst', label: 'Intend', slice: toAnnotations({ intent: chainFingerprint }) }
}
