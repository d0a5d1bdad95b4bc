import { UploadCapability } from '../../src/capabilities/upload/upload.ts'
import { UploadBudget } from '../../src/capabilities/upload/upload-budget.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { identity } from '../heart/observed.ts'
import { AccountService } from './account.ts'
import { leafOf } from './chains.ts'
import type { Profile } from './profiles.ts'
import type { Process, Statement } from './small-world.ts'

/** What a process is made of. */
export interface Parts {
  readonly ledger: Ledger
  readonly capability: UploadCapability
}

/** Two Secrets with two chains never meet a budget of that many. */
const budget = { count: 100, perMs: 3_600_000 }
const known = new WeakMap<readonly Statement[], Parts>()

/** Makes a process's ledger and capability anew from everything that it came to know. */
export function rebuild({ journal }: Pick<Process, 'journal'>, profile: Profile): Parts {
  const ledger = new Ledger()
  const capability = new UploadCapability({
    ...{ identity, ledger },
    // Asked for no call: see `callOf`.
    service: new AccountService([], profile, leafOf, 0),
    budget: new UploadBudget(budget.count, budget.perMs),
    heldFor: () => undefined,
    elapsed: () => 0,
  })
  for (const statement of journal) statement(capability)
  return { ledger, capability }
}

/** The same for those who only read it. */
export function partsOf(process: Pick<Process, 'journal'>, profile: Profile): Parts {
  const before = known.get(process.journal)
  if (before) return before
  const parts = rebuild(process, profile)
  known.set(process.journal, parts)
  return parts
}
