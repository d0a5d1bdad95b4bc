import type { TestChain } from '../../../../test/heart/material.ts'
import { testNow } from '../../../../test/heart/material.ts'
import { identity } from '../../../../test/heart/observed.ts'
import type { Observed } from '../../../contract/observe.ts'
import type { Instant } from '../../../engine/step.ts'
import type { Upload } from '../../../ledger/entry.ts'
import { Ledger } from '../../../ledger/ledger.ts'
import { type UploadView, type ViewOfChain, withChain } from '../view.ts'

/** When the unit tests of the upload happen. */
export const now: Instant = { wall: testNow, elapsed: 1_000_000 }

/** So many ms later. */
export function later(ms: number): Instant {
  return { wall: now.wall + ms, elapsed: now.elapsed + ms }
}

/** A view of a Secret in an account of which nothing is known, unless `more` says otherwise. */
export function viewOf(
  observed: Observed,
  more: Partial<Omit<UploadView, 'observed' | 'chain'>> & { readonly ledger?: Ledger } = {},
): UploadView & { readonly ledger: Ledger } {
  return {
    observed,
    chain: observed.material.chain,
    identity,
    heldFor: () => undefined,
    budgetFreeAt: undefined,
    canFindByChain: true,
    ...more,
    ledger: more.ledger ?? new Ledger(),
  }
}

/** The same of a Secret with a chain. */
export function chainViewOf(...parts: Parameters<typeof viewOf>): ReturnType<typeof viewOf> & ViewOfChain {
  return withChain(viewOf(...parts))
}

export const plainUpload: Upload = {
  by: 'web/site',
  own: false,
  repeated: false,
  request: undefined,
  settings: `v1:${'0'.repeat(64)}`,
  rung: 'Nothing',
  account: 'Nothing',
  refusedWith: undefined,
}

/** A ledger to which the service answered an id for a chain, by default just now and for `web/site`. */
export function ledgerWith(
  chain: Pick<TestChain, 'chainFingerprint' | 'leaf'>,
  certificateId: string,
  upload: Partial<Upload> = {},
  elapsed = now.elapsed,
): Ledger {
  const ledger = new Ledger()
  const notAfter = chain.leaf.notAfter.getTime()
  ledger.learnUploaded(
    certificateId,
    chain.chainFingerprint,
    notAfter,
    { ...plainUpload, ...upload },
    elapsed,
  )
  return ledger
}
