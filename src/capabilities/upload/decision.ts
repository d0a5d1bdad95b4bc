import type { Memo } from '../../ledger/id-memo.ts'
import type { Reason } from '../../reasons.ts'

/** How a certificate that the account may already hold is looked for. */
export type Search =
  /** An earlier id of the Secret that held this chain. */
  | { readonly by: 'previous'; readonly certificateId: string }
  /** The alias of a copy that may have been made just before a crash. */
  | { readonly by: 'alias'; readonly suffix: string }
  /** The service said that it exists, without saying where. */
  | { readonly by: 'chain' }
  | { readonly by: 'tags' }
  /** The id that a search by chain named: it may be of the other type, for the search cannot say which is meant. */
  | { readonly by: 'candidate'; readonly certificateId: string }

/** What is to be done about one Secret, and nothing else: the outcome of decide(). */
export type Decision =
  /** Not ours. */
  | { readonly kind: 'Ignore' }
  /** Frozen by the user. */
  | { readonly kind: 'Skip' }
  /** Provably wrong: say so, no call. */
  | { readonly kind: 'Reject'; readonly reason: Reason; readonly message: string }
  /** Uploaded already. */
  | { readonly kind: 'Synced' }
  /** Does the id still exist? */
  | { readonly kind: 'Verify'; readonly certificateId: string }
  /** Something outside the account is awaited. `until`: ms since the epoch. */
  | {
      readonly kind: 'Pending'
      readonly reason: 'TemporaryCertificate' | 'UploadBudgetExceeded'
      readonly until?: number
    }
  /** The id is known without a call. `settings`: hash of those that it was uploaded with. */
  | {
      readonly kind: 'Record'
      readonly certificateId: string
      readonly existed: boolean
      readonly settings?: string | undefined
      readonly refusal?: string | undefined
    }
  /** The service refused exactly this; nothing has changed. `until`: ms since the epoch. */
  | { readonly kind: 'Keep'; readonly until: number }
  /** The same input failed, and its back-off is not over. `until`: ms since the epoch. */
  | { readonly kind: 'Wait'; readonly until: number }
  /** The account is held. */
  | { readonly kind: 'Hold' }
  /** Look for it before anything is uploaded. */
  | { readonly kind: 'Find'; readonly search: Search }
  /** Put on record that a second copy is about to be made. */
  | { readonly kind: 'Intend' }
  /** `copySuffix`: a copy of its own is wanted (`Repeatable=true`), whose alias ends so. `plain`: without cosmetics. */
  | { readonly kind: 'Upload'; readonly plain: boolean; readonly copySuffix?: string }

/** What the process knows of a key beyond the Secret. Losing it costs calls, never the truth. */
export interface Memory {
  /** The last failed call: what it was about, and until when (ms since the epoch) it is not repeated. */
  readonly failure?: { readonly input: string; readonly until: number } | undefined
  /** The account is held for this key: no upload. */
  readonly uploadsHeld: boolean
  /** Nor may it look anything up. */
  readonly lookupsHeld: boolean
  /** The id that the service gave for this account, type and chain, while it is remembered. */
  readonly memo?: Memo | undefined
  /** The id that this process wrote for a chain of this Secret: who finds another one there puts it back (I6). */
  readonly recorded?: Recorded | undefined
  /** When (ms since the epoch) the upload budget is free again; undefined while it is. */
  readonly budgetFreeAt?: number | undefined
  /** The service refused this input's cosmetics. */
  readonly plainInput?: string | undefined
  /** Verify found that this id is gone. */
  readonly goneId?: string | undefined
  /** What was found out on the way of one chain. */
  readonly progress?: ChainProgress | undefined
  /** Whether the site can look a chain up (CheckCertificateExist). */
  readonly canFindByChain: boolean
}

export interface Recorded {
  readonly chainFingerprint: string
  readonly certificateId: string
  readonly existed: boolean
}

/** Steps that were taken for one chain; forgotten with a failure, a success or another chain. */
export interface ChainProgress {
  readonly chainFingerprint: string
  /** The service answered the id of another chain with the same leaf. */
  readonly sameId?: boolean
  /** The service says it exists, without an id. */
  readonly exists?: boolean
  /** The search by chain is not served, not to us, or found nothing that fits. */
  readonly noChainSearch?: boolean
  /** What the search by chain named. */
  readonly candidate?: string | undefined
  /** The previous id was asked for, and is gone. */
  readonly previousAsked?: boolean
  /** No copy with our alias exists. Spent by the upload that follows. */
  readonly aliasAsked?: boolean
}
