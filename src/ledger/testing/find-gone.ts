import { goneAfterMs } from '../entry.ts'
import type { Ledger } from '../ledger.ts'

/** Has two lookups, the second one at `now`, prove that an id is gone. */
export function findGone(ledger: Ledger, certificateId: string, now: number): void {
  ledger.learnAbsent(certificateId, undefined, now - goneAfterMs)
  ledger.learnAbsent(certificateId, undefined, now)
}
