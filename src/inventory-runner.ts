import { setImmediate } from 'node:timers/promises'
import type { Clock } from './clock.ts'
import type { CallPermit } from './engine/calls/call-permit.ts'
import type { CallPriority } from './engine/calls/call-priority.ts'
import type { CallRunner } from './engine/calls/call-runner.ts'
import type { KeyOwner } from './engine/calls/key-owners.ts'
import { type Failure, failedAgain, isPassing } from './engine/failure.ts'
import type { Inventory, InventoryStep } from './ledger/inventory.ts'
import type { Log } from './ports/log.ts'
import type { CertificateCounts } from './ports/metrics.ts'
import { NotLeadingError } from './ports/not-leading-error.ts'
import type { ObjectKey } from './ports/secrets.ts'
import { ServiceError } from './ports/service-error.ts'
import type { CertificateQuery, CertificateService } from './ports/ssl-service.ts'

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
/** A look-up of somebody else may find that a certificate is missing: no wait is longer, ms. */
const longestWaitMs = 60_000

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
  #isReady = false
  #isEnded = false
  /** A call is under way, or a listing is taken in. */
  #work: Promise<void> | undefined
  /** The last failure of listings, and of look-ups. */
  readonly #failures = new Map<CertificateQuery['by'], Failure>()
  #notBefore = Number.NEGATIVE_INFINITY
  #cancel = () => {}

  constructor(parts: InventoryRunnerParts) {
    this.#parts = parts
  }

  get counts(): CertificateCounts | undefined {
    return this.#parts.inventory.counts
  }

  /** This process leads: the first inventory is made as soon as the Secrets were reconciled. */
  start(calls: CallRunner): void {
    this.#calls = calls
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
    this.#isReady ||= this.#parts.isReady()
    const waitMs = this.#isReady ? this.#notBefore - this.#now : readyEveryMs
    if (waitMs > 0) this.#after(waitMs)
    else this.#take(this.#parts.inventory.next(this.#now), this.#calls)
  }

  #take(step: InventoryStep, calls: CallRunner): void {
    if (step.kind === 'Wait') this.#after(Math.min(longestWaitMs, step.until - this.#now))
    else if (step.kind === 'Call') calls.request(inventoryKey, action, priority)
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
    this.#work = work()
    await this.#work
    this.#work = undefined
    this.#follow()
  }

  async #learn(): Promise<void> {
    this.#parts.inventory.learn(this.#now)
    // Between two parts of a long listing the lease and the Secrets get their turn.
    await setImmediate()
  }

  async #call(permit: CallPermit): Promise<void> {
    const { inventory, service } = this.#parts
    const step = inventory.next(this.#now)
    if (step.kind !== 'Call') return
    try {
      const page = await permit.call((signal) => service.describe(step.query, signal))
      this.#answered(step.query)
      inventory.answered(step.query, page, this.#now)
    } catch (error) {
      // It may be another process' work now; if not, it goes on.
      if (error instanceof NotLeadingError) this.#notBefore = this.#now + longestWaitMs
      else if (!this.#isEnded) this.#failed(error, step.query)
    }
  }

  #answered({ by }: CertificateQuery): void {
    if (this.#failures.delete(by)) this.#parts.log.info({ action }, `the inventory works again: ${words[by]}`)
  }

  #failed(error: unknown, query: CertificateQuery): void {
    const { inventory, log } = this.#parts
    const now = this.#now
    const isOurs = !(error instanceof ServiceError)
    const failure = isOurs ? 'unknown' : error.failure
    // One id may be to blame: any tenant may write one down.
    const isOfQuery = !isPassing(failure) && failure !== 'not-allowed'
    if (isOfQuery && (inventory.narrow(query) || inventory.pass(query, now))) return
    const input = { input: query.by, failure, spread: Math.random() }
    const failed = failedAgain(this.#failures.get(query.by), input, { elapsed: now })
    this.#failures.set(query.by, failed)
    if (failed.attempt === 1 && failure !== 'throttled') {
      const reason = failure === 'not-allowed' ? { reason: 'NotAllowed' } : {}
      const code = isOurs ? 'OperatorFailed' : error.code
      log.warn({ action, code, ...reason }, `the inventory failed and is retried: ${words[query.by]}`)
    }
    if (isPassing(failure)) this.#notBefore = failed.until
    else inventory.refused(query, now)
  }
}

const words = {
  tags: 'listing the certificates of this cluster',
  ids: 'looking up certificates by ID',
  alias: 'looking up certificates by alias',
} as const satisfies Record<CertificateQuery['by'], string>
