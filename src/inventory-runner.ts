import { setImmediate } from 'node:timers/promises'
import type { Clock } from './clock.ts'
import type { CallPermit } from './engine/calls/call-permit.ts'
import type { CallPriority } from './engine/calls/call-priority.ts'
import type { CallRunner } from './engine/calls/call-runner.ts'
import type { KeyOwner } from './engine/calls/key-owners.ts'
import { type Failure, failedAgain, isPassing } from './engine/failure.ts'
import { doubling } from './engine/queue/back-off.ts'
import { errorText } from './engine/thrown.ts'
import type { Inventory, InventoryQuery, InventoryStep } from './ledger/inventory.ts'
import type { Log, LogFields } from './ports/log.ts'
import type { CertificateCounts } from './ports/metrics.ts'
import { NotLeadingError } from './ports/not-leading-error.ts'
import type { ObjectKey } from './ports/secrets.ts'
import { ServiceError } from './ports/service-error.ts'
import type { CertificatePage, CertificateService } from './ports/ssl-service.ts'

/** Under this key the inventory asks for permits. */
export const inventoryKey = '~inventory'

const action = 'DescribeCertificates'
const priority: CallPriority = {
  failedBefore: true,
  urgent: false,
  background: true,
  expiresAt: Number.POSITIVE_INFINITY,
  group: inventoryKey,
}
/** How often is asked whether the Secrets have been reconciled, ms. */
const readyEveryMs = 5_000
/** A lookup of somebody else may find that a certificate is missing: no wait is longer, ms. */
const longestWaitMs = 60_000
/** After a fault of our own it begins anew: the first wait and the longest, ms. */
const afterFault = [60_000, 3_600_000] as const
/** The same warning is logged once within that, ms. */
const warnEveryMs = 3_600_000

export interface InventoryRunnerParts {
  readonly clock: Clock
  readonly log: Log
  readonly service: CertificateService
  readonly inventory: Inventory
  /** Every Secret was reconciled once: what they name is known, and what had to be uploaded was. */
  readonly isReady: () => boolean
}

/** Makes the calls of the inventory, one permit at a time, and waits where it waits. */
export class InventoryRunner implements KeyOwner {
  readonly #parts: InventoryRunnerParts
  #calls: CallRunner | undefined
  #startedAt: number | undefined
  #isReady = false
  #isEnded = false
  /** A call is under way, or a listing is taken in. */
  #work: Promise<void> | undefined
  /** The last failure of listings, and of lookups. */
  readonly #failures = new Map<InventoryQuery['by'], Failure>()
  readonly #warnings = new Map<string, Warning>()
  /** Faults of our own since an inventory ended. */
  #faults = 0
  #notBefore = Number.NEGATIVE_INFINITY
  #cancel = () => {}

  constructor(parts: InventoryRunnerParts) {
    this.#parts = parts
  }

  get counts(): CertificateCounts | undefined {
    return this.#parts.inventory.counts
  }

  /** This process leads, and for too long no inventory was completed. */
  get isOverdue(): boolean {
    if (this.#startedAt === undefined || this.#isEnded) return false
    return this.#parts.inventory.isOverdue(this.#startedAt, this.#now)
  }

  /** This process leads: the first inventory is made as soon as the Secrets were reconciled. */
  start(calls: CallRunner): void {
    this.#calls = calls
    this.#startedAt = this.#now
    this.#after(readyEveryMs)
  }

  /** Asks for nothing any more; resolves when the call under way has ended. */
  async stop(): Promise<void> {
    this.abandon()
    await this.#work
  }

  abandon(): void {
    this.#isEnded = true
    this.#cancel()
  }

  credentialsChanged(): void {
    this.#parts.inventory.credentialsChanged(this.#now)
    this.wakeAtOnce()
  }

  serve(_key: ObjectKey, permit: CallPermit): Promise<void> {
    return this.#run(() => this.#call(permit))
  }

  wakeAtOnce(_keys?: Iterable<ObjectKey>): void {
    this.#notBefore = Number.NEGATIVE_INFINITY
    this.#follow()
  }

  get #now(): number {
    return this.#parts.clock.elapsed()
  }

  /** Does what the inventory wants next, unless something is under way that comes back here. */
  #follow(): void {
    if (this.#work || this.#isEnded || !this.#calls) return
    try {
      this.#isReady ||= this.#parts.isReady()
      const waitMs = this.#isReady ? this.#notBefore - this.#now : readyEveryMs
      if (waitMs > 0) this.#after(waitMs)
      else this.#take(this.#parts.inventory.next(this.#now), this.#calls)
    } catch (error) {
      this.#after(this.#threw(error))
    }
  }

  #take(step: InventoryStep, calls: CallRunner): void {
    if (step.kind === 'Wait') {
      this.#faults = 0
      this.#after(Math.min(longestWaitMs, step.until - this.#now))
    } else if (step.kind === 'Call') calls.request(inventoryKey, action, priority)
    else void this.#run(() => this.#learn())
  }

  /** Waits, and wants no call meanwhile. */
  #after(ms: number): void {
    this.#calls?.withdraw(inventoryKey)
    this.#cancel()
    this.#cancel = this.#parts.clock.after(ms, () => this.#follow())
  }

  async #run(work: () => Promise<void>): Promise<void> {
    if (this.#work || this.#isEnded) return
    this.#cancel()
    this.#work = work().catch((error) => void this.#threw(error))
    await this.#work
    this.#work = undefined
    this.#follow()
  }

  /** A fault of our own: what was under way is dropped. How long to wait, ms. */
  #threw(error: unknown): number {
    this.#faults++
    const waitMs = doubling(...afterFault, this.#faults)
    this.#notBefore = this.#now + waitMs
    this.#parts.inventory.startOver(this.#now)
    const fields = { error: errorText(error), attempt: this.#faults }
    this.#parts.log.error(fields, 'the inventory failed because of a fault in the operator; retrying')
    return waitMs
  }

  async #learn(): Promise<void> {
    this.#parts.inventory.learn(this.#now)
    // Between two parts of a long listing the lease and the Secrets get their turn.
    await setImmediate()
  }

  async #call(permit: CallPermit): Promise<void> {
    const { inventory } = this.#parts
    const step = inventory.next(this.#now)
    if (step.kind !== 'Call') return
    const page = await this.#ask(step.query, permit)
    if (!page) return
    this.#answered(step.query)
    inventory.answered(step.query, page, this.#now)
  }

  async #ask(query: InventoryQuery, permit: CallPermit): Promise<CertificatePage | undefined> {
    try {
      return await permit.call((signal) => this.#parts.service.describe(query, signal))
    } catch (error) {
      // It may be another process' work now; if not, it goes on.
      if (error instanceof NotLeadingError) this.#notBefore = this.#now + longestWaitMs
      else if (!this.#isEnded) this.#failed(error, query)
      return undefined
    }
  }

  #answered({ by }: InventoryQuery): void {
    this.#failures.delete(by)
    const warnings = [...this.#warnings.values()].filter((it) => it.by === by && !it.isOver)
    for (const warning of warnings) warning.isOver = true
    if (warnings.length > 0) this.#parts.log.info({ action }, `the inventory works again: ${words[by]}`)
  }

  #failed(error: unknown, query: InventoryQuery): void {
    const { inventory } = this.#parts
    const now = this.#now
    const { failure, code } = error instanceof ServiceError ? error : operatorFailed
    const passedBefore = inventory.passed
    if (failure === 'outage') inventory.unanswered(query, now)
    else if (failure === 'not-allowed') inventory.denied(query, now)
    else if (!isPassing(failure)) inventory.refused(query, now)
    const count = inventory.passed - passedBefore
    if (count > 0)
      this.#warn(query, { code, count }, 'the inventory leaves certificates out: looking them up fails')
    // One id may be to blame: any tenant may write one down. The others are looked up at once.
    if (query.by === 'ids' && !isPassing(failure) && failure !== 'not-allowed') return
    const input = { input: query.by, failure, spread: Math.random() }
    const failed = failedAgain(this.#failures.get(query.by), input, { elapsed: now })
    this.#failures.set(query.by, failed)
    if (isPassing(failure)) this.#notBefore = failed.until
    if (failure === 'throttled') return
    const reason = failure === 'not-allowed' ? { reason: 'NotAllowed' } : {}
    this.#warn(query, { code, ...reason }, `the inventory failed and is retried: ${words[query.by]}`)
  }

  /** Once until it works again; what fails now and then, once an hour. */
  #warn({ by }: InventoryQuery, fields: LogFields, message: string): void {
    const what = `${fields.reason ?? ''} ${message}`
    const now = this.#now
    const before = this.#warnings.get(what)
    if (before && (!before.isOver || now - before.at < warnEveryMs)) return
    this.#warnings.set(what, { by, at: now, isOver: false })
    this.#parts.log.warn({ action, ...fields }, message)
  }
}

interface Warning {
  readonly by: InventoryQuery['by']
  readonly at: number
  /** The inventory has worked since. */
  isOver: boolean
}

const operatorFailed = { failure: 'unknown', code: 'OperatorFailed' } as const

const words = {
  tags: 'listing the certificates of this cluster',
  ids: 'looking up certificates by ID',
} as const satisfies Record<InventoryQuery['by'], string>
