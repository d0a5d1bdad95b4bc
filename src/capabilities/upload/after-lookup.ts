import type { Instant } from '../../engine/step.ts'
import { listedLateMs } from '../../ledger/entry.ts'
import type { LookupFor } from './action.ts'
import type { Page } from './calls.ts'
import {
  evidenceFor,
  hasLeafOf,
  holdsChain,
  isAnothersOwn,
  isRecordedForOtherChain,
  isRecordedForOtherLeaf,
  isSameType,
  mayHoldChain,
  mayServe,
} from './evidence.ts'
import { type ChainProgress, progressOf, type UploadMemory } from './memory.ts'
import { existsElsewhere } from './outcomes.ts'
import { progressed, reported, succeeded } from './remember.ts'
import { openRequest, suffixOf, type UploadView, type ViewOfChain } from './view.ts'

/** By purpose: what a lookup that found nothing, or was not allowed, leaves behind so that it is not made again. */
const afterNothing = {
  Known: { knownAsked: true },
  Previous: { previousAsked: true },
  Candidate: { candidate: undefined, noChainSearch: true },
  Exists: { noChainTag: true, offset: 0 },
} as const satisfies Partial<Record<LookupFor, Partial<ChainProgress>>>

/** Goes on without a lookup: it was made, or cannot be. */
export function withoutLookup(
  view: ViewOfChain,
  memory: UploadMemory,
  purpose: 'Owner' | 'SameLeaf' | keyof typeof afterNothing,
  now: Instant,
  id?: string,
): UploadMemory {
  if (purpose === 'Owner') return { ...memory, ownerAsked: id }
  if (purpose === 'SameLeaf') return afterNamedLook(view, memory, id, false, now)
  return progressed(view, memory, afterNothing[purpose])
}

/** Memory after a page of a lookup. */
export function afterLookup(
  view: ViewOfChain,
  memory: UploadMemory,
  { action, certificates, isLast, nextOffset }: Page,
  now: Instant,
): UploadMemory {
  const { observed } = view
  const { purpose, query } = action
  const found = (id: string | undefined) => certificates.find((it) => it.certificateId === id)
  const id = query.by === 'ids' ? query.ids[0] : undefined
  switch (purpose) {
    case 'Request': {
      const isFound = found(id) !== undefined
      if (!isFound && !doesAbsenceCount(view, id, now))
        return { ...memory, failure: undefined, absent: absentNow(view, id) }
      const request = openRequest(observed)
      const answered = request && ({ request, result: isFound ? 'Exists' : 'Gone' } as const)
      return { ...memory, failure: undefined, absent: undefined, ...(answered ? { answered } : {}) }
    }
    case 'Known': {
      const isLate = id !== undefined && now.elapsed < view.ledger.absence.countsFrom(id)
      if (!found(id) && isLate) return { ...memory, absent: absentNow(view, id) }
      if (!found(id)) return withoutLookup(view, memory, purpose, now, id)
      const request = openRequest(observed)
      return request === undefined ? memory : { ...memory, answered: { request, result: 'Exists' } }
    }
    case 'SameLeaf':
      return afterNamedLook(view, memory, id, found(id) !== undefined, now)
    case 'Owner':
    case 'Previous':
      // What was found is in the ledger.
      return withoutLookup(view, memory, purpose, now, id)
    case 'Candidate': {
      const remote = found(id)
      const look = progressOf(memory, view.chain)?.candidateLook
      // The service names it: it may be listed late.
      if (!remote && now.elapsed - (look?.since ?? now.elapsed) < listedLateMs) {
        const since = look?.since ?? now.elapsed
        return progressed(view, memory, { candidateLook: { since, at: now.elapsed } })
      }
      if (!remote || !isSameType(remote, observed)) return withoutLookup(view, memory, purpose, now, id)
      const isOtherChain =
        !mayHoldChain(remote, observed, view.ledger.chainOf(remote.certificateId)) ||
        isRecordedForOtherChain(observed.status, remote.certificateId, view.chain) ||
        isAnothersOwn(remote, view)
      if (!isOtherChain) return succeeded(memory)
      return progressed(view, memory, { sameLeafId: id, exists: false, candidate: undefined })
    }
    case 'Copy':
    case 'Exists': {
      const evidence = evidenceFor(view, memory, action)
      const holding = certificates.filter((it) => holdsChain(it, observed, evidence))
      const [unfit] = holding
      if (holding.some((it) => mayServe(it, view))) return succeeded(memory)
      // It serves another Secret or chain alone: a further copy is made.
      const before = unfit
        ? progressed(view, memory, { sameLeafId: unfit.certificateId, exists: false })
        : memory
      if (!isLast) return progressed(view, before, { offset: nextOffset })
      if (purpose === 'Copy') return noCopyFound(view, before, now)
      const { exists, tagSearchedAt } = progressOf(before, view.chain) ?? {}
      const isIntended = observed.status.intent === view.chain.chainFingerprint
      const listedBy = view.ledger.copies.listedBy(suffixOf(view)) ?? now.elapsed
      if (exists && !isIntended && (tagSearchedAt === undefined || listedBy > now.elapsed)) {
        return progressed(view, before, { tagSearchedAt: now.elapsed, offset: 0 })
      }
      return withoutLookup(view, before, purpose, now)
    }
    case 'OwnLeaf': {
      const sameLeaf = certificates.find(
        (it) => hasLeafOf(it, observed) && !isRecordedForOtherLeaf(it, observed),
      )
      if (sameLeaf)
        return progressed(view, memory, { sameLeafId: sameLeaf.certificateId, exists: false, offset: 0 })
      return isLast ? nowhere(view, memory, now) : progressed(view, memory, { offset: nextOffset })
    }
  }
}

/** What was searched for while lookups do not show what is there was searched for in vain. */
function afterNamedLook(
  view: ViewOfChain,
  memory: UploadMemory,
  id: string | undefined,
  isFound: boolean,
  { elapsed }: Instant,
): UploadMemory {
  if (id === undefined) return memory
  const before = progressOf(memory, view.chain)?.namedLook
  const since = before?.id === id && !isFound ? before.since : elapsed
  return progressed(view, memory, {
    sameLeafAsked: true,
    namedLook: { id, since, at: elapsed },
    ...(isFound ? {} : { noCopy: undefined, noChainTag: false }),
  })
}

/** It is known to be gone, or known that lookups do not show it. Otherwise it may be listed late, or in another account. */
function doesAbsenceCount({ ledger }: UploadView, id: string | undefined, { elapsed }: Instant): boolean {
  return id === undefined || ledger.isGone(id) || ledger.absence.isHidden(id, elapsed)
}

function absentNow({ ledger, observed }: UploadView, id: string | undefined): UploadMemory['absent'] {
  if (id === undefined) return undefined
  return { certificateId: id, until: ledger.absence.provesFrom(id, observed.key) }
}

function noCopyFound(view: ViewOfChain, memory: UploadMemory, { elapsed }: Instant): UploadMemory {
  const epoch = view.ledger.copies.epochOf(suffixOf(view))
  const before = progressOf(memory, view.chain)?.noCopy
  const since = before?.since ?? elapsed
  return progressed(view, memory, { noCopy: { since, at: elapsed, epoch }, offset: 0 })
}

function nowhere(view: ViewOfChain, memory: UploadMemory, now: Instant): UploadMemory {
  const again = progressed(view, memory, { noChainSearch: false })
  return reported(view, again, 'exists', now, existsElsewhere(view, memory.missing))
}
