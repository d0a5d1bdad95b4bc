import { listedLateMs } from '../entry.ts'
import type { Ledger } from '../ledger.ts'

/** Has two lookups, the second one at `now`, find none of the ids on record, and the account judged by that. */
export function loseAll(ledger: Ledger, now: number): void {
  for (const at of [now - listedLateMs, now]) {
    for (const id of ledger.claimedIds()) ledger.learnAbsent(id, undefined, at)
  }
  ledger.judgeAccount(now)
}
