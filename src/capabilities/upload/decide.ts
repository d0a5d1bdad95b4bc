import type { Chain } from '../../certificate/material.ts'
import { preflight } from '../../certificate/preflight.ts'
import { userKeys } from '../../contract/annotation-keys.ts'
import type { Identity, Observed } from '../../contract/observe.ts'
import { chainPrefix, type Status } from '../../contract/status.ts'
import type { Memo } from '../../ledger/id-memo.ts'
import { decideChain } from './decide-chain.ts'
import type { Decision, Memory } from './decision.ts'

/** How long a rejection by the service is believed (ms): what we know of its codes may be wrong. */
export const rejectionLifetimeMs = 24 * 3_600_000

/**
 * Decides what to do about one Secret. Pure: the design's decision table, row by row.
 *
 * @param now ms since the epoch
 */
export function decide(observed: Observed, memory: Memory, identity: Identity, now: number): Decision {
  const { settings, status, material } = observed

  if (settings.upload === 'absent' || settings.upload === 'no' || observed.secret.deleting)
    return { kind: 'Ignore' }
  if (settings.paused) return { kind: 'Skip' }
  if (settings.problems.length > 0) return invalidAnnotation(settings.problems)

  const backOff = backingOff(observed, memory, now)
  const gone = status.uploaded !== undefined && status.uploaded.certificateId === memory.goneId
  const requestOpen = settings.requestedAt !== undefined && settings.requestedAt !== status.handledRequest
  // A memo made for this very request answers it; an older one is what the request asks to go past.
  const memo =
    memory.memo && (!requestOpen || memory.memo.request === requestOf(observed)) ? memory.memo : undefined

  if (isUploaded(observed, identity) && !gone) {
    const uploaded = status.uploaded as NonNullable<typeof status.uploaded>
    if (requestOpen && memo === undefined) {
      if (backOff) return backOff
      return memory.lookupsHeld ? { kind: 'Hold' } : { kind: 'Verify', certificateId: uploaded.certificateId }
    }
    const { recorded } = memory
    // Somebody wrote another id over ours: what the service answered is the truth (I6).
    if (
      recorded?.chainFingerprint === uploaded.chainFingerprint &&
      recorded.certificateId !== uploaded.certificateId
    ) {
      const { certificateId, existed } = recorded
      return { kind: 'Record', certificateId, existed, settings: status.settings }
    }
    return { kind: 'Synced' }
  }

  if (observed.temporary) return { kind: 'Pending', reason: 'TemporaryCertificate' }
  const violation = preflight(material, now)
  if (violation) return { kind: 'Reject', ...violation }
  const chain = material.chain as Chain
  if (memo && !holdsOtherChain(status, memo.certificateId, chain)) return record(memo, observed)

  const keptUntil = rejectionBelievedUntil(observed, now)
  if (now < keptUntil) return { kind: 'Keep', until: keptUntil }
  if (backOff) return backOff
  if (memory.uploadsHeld) return { kind: 'Hold' }
  if (memory.budgetFreeAt !== undefined && memory.budgetFreeAt > now) {
    return { kind: 'Pending', reason: 'UploadBudgetExceeded', until: memory.budgetFreeAt }
  }
  return decideChain(observed, memory, identity, chain)
}

/** The status says that this very chain is in this very account. */
function isUploaded({ status, material }: Observed, identity: Identity): boolean {
  return (
    material.chain !== undefined &&
    status.uploaded?.account === identity.account &&
    status.uploaded.chainFingerprint === material.chain.chainFingerprint
  )
}

/**
 * The id is on record for another chain, now or as a previous one: the service compares by leaf, and writing the id down
 * would put the old chain back into service. With another leaf on record, it is the record that is wrong.
 */
export function holdsOtherChain(
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

/** 0 when nothing that is still true was rejected. A time to come was not written by us: clocks differ less. */
function rejectionBelievedUntil({ status, rejectionInput }: Observed, now: number): number {
  const { phase, rejectedFor, rejectedAt } = status
  if (phase !== 'Rejected' || rejectedFor !== rejectionInput || rejectedAt === undefined) return 0
  return rejectedAt <= now + 60_000 ? rejectedAt + rejectionLifetimeMs : 0
}

function backingOff(observed: Observed, { failure }: Memory, now: number): Decision | undefined {
  const waits = failure && failure.input === observed.input && failure.until > now
  return waits ? { kind: 'Wait', until: failure.until } : undefined
}

/** What was uploaded for another Secret has that one's alias and tags: for this one it was there already. */
function record({ certificateId, existed, by, settings, refusal }: Memo, { key }: Observed): Decision {
  return { kind: 'Record', certificateId, existed: existed || by !== key, settings, refusal }
}

function invalidAnnotation(problems: readonly string[]): Decision {
  const message = `${problems.join('; ')}. Correct the annotation (all keys start with ${userKeys.upload.split('/')[0]}/).`
  return { kind: 'Reject', reason: 'InvalidAnnotation', message }
}

/** Identifies an open request of one Secret, so that an answer to it can be told from an older one. */
export function requestOf(observed: Observed): string | undefined {
  const { requestedAt } = observed.settings
  return requestedAt === undefined ? undefined : `${observed.key} ${requestedAt}`
}
