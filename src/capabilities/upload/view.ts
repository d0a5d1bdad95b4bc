import type { Chain } from '../../certificate/material.ts'
import type { Identity, Observed } from '../../contract/observe.ts'
import { copySuffix, type Owner } from '../../contract/ownership.ts'
import type { Uploaded } from '../../contract/status.ts'
import type { LedgerReader } from '../../ledger/ledger-reader.ts'
import type { ServiceAction } from '../../ports/ssl-service.ts'
import type { Reason } from '../../reasons.ts'

/** What an upload decides by, besides its memory and the time. */
export interface UploadView {
  readonly observed: Observed
  /** What the certificates of the Secret are; undefined: they cannot be read. */
  readonly chain: Chain | undefined
  readonly identity: Identity
  readonly ledger: LedgerReader
  /** Why calls of an action wait for the account; undefined: they do not. */
  readonly heldFor: (action: ServiceAction) => Reason | undefined
  /** When (ms of the monotonic clock) the upload budget is free again; undefined while it is. */
  readonly budgetFreeAt: number | undefined
  /** Whether the site can look a chain up (CheckCertificateExist). */
  readonly canFindByChain: boolean
}

/** What calls are decided by, and answers digested: a Secret without a chain needs none. */
export type ViewOfChain = UploadView & HasChain

interface HasChain {
  readonly chain: Chain
}

/** Whether the certificates of the Secret can be read. */
export function hasChain<View extends Pick<UploadView, 'chain'>>(view: View): view is View & HasChain {
  return view.chain !== undefined
}

/** The view where there must be a chain: after the preflight, and after a call. Throws where there is none. */
export function withChain<View extends Pick<UploadView, 'chain'>>(view: View): View & HasChain {
  if (hasChain(view)) return view
  throw new TypeError('there is no chain')
}

/** Whose certificate the Secret's is. */
export function ownerOf({
  observed: { secret },
  identity,
}: Pick<UploadView, 'observed' | 'identity'>): Owner {
  return { cluster: identity.cluster, namespace: secret.namespace, name: secret.name }
}

/** What a copy of the chain for the Secret is found by: the end of its alias. */
export function suffixOf(view: ViewOfChain): string {
  return copySuffix(ownerOf(view), view.chain.chainFingerprint, view.observed.settings.repeatable)
}

/** Identifies an open request of one Secret, so that an answer to it is not taken for an older one's. */
export function openRequest({ settings, status, key }: Observed): string | undefined {
  const { requestedAt } = settings
  return requestedAt === undefined || requestedAt === status.handledRequest
    ? undefined
    : `${key} ${requestedAt}`
}

/** What is uploaded again: a chain, for all Secrets or, where a Secret has a copy of its own, for that one. */
export function reUploadOf({ settings, material, key }: Observed): string {
  const chain = String(material.chain?.chainFingerprint)
  return settings.repeatable ? `${chain} ${key}` : chain
}

/** The Secret wants its certificate in the account, and no status names an id for it that may be true. */
export function isWaiting(view: UploadView): boolean {
  const { settings } = view.observed
  if (settings.upload === 'absent' || settings.upload === 'no' || settings.paused) return false
  const claimed = claimedId(view)
  return claimed === undefined || view.ledger.isGone(claimed)
}

/** What the status says of a certificate in this very account. Ids of another one mean nothing here. */
export function recordedHere({
  observed: { status },
  identity,
}: Pick<UploadView, 'observed' | 'identity'>): Uploaded | undefined {
  return status.uploaded?.account === identity.account ? status.uploaded : undefined
}

/** The status names an id for this very chain in this very account: a claim. */
export function claimedId(view: UploadView): string | undefined {
  const uploaded = recordedHere(view)
  return uploaded?.chainFingerprint === view.chain?.chainFingerprint ? uploaded?.certificateId : undefined
}
