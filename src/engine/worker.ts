import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Observed } from '../contract/observe.ts'
import type { Log, LogFields } from '../ports/log.ts'
import type { Metrics } from '../ports/metrics.ts'
import { NotLeadingError } from '../ports/not-leading-error.ts'
import type { ObjectKey, SecretChange } from '../ports/secrets.ts'
import type { FailureClass } from '../ports/service-error.ts'
import type { CallPermit } from './calls/call-permit.ts'
import type { CallRunner } from './calls/call-runner.ts'
import { doubling } from './queue/back-off.ts'
import { OwnWrites } from './queue/own-writes.ts'
import { SyncLag } from './queue/sync-lag.ts'
import { WorkQueue } from './queue/work-queue.ts'
import type { Requeue, Result } from './result.ts'
import { errorText, retryAfterMs } from './thrown.ts'

/** What reconciles a key, and knows what it stands for. */
export interface KeyReconciler {
  /** Throws what the API server's client throws, and NotLeadingError. */
  reconcile(key: ObjectKey, signal: AbortSignal, permit?: CallPermit, atHand?: Observed): Promise<Result>
  forget(key: ObjectKey): void
  /** Lets keys try again at once whatever they wait for; their attempts still count. */
  endBackOff(keys: Iterable<ObjectKey>): void
  failedWith(...classes: readonly FailureClass[]): ObjectKey[]
}

export interface WorkerParts {
  readonly clock: Clock
  readonly metrics: Metrics
  readonly log: Log
  readonly reconciler: KeyReconciler
  /** The group in which a key takes turns with others. */
  readonly groupOf: (key: ObjectKey) => string
  /** What a log line says of a key. */
  readonly fieldsOf: (key: ObjectKey) => LogFields
  /** How many keys are reconciled at a time. */
  readonly workers: number
  /** How often every key is reconciled although nothing changed, ms. */
  readonly resyncMs: number
}

const mostCallsInARow = 30
/** So long the first pass over the Secrets is waited for, ms. */
const firstPassMs = 10 * 60_000

/** What had a key reconciled: a field of the debug line. */
export type WokenBy =
  | 'Change'
  | 'List'
  | 'Resync'
  | 'Wait'
  | 'Permit'
  | 'OwnStep'
  | 'SameCallEnded'
  | 'AccountWorks'
  | 'AccountHeld'
  | 'Probe'
  | 'ServiceAnswers'
  | 'CertificateGone'
  | 'StatusWritable'
  | 'NewCredentials'

/**
 * Moves keys: from a change to the work queue, through a reconcile, and where that needs a call through the call runner to
 * a second one. A key waits in the queue, waits for a permit, or is reconciled; never twice at once. Where a permit is there
 * at once, the second reconcile has what the first one read.
 */
export class Worker {
  readonly #parts: WorkerParts
  readonly #queue: WorkQueue
  readonly #ownWrites = new OwnWrites()
  readonly #lag: SyncLag
  readonly #known = new Set<ObjectKey>()
  /** Those that a list showed first, and that still wait to be reconciled for the first time. */
  readonly #unseen = new Set<ObjectKey>()
  /** They are waited for until then. */
  #unseenUntil = Number.POSITIVE_INFINITY
  readonly #errors = new Map<ObjectKey, number>()
  /** Calls of a key that each led to a further one. */
  readonly #callsInARow = new Map<ObjectKey, number>()
  readonly #wokenBy = new Map<ObjectKey, WokenBy>()
  /** The Secret for which a permit is asked for at this very moment. */
  #atHand: Observed | undefined
  readonly #abort = new AbortController()
  readonly #running = new Set<Promise<void>>()
  #runner: CallRunner | undefined
  #started = false
  #lastProgress: number
  #cancelResync = () => {}

  constructor(parts: WorkerParts) {
    this.#parts = parts
    this.#queue = new WorkQueue(parts.clock, parts.groupOf)
    this.#lag = new SyncLag(parts.clock)
    this.#lastProgress = parts.clock.elapsed()
  }

  /** Takes what a reflector says. Never throws. */
  onChange(change: SecretChange): void {
    if (change.kind === 'gone') {
      this.#forget(change.key)
      return
    }
    if (change.listed && !this.#known.has(change.key)) this.#unseen.add(change.key)
    this.#known.add(change.key)
    if (this.#ownWrites.isOwn(change.key, change.resourceVersion)) return
    if (this.#started) this.#lag.changed(change.key)
    const [urgency, why] = change.listed ? (['sweep', 'List'] as const) : (['change', 'Change'] as const)
    this.#wokenBy.set(change.key, why)
    this.#queue.add(change.key, urgency, change.resourceVersion)
  }

  /**
   * Starts to reconcile. Until then keys are collected: a standby keeps them at hand, and what waits is the leader's lag.
   *
   * @param runner gives out permits; it calls `serve` and `wake`
   */
  start(runner: CallRunner): void {
    this.#runner = runner
    this.#started = true
    this.#unseenUntil = this.#parts.clock.elapsed() + firstPassMs
    this.#lastProgress = this.#parts.clock.elapsed()
    for (const key of this.#known) this.#lag.changed(key)
    for (let i = 0; i < this.#parts.workers; i++) this.#track(this.#work())
    this.#planResync()
  }

  /** No new work; resolves when what is under way has ended, which `abort` hastens. */
  async stop(): Promise<void> {
    this.#cancelResync()
    this.#queue.close()
    await Promise.allSettled(this.#running)
  }

  /** Ends everything that is under way, at once. */
  abort(reason: Error): void {
    this.#queue.close()
    this.#abort.abort(reason)
  }

  /** Asks for a reconcile of keys that are known. */
  wake(keys: Iterable<ObjectKey>, why: WokenBy): void {
    for (const key of keys) if (this.#known.has(key)) this.#add(key, 'change', why)
  }

  /** Their wait is over: what they back off from does not count any more. */
  wakeAtOnce(keys: Iterable<ObjectKey>, why: WokenBy): void {
    const all = [...keys]
    this.#parts.reconciler.endBackOff(all)
    this.wake(all, why)
  }

  /** A lane gives a permit to a key. */
  async serve(key: ObjectKey, permit: CallPermit): Promise<void> {
    // Active elsewhere: it is reconciled once more, and asks for a permit again if it still needs one.
    if (!this.#queue.activate(key)) return this.#add(key, 'change', 'Permit')
    this.#wokenBy.set(key, 'Permit')
    const atHand = this.#atHand?.key === key ? this.#atHand : undefined
    await this.#track(this.#handle(key, permit, atHand))
  }

  /** ms since a worker last took or finished something, or 0 when there is nothing for it to do: for liveness (I8). */
  idleMs(): number {
    return !this.#started || this.#queue.depth === 0 ? 0 : this.#parts.clock.elapsed() - this.#lastProgress
  }

  get depth(): number {
    return this.#started ? this.#queue.depth : 0
  }

  /** The Secrets that are known: opted in, and watched. */
  get keys(): Iterable<ObjectKey> {
    return this.#known
  }

  /**
   * Every key that a list showed was reconciled at least once, and none of these waits for its first permit; or ten minutes
   * have passed, so that no tenant can put it off for ever.
   */
  get hasSeenAll(): boolean {
    const isOver = this.#parts.clock.elapsed() >= this.#unseenUntil
    return this.#started && (isOver || this.#unseen.size === 0)
  }

  get delayed(): number {
    return this.#queue.delayed
  }

  oldestLagMs(): number {
    return this.#lag.oldestMs()
  }

  async #work(): Promise<void> {
    for (;;) {
      const key = await this.#queue.take()
      if (key === undefined) return
      await this.#handle(key)
    }
  }

  async #handle(key: ObjectKey, permit?: CallPermit, atHand?: Observed): Promise<void> {
    this.#lastProgress = this.#parts.clock.elapsed()
    const wokenBy = this.#wokenBy.get(key) ?? 'Wait'
    this.#wokenBy.delete(key)
    const result = await this.#reconcile(key, wokenBy, permit, atHand)
    if (result?.written) this.#ownWrites.wrote(key, result.written)
    // Gone while it was reconciled: what that left behind goes too.
    if (!this.#known.has(key)) this.#forget(key)
    this.#lastProgress = this.#parts.clock.elapsed()
    // Before done(): with a change that came meanwhile it is one reconcile.
    if (result?.requeue.now && this.#known.has(key)) this.#add(key, 'change', 'OwnStep')
    this.#queue.done(key, result?.written)
    if (result && this.#known.has(key)) this.#follow(key, result, permit !== undefined)
  }

  async #reconcile(
    key: ObjectKey,
    wokenBy: WokenBy,
    permit?: CallPermit,
    atHand?: Observed,
  ): Promise<Result | undefined> {
    const { clock, metrics, log, reconciler, fieldsOf } = this.#parts
    const start = clock.elapsed()
    try {
      const result = await reconciler.reconcile(key, this.#abort.signal, permit, atHand)
      for (const [capability, step] of Object.entries(result.steps)) metrics.reconciled(capability, step)
      metrics.reconcileTook(clock.elapsed() - start)
      this.#logSteps(key, result, wokenBy)
      if (result.threw) this.#backOff(key, result.threw, 0)
      // A reconcile that only asks for a permit has not got past what failed.
      else if (!result.requeue.permit && !result.requeue.now) this.#errors.delete(key)
      return result
    } catch (error) {
      // Neither says anything of the Secret, and the next leader reconciles it anyway.
      if (error instanceof NotLeadingError) return undefined
      metrics.reconciled('secret', 'Error')
      metrics.reconcileTook(clock.elapsed() - start)
      if (this.#abort.signal.aborted) return undefined
      log.debug(
        { ...fieldsOf(key), attemptId: randomUUID(), wokenBy, error: errorText(error) },
        'reconcile failed',
      )
      this.#runner?.withdraw(key)
      this.#backOff(key, errorText(error), retryAfterMs(error))
      return undefined
    }
  }

  #backOff(key: ObjectKey, error: string, askedMs: number): void {
    this.#unseen.delete(key)
    this.#lag.changed(key)
    const attempt = (this.#errors.get(key) ?? 0) + 1
    this.#errors.set(key, attempt)
    const { log, fieldsOf } = this.#parts
    log.warn({ ...fieldsOf(key), attempt, error }, 'reconcile failed; retrying')
    const backOffMs = doubling(200, 60_000, attempt) * (1 - 0.2 * Math.random())
    this.#queue.addAfter(key, Math.max(backOffMs, askedMs))
  }

  #follow(key: ObjectKey, { requeue, settled, observed }: Result, called: boolean): void {
    // Also what nobody changed may need work: a certificate that is gone.
    if (settled) this.#lag.settled(key)
    else this.#lag.changed(key)
    const { permit, afterMs } = requeue
    const isInLane = permit !== undefined && this.#runner?.holdOf(key, permit.action) === undefined
    if (!isInLane && !requeue.now) this.#unseen.delete(key)
    if (afterMs !== undefined) this.#queue.addAfter(key, afterMs)
    if (!permit) {
      if (!requeue.now) this.#callsInARow.delete(key)
      this.#runner?.withdraw(key)
      return
    }
    const inARow = (this.#callsInARow.get(key) ?? 0) + (called ? 1 : 0)
    this.#callsInARow.set(key, inARow)
    // No certificate needs so many calls in a row. A key that loops must not use up the calls of the others.
    if (inARow > mostCallsInARow) {
      this.#runner?.withdraw(key)
      this.#callsInARow.set(key, mostCallsInARow)
      this.#backOff(key, 'one call leads to the next without end', 0)
      return
    }
    // Queued again already: that reconcile asks for itself. A permit now would find the key active, ask for another
    // reconcile, and so on without end.
    if (!this.#queue.isActive(key)) this.#request(key, permit, observed)
  }

  /** Where a permit is there at once, `serve` is called before this returns. */
  #request(
    key: ObjectKey,
    { action, priority }: NonNullable<Requeue['permit']>,
    observed: Observed | undefined,
  ): void {
    // What is queued has changed since it was read.
    this.#atHand = this.#queue.isWaiting(key) ? undefined : observed
    this.#runner?.request(key, action, priority)
    this.#atHand = undefined
  }

  #logSteps(key: ObjectKey, { steps, requeue }: Result, wokenBy: WokenBy): void {
    const { clock, log, fieldsOf } = this.#parts
    const { afterMs } = requeue
    const until = afterMs === undefined ? {} : { until: new Date(clock.now() + afterMs).toISOString() }
    const words = Object.entries(steps).map(([capability, step]) => `${capability}=${step}`)
    log.debug(
      { ...fieldsOf(key), attemptId: randomUUID(), steps: words.join(' '), ...until, wokenBy },
      'reconciled',
    )
  }

  /** The Secret is gone, opted out, or outside of what is watched. */
  #forget(key: ObjectKey): void {
    this.#known.delete(key)
    this.#unseen.delete(key)
    this.#queue.remove(key)
    this.#runner?.forget(key)
    this.#ownWrites.forget(key)
    this.#lag.settled(key)
    this.#errors.delete(key)
    this.#callsInARow.delete(key)
    this.#wokenBy.delete(key)
    this.#parts.reconciler.forget(key)
  }

  #add(key: ObjectKey, urgency: 'change' | 'sweep', why: WokenBy): void {
    this.#wokenBy.set(key, why)
    this.#queue.add(key, urgency)
  }

  #planResync(): void {
    const { clock, resyncMs } = this.#parts
    this.#cancelResync = clock.after(resyncMs * (0.9 + 0.2 * Math.random()), () => {
      for (const key of this.#known) this.#add(key, 'sweep', 'Resync')
      this.#planResync()
    })
  }

  #track(work: Promise<void>): Promise<void> {
    this.#running.add(work)
    return work.finally(() => this.#running.delete(work))
  }
}
