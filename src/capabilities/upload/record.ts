import { statusKeys } from '../../contract/annotation-keys.ts'
import type { Observed } from '../../contract/observe.ts'
import type { Outcome, StatusSlice } from '../../engine/step.ts'
import type { UploadMemory } from './memory.ts'
import { recordedHere, type UploadView } from './view.ts'

/** Memory after a GET or a call: the first id found on record is trusted; from then on what this process wrote is. */
export function recall(view: UploadView, memory: UploadMemory): UploadMemory {
  const { observed, ledger } = view
  const { uploaded, origin } = observed.status
  const isGone = uploaded !== undefined && ledger.isGone(uploaded.certificateId)
  const missing = isGone ? uploaded.certificateId : stillMissing(view, memory)
  if (memory.recorded && !ledger.isGone(memory.recorded.certificateId)) return { ...memory, missing }
  const recorded = recordedHere(view)
  if (isGone || !recorded) return { ...memory, missing, recorded: undefined }
  const { certificateId, chainFingerprint } = recorded
  return { ...memory, missing, recorded: { certificateId, chainFingerprint, existed: origin !== 'Uploaded' } }
}

/**
 * The id that the status took back is missing until it is shown: that it is named, or that lookups turn out to hide others, does
 * not bring it back.
 */
function stillMissing({ observed, ledger }: UploadView, { missing }: UploadMemory): string | undefined {
  if (missing === undefined || ledger.isGone(missing)) return missing
  const { status, material } = observed
  const isTakenBack = status.uploaded?.certificateId !== missing
  const isOfChain = ledger.chainOf(missing) === material.chain?.chainFingerprint
  return isTakenBack && isOfChain && !ledger.isShown(missing) ? missing : undefined
}

/**
 * Memory before an outcome is written. The id in it counts as recorded already: a write may be done and its answer lost (I6).
 * What is reported instead of Synced is repeated on the way to the next outcome, and nothing older.
 */
export function reporting({ input }: Observed, before: UploadMemory, outcome: Outcome): UploadMemory {
  const { slice } = outcome
  const isSynced = slice[statusKeys.phase] === 'Synced'
  const memory = { ...before, reported: isSynced ? undefined : { input, outcome } }
  const certificateId = slice[statusKeys.certificateId]
  const chainFingerprint = slice[statusKeys.chainFingerprint]
  if (!certificateId || !chainFingerprint) return memory
  const existed = slice[statusKeys.origin] === 'Adopted'
  return { ...memory, recorded: { certificateId, chainFingerprint, existed }, missing: undefined }
}

/** Memory after a slice was written. */
export function written(memory: UploadMemory, slice: StatusSlice): UploadMemory {
  const intended = slice[statusKeys.intent] ?? undefined
  const isSynced = slice[statusKeys.phase] === 'Synced'
  return {
    ...memory,
    ...(intended === undefined ? {} : { intended }),
    ...(isSynced ? { reported: undefined, answered: undefined, last: undefined, intended: undefined } : {}),
  }
}
