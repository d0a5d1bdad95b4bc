import { failedAgain } from '../../engine/failure.ts'
import { spreadOf } from '../../engine/queue/back-off.ts'
import type { Instant, Outcome } from '../../engine/step.ts'
import type { ServiceError } from '../../ports/service-error.ts'
import { type ChainProgress, progressOf, type UploadMemory } from './memory.ts'
import type { UploadView, ViewOfChain } from './view.ts'

/** More than the upload budget lets through within an hour by default. */
const keptChains = 8

/** A failure that is not that of a call: it is counted, and reported as this outcome. */
export function reported(
  view: ViewOfChain,
  memory: UploadMemory,
  failure: ServiceError['failure'],
  now: Instant,
  outcome: Outcome,
): UploadMemory {
  return reportedAs(view, withFailure(view, memory, failure, now), outcome)
}

/** The observed input failed, which is reported as this outcome. */
export function reportedAs({ observed }: UploadView, memory: UploadMemory, outcome: Outcome): UploadMemory {
  return { ...memory, reported: { input: observed.input, outcome } }
}

/** The observed input failed once more. */
export function withFailure(
  view: ViewOfChain,
  memory: UploadMemory,
  failure: ServiceError['failure'],
  now: Instant,
): UploadMemory {
  const { input, key } = view.observed
  const spread = spreadOf(key, (memory.failure?.attempt ?? 0) + 1)
  const after = failedAgain(memory.failure, { input, failure, spread }, now)
  // Where the certificate exists is searched for anew.
  return progressed(
    view,
    { ...memory, failure: after, failedChains: failedChainsAfter(view, memory, failure) },
    {
      exists: false,
      candidate: undefined,
      candidateLook: undefined,
      tagSearchedAt: undefined,
      noChainTag: false,
      offset: 0,
    },
  )
}

function failedChainsAfter(
  { chain }: ViewOfChain,
  { failedChains = [] }: UploadMemory,
  failure: ServiceError['failure'],
): UploadMemory['failedChains'] {
  const { chainFingerprint } = chain
  if (failure === 'throttled' || failedChains.includes(chainFingerprint)) return failedChains
  return [...failedChains, chainFingerprint].slice(-keptChains)
}

/** The service named an id that serves the Secret. */
export function succeeded(memory: UploadMemory, requestId?: string): UploadMemory {
  const attempt = (memory.failure?.attempt ?? 0) + 1
  return {
    ...memory,
    failure: undefined,
    failedChains: undefined,
    progress: undefined,
    last: { requestId, attempt },
  }
}

/** Something was found out on the way of this chain: the next step follows from it. */
export function progressed(
  { chain }: ViewOfChain,
  memory: UploadMemory,
  change: Partial<ChainProgress>,
): UploadMemory {
  const { chainFingerprint } = chain
  return { ...memory, progress: { ...progressOf(memory, chain), ...change, chainFingerprint } }
}
