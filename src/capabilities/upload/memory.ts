import type { Observed } from '../../contract/observe.ts'
import type { CapabilityMemory } from '../../engine/capability.ts'
import type { Outcome } from '../../engine/step.ts'
import type { Rung } from '../../ledger/cosmetics-ladder.ts'

/** What was found out on the way of one chain; forgotten with a success, a failure or another chain. */
export interface ChainProgress {
  readonly chainFingerprint: string
  /** An upload answered this id of another chain with the same leaf. */
  readonly sameLeafId?: string | undefined
  /** That id was looked up: its tag does not say that it holds this chain. */
  readonly sameLeafAsked?: boolean
  /** Lookups of the id that the service named for this leaf: since when, and when last. */
  readonly namedLook?: { readonly id: string; readonly since: number; readonly at: number } | undefined
  /** The service says that it has the certificate, without an id. */
  readonly exists?: boolean
  /** The search by chain is not served, not to us, or found nothing that fits. */
  readonly noChainSearch?: boolean
  /** What the search by chain named. */
  readonly candidate?: string | undefined
  /** Lookups of that id which did not show it: since when, and when last. */
  readonly candidateLook?: { readonly since: number; readonly at: number } | undefined
  /** After CertificateExists: when the last search by the chain tag found nothing, if another one follows. */
  readonly tagSearchedAt?: number | undefined
  /** The previous id was asked for, and does not hold this chain. */
  readonly previousAsked?: boolean
  /** The id that this process knows cannot be looked up. */
  readonly knownAsked?: boolean
  /** Searches for a copy with our alias found none: since when, when last, and of which epoch (see Copies). */
  readonly noCopy?: { readonly since: number; readonly at: number; readonly epoch: number } | undefined
  /** The service named somebody else's certificate, and this Secret wants one of its own. */
  readonly notOwn?: boolean
  /** No certificate with this chain's tag exists. */
  readonly noChainTag?: boolean
  /** The next page of a search. */
  readonly offset?: number
}

/** What the process remembers of one key beyond the ledger: hashes, ids and times, never a certificate or key (I3). */
export interface UploadMemory extends CapabilityMemory {
  /**
   * What was reported last, if not Synced, or how the call failed that ended just now. It is reported again when the write got
   * lost or somebody wiped it, until the next outcome: whatever leads there changes no status.
   */
  readonly reported?: { readonly input: string; readonly outcome: Outcome } | undefined
  /** The latest chains with which a call failed since the last success. Throttling does not count. */
  readonly failedChains?: readonly string[] | undefined
  readonly progress?: ChainProgress | undefined
  /** The service refused this input's cosmetics, as far as this rung. */
  readonly refused?: { readonly input: string; readonly rung: Rung; readonly code: string } | undefined
  /** The service could not read this input's key: it is sent as PKCS#8. */
  readonly pkcs8For?: string | undefined
  /** The answer to an open request, until the status says so. */
  readonly answered?:
    | { readonly request: string; readonly result: 'Exists' | 'Gone' | 'NotAllowed' }
    | undefined
  /** This process wrote the intent for this chain: no copy was made before. */
  readonly intended?: string | undefined
  /** The id on record of this Secret was looked up for its owner. */
  readonly ownerAsked?: string | undefined
  /** The id on record by the first GET, or by what this process wrote since: who finds another one puts it back (I6). */
  readonly recorded?:
    | { readonly certificateId: string; readonly chainFingerprint: string; readonly existed: boolean }
    | undefined
  /** The id on record is gone: it is uploaded again. */
  readonly missing?: string | undefined
  /** A lookup did not find this id, which proves something only from then on, ms of the monotonic clock. */
  readonly absent?: { readonly certificateId: string; readonly until: number } | undefined
  /** What belongs to the log line and the Event of the next outcome. */
  readonly last?:
    | { readonly requestId?: string | undefined; readonly code?: string; readonly attempt: number }
    | undefined
}

/** What was found out on the way of this chain; undefined: nothing yet. */
export function progressOf(
  { progress }: UploadMemory,
  { chainFingerprint }: Pick<ChainProgress, 'chainFingerprint'>,
): ChainProgress | undefined {
  return progress?.chainFingerprint === chainFingerprint ? progress : undefined
}

/** What the service refused of the observed input; undefined: nothing. */
export function refusedOf({ refused }: UploadMemory, { input }: Observed): UploadMemory['refused'] {
  return refused?.input === input ? refused : undefined
}

/** What was reported last of the observed input, if not Synced; undefined: nothing. */
export function reportedOf({ reported }: UploadMemory, { input }: Observed): Outcome | undefined {
  return reported?.input === input ? reported.outcome : undefined
}

/** Of a key of which nothing is known. */
export const blankMemory: UploadMemory = {}
