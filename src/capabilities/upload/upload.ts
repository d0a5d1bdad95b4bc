import { statusKeys } from '../../contract/annotation-keys.ts'
import type { Identity, Observed } from '../../contract/observe.ts'
import type { CallPriority } from '../../engine/calls/call-priority.ts'
import type { Answer, Capability } from '../../engine/capability.ts'
import type { Instant, Outcome, StatusSlice, Step } from '../../engine/step.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { ObjectKey } from '../../ports/secrets.ts'
import type { CertificateService, ServiceAction } from '../../ports/ssl-service.ts'
import type { Reason } from '../../reasons.ts'
import type { UploadAction } from './action.ts'
import { type CallResult, makeCall } from './calls.ts'
import { learn } from './lessons.ts'
import { blankMemory, type UploadMemory } from './memory.ts'
import { model } from './model.ts'
import { next } from './next.ts'
import { isUnverified, unexpected } from './outcomes.ts'
import { priorityOf } from './priority.ts'
import { recall, reporting, written } from './record.ts'
import type { UploadBudget } from './upload-budget.ts'
import { isWaiting, openRequest, recordedHere, suffixOf, type UploadView, withChain } from './view.ts'

export interface UploadParts {
  readonly identity: Identity
  readonly service: CertificateService
  readonly ledger: Ledger
  readonly budget: UploadBudget
  readonly heldFor: (key: ObjectKey, action: ServiceAction) => Reason | undefined
  /** ms of the monotonic clock. */
  readonly elapsed: () => number
}

/** Brings the certificate of a Secret into the account, once, and says under which id it is there. */
export class UploadCapability implements Capability<UploadView, UploadMemory, UploadAction, CallResult> {
  readonly name = 'upload'
  readonly ownKeys = new Set<string>(Object.values(statusKeys))
  readonly blank = blankMemory
  readonly #parts: UploadParts
  /** The open request of each key, as last observed: while the account is doubted, only a new one lifts the hold. */
  readonly #requests = new Map<ObjectKey, string>()

  constructor(parts: UploadParts) {
    this.#parts = parts
  }

  view(observed: Observed): UploadView {
    const { identity, service, ledger, budget, heldFor, elapsed } = this.#parts
    const { key, material } = observed
    const { chain } = material
    return {
      observed,
      chain,
      identity,
      ledger,
      heldFor: (action: ServiceAction) => heldFor(key, action),
      budgetFreeAt: chain && budget.freeAt(key, chain.chainFingerprint, elapsed()),
      canFindByChain: service.canFindByChain,
    }
  }

  noticed(view: UploadView): void {
    const { ledger } = this.#parts
    const { observed, chain } = view
    const { key, status } = observed
    const claimed = recordedHere(view)?.certificateId
    ledger.claim(key, claimed)
    if (claimed !== undefined) {
      const isUnseen = isUnverified(status.reason) && !ledger.isShown(claimed)
      ledger.waitForId(key, isUnseen ? claimed : undefined)
    }
    this.#noticeRequest(observed)
    ledger.waitForChain(key, isWaiting(view) ? chain?.chainFingerprint : undefined)
  }

  recall(view: UploadView, memory: UploadMemory): UploadMemory {
    return recall(view, memory)
  }

  next(view: UploadView, memory: UploadMemory, now: Instant): Step<UploadAction> {
    return next(view, memory, now)
  }

  begins(view: UploadView, action: UploadAction, now: Instant): void {
    if (action.name !== 'UploadCertificate') return
    const { ledger, budget } = this.#parts
    const viewOfChain = withChain(view)
    const { observed, chain } = viewOfChain
    budget.spend(observed.key, chain.chainFingerprint, now.elapsed)
    ledger.cosmetics.begins(action.account, now.elapsed)
    // Whatever becomes of this call, a further copy must be looked for first, by whoever may want the same.
    ledger.copies.begins(suffixOf(viewOfChain), now.elapsed)
    if (action.replaces) ledger.reUploads.begins(observed.key, now.elapsed)
  }

  call(view: UploadView, action: UploadAction, signal: AbortSignal): Promise<CallResult> {
    return makeCall(this.#parts.service, withChain(view), action, signal)
  }

  ended(
    view: UploadView,
    memory: UploadMemory,
    action: UploadAction,
    answer: Answer<CallResult>,
    now: Instant,
  ): void {
    learn(this.#parts.ledger, withChain(view), memory, action, answer, now)
  }

  abandoned({ observed }: UploadView, action: UploadAction, now: Instant): void {
    if (isReUpload(action)) this.#parts.ledger.reUploads.abandoned(observed.key, now.elapsed)
  }

  interrupted(key: ObjectKey, now: Instant): void {
    this.#parts.ledger.reUploads.abandoned(key, now.elapsed)
  }

  decided({ observed }: UploadView, step: Step<UploadAction>, now: Instant): void {
    const { reUploads } = this.#parts.ledger
    const { key, secret } = observed
    if (step.kind === 'Call' && isReUpload(step.action)) reUploads.prepares(key, now.elapsed)
    else if (step.kind === 'Wait' && step.forTurn) reUploads.waits(key, secret.namespace, now.elapsed)
    else reUploads.leaves(key, now.elapsed)
  }

  model(
    view: UploadView,
    memory: UploadMemory,
    action: UploadAction,
    answer: Answer<CallResult>,
    now: Instant,
  ): UploadMemory {
    return model(withChain(view), memory, action, answer, now)
  }

  reporting(observed: Observed, memory: UploadMemory, outcome: Outcome): UploadMemory {
    const { ledger } = this.#parts
    const { key, status } = observed
    // The operator's own write is not observed again: what it says is claimed at once.
    const certificateId = outcome.slice[statusKeys.certificateId]
    if (certificateId !== undefined) ledger.claim(key, certificateId ?? undefined)
    if (certificateId) ledger.waitForChain(key, undefined)
    if (isUnverified(outcome.reason)) ledger.waitForId(key, certificateId ?? status.uploaded?.certificateId)
    return reporting(observed, memory, outcome)
  }

  written(memory: UploadMemory, slice: StatusSlice): UploadMemory {
    return written(memory, slice)
  }

  unexpected(observed: Observed, errorName: string): Outcome {
    return unexpected({ observed, ledger: this.#parts.ledger }, errorName)
  }

  /** With `repeatable`, every Secret has its own. */
  flightOf({ observed, chain, identity }: UploadView, action: UploadAction): string {
    // Lookups never wait for those of another Secret with the same public chain.
    if (action.name !== 'UploadCertificate') return `${action.name} ${observed.key}`
    const copy = `${identity.account} ${chain?.chainFingerprint}`
    return observed.settings.repeatable ? `${copy} ${observed.key}` : copy
  }

  priorityOf(view: UploadView, memory: UploadMemory, now: Instant): CallPriority {
    return priorityOf(view, memory, now)
  }

  forget(key: ObjectKey): void {
    this.#parts.ledger.forget(key, this.#parts.elapsed())
    this.#requests.delete(key)
  }

  /** A request that is new while the account is doubted says that it is the right one. */
  #noticeRequest(observed: Observed): void {
    const { ledger } = this.#parts
    const { upload } = observed.settings
    const request = upload === 'absent' || upload === 'no' ? undefined : openRequest(observed)
    const before = this.#requests.get(observed.key)
    if (request === undefined) this.#requests.delete(observed.key)
    else this.#requests.set(observed.key, request)
    if (ledger.account.isDoubted && request !== undefined && request !== before) ledger.trustAccount()
  }
}

function isReUpload(action: UploadAction): boolean {
  return action.name === 'UploadCertificate' && action.replaces !== undefined
}
