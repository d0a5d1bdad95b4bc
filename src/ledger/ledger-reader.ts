import type { Copies } from './copies.ts'
import type { CosmeticsLadder } from './cosmetics-ladder.ts'
import type { Ledger } from './ledger.ts'
import type { ReUploads } from './re-uploads.ts'

/** What decisions may ask. Nothing here changes the ledger. */
export interface LedgerReader
  extends Pick<
    Ledger,
    | 'absence'
    | 'account'
    | 'chainOf'
    | 'claimantsOf'
    | 'expiryOf'
    | 'holderOf'
    | 'isAnothersOwn'
    | 'isGone'
    | 'isNamedElsewhere'
    | 'isOwnCopyOf'
    | 'isShown'
    | 'isUploadedFor'
    | 'ownershipOf'
    | 'uploadOf'
  > {
  readonly copies: Pick<Copies, 'epochOf' | 'listedBy'>
  readonly cosmetics: Pick<CosmeticsLadder, 'accountAt' | 'refused'>
  readonly reUploads: Pick<ReUploads, 'dueAt' | 'mayTry' | 'turnEndsAt'>
}
