import { chainTag, ownerTags } from '../../contract/ownership.ts'
import { chainPrefix, toAnnotations } from '../../contract/status.ts'
import type { Instant, Step } from '../../engine/step.ts'
import { listedLateMs } from '../../ledger/entry.ts'
import type { CertificateQuery } from '../../ports/ssl-service.ts'
import type { UploadAction, UploadCertificate } from './action.ts'
import { type ChainProgress, progressOf, refusedOf, type UploadMemory } from './memory.ts'
import { notVisible } from './outcomes.ts'
import { call, lookUp, wait } from './steps.ts'
import { ownerOf, recordedHere, suffixOf, type UploadView, type ViewOfChain } from './view.ts'

/** The pause between two searches for what may be listed late, ms. */
const betweenSearchesMs = 10_000
/** How long the result of a search is valid, ms. The same applies to a lookup by ID. */
const searchCountsForMs = 10 * 60_000
/** How often an ID that lookups do not show is looked up again, ms. */
const notVisibleMs = 10 * 60_000
/** How often the service is asked whether it still has a certificate that lookups do not show, ms. */
const namedForMs = 3_600_000

/**
 * The rows UploadChain and Upload of the decision table. Every answer leaves something in memory or in the ledger. What a crash
 * must not lose is in the status (`intent`). The next step follows from these three.
 *
 * A copy is identified by its alias. It is made only after the intent was written to the status and a search found no
 * certificate with that alias. So a process that crashes in between finds the copy again (I1).
 */
export function nextForChain(view: ViewOfChain, memory: UploadMemory, now: Instant): Step<UploadAction> {
  const { observed, chain, ledger } = view
  const { settings, status } = observed
  const { chainFingerprint } = chain
  const progress = progressOf(memory, chain)
  const recorded = recordedHere(view)

  // An intent was meant for the account on record.
  const isIntended =
    status.intent === chainFingerprint &&
    (memory.intended === chainFingerprint ||
      settings.repeatable ||
      recorded !== undefined ||
      status.uploaded === undefined)
  if (isIntended) return nextForCopy(view, memory, progress, now)

  const isSameLeaf =
    recorded?.fingerprint === chain.fingerprint && recorded.chainFingerprint.startsWith(`${settings.type}:`)
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
    return whereItExists(view, memory, progress, now)
  }
  return call(uploadOf(view, memory, now), view, memory, now)
}

function nextForCopy(
  view: ViewOfChain,
  memory: UploadMemory,
  progress: ChainProgress | undefined,
  now: Instant,
): Step<UploadAction> {
  const { observed, chain, ledger } = view
  const named = namedBeside(view, progress, now)
  const untilShown = named === undefined ? undefined : nextForNamed(view, memory, progress, named, now)
  if (untilShown) return untilShown
  // What somebody else uploaded for this chain will do, whatever its alias.
  if (!observed.settings.repeatable && !progress?.noChainTag) {
    return lookUp('Exists', byChainTag(view, progress), view, memory, now)
  }
  const suffix = suffixOf(view)
  const { copies } = ledger
  const { noCopy } = progress ?? {}
  const isCurrent = noCopy !== undefined && now.elapsed - noCopy.at <= searchCountsForMs
  const looks = isCurrent && noCopy.epoch === copies.epochOf(suffix) ? noCopy : undefined
  // Another process wrote the intent: it may have sent the copy just before this one began to search.
  const isOthers = memory.intended !== chain.chainFingerprint
  const since = noCopy?.since ?? now.elapsed
  const listedBy = Math.max(copies.listedBy(suffix) ?? since, isOthers ? since + listedLateMs : since)
  if (!looks || looks.at < listedBy) {
    const nextLook = looks ? nextSearchAt(looks.at, listedBy) : now.elapsed
    if (nextLook > now.elapsed) return wait('CopyMayAppear', nextLook, memory, observed)
    return lookUp('Copy', { by: 'alias', alias: suffix, offset: progress?.offset ?? 0 }, view, memory, now)
  }
  const upload = { ...uploadOf(view, memory, now), suffix }
  if (named !== undefined) return call({ ...upload, copy: true }, view, memory, now)
  // What there is may only be hidden, which a further copy would not show: the service is asked for it first.
  if (!progress?.exists || isNamedLongAgo(view, progress, now)) return call(upload, view, memory, now)
  if (view.canFindByChain && !progress.noChainSearch) {
    return call({ name: 'CheckCertificateExist' }, view, memory, now)
  }
  return call({ ...upload, copy: true }, view, memory, now)
}

/** A copy that is listed late is mostly there soon. It is there at the latest when the last search is made. */
function nextSearchAt(at: number, lastAt: number): number {
  const isFirst = lastAt - at > listedLateMs - betweenSearchesMs
  return isFirst ? at + betweenSearchesMs : lastAt
}

/**
 * The certificate of this leaf beside which a copy is made: the one that the service named, or by leaf the one on record.
 * Undefined: the service is to be asked.
 */
function namedBeside(
  view: ViewOfChain,
  progress: ChainProgress | undefined,
  now: Instant,
): string | undefined {
  const { chain, ledger } = view
  const recorded = recordedHere(view)
  const onRecord = recorded?.fingerprint === chain.fingerprint ? recorded.certificateId : undefined
  const named = progress?.sameLeafId ?? (progress?.exists ? onRecord : undefined)
  if (named === undefined || ledger.isGone(named)) return undefined
  return isNamedLongAgo(view, progress, now) ? undefined : named
}

/** Lookups have not shown it for so long that the service may have it no more. */
function isNamedLongAgo({ ledger }: UploadView, progress: ChainProgress | undefined, now: Instant): boolean {
  const look = progress?.namedLook
  return look !== undefined && !ledger.isShown(look.id) && now.elapsed - look.since > namedForMs
}

/**
 * No copy is made while lookups do not show what the service names: they would not show a copy that is there either. Undefined:
 * they show it.
 */
function nextForNamed(
  view: ViewOfChain,
  memory: UploadMemory,
  progress: ChainProgress | undefined,
  named: string,
  now: Instant,
): Step<UploadAction> | undefined {
  const { ledger, observed } = view
  const look = progress?.namedLook?.id === named ? progress.namedLook : undefined
  const isShown = ledger.isShown(named)
  if (look && isShown && now.elapsed - look.at <= searchCountsForMs) return undefined
  if (look && !isShown) {
    const mayBeLate = look.at - look.since < listedLateMs
    const nextLook = look.at + (mayBeLate ? betweenSearchesMs : notVisibleMs)
    if (nextLook > now.elapsed) {
      if (mayBeLate) return wait('MayBeListedLate', nextLook, memory, observed)
      return { kind: 'Wait', label: 'NotVisible', until: nextLook, meanwhile: notVisible(view, named) }
    }
  }
  return lookUp('SameLeaf', { by: 'ids', ids: [named] }, view, memory, now)
}

function whereItExists(
  view: ViewOfChain,
  memory: UploadMemory,
  { candidate, candidateLook, noChainSearch, noChainTag, tagSearchedAt, offset = 0 }: ChainProgress,
  now: Instant,
): Step<UploadAction> {
  if (candidate && candidateLook && candidateLook.at + betweenSearchesMs > now.elapsed) {
    return wait('MayBeListedLate', candidateLook.at + betweenSearchesMs, memory, view.observed)
  }
  if (candidate) return lookUp('Candidate', { by: 'ids', ids: [candidate] }, view, memory, now)
  if (view.canFindByChain && !noChainSearch) return call({ name: 'CheckCertificateExist' }, view, memory, now)
  // What exists may be listed late: it is searched for twice.
  const nextSearch = offset === 0 && tagSearchedAt !== undefined ? tagSearchedAt + betweenSearchesMs : 0
  if (!noChainTag && nextSearch > now.elapsed) {
    return wait('MayBeListedLate', nextSearch, memory, view.observed)
  }
  if (!noChainTag) return lookUp('Exists', byChainTag(view, { offset }), view, memory, now)
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

function byChainTag(
  { chain }: ViewOfChain,
  progress: { readonly offset?: number } | undefined,
): CertificateQuery {
  return { by: 'tags', tags: [chainTag(chain)], offset: progress?.offset ?? 0 }
}

/** Puts on record that a second copy is about to be made; the copy itself is the next step. */
function intend(chainFingerprint: string): Step<UploadAction> {
  return { kind: 'WriteFirst', label: 'Intend', slice: toAnnotations({ intent: chainFingerprint }) }
}
