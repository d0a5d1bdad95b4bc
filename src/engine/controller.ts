import { KeyMemory } from '../capabilities/upload/key-memory.ts'
import { UploadBudget } from '../capabilities/upload/upload-budget.ts'
import type { Clock } from '../clock.ts'
import type { Identity } from '../contract/observe.ts'
import { IdMemo } from '../ledger/id-memo.ts'
import type { EventRecorder } from '../ports/events.ts'
import type { Fence } from '../ports/fence.ts'
import type { Log } from '../ports/log.ts'
import type { Gauges, Metrics } from '../ports/metrics.ts'
import { NotLeadingError } from '../ports/not-leading-error.ts'
import type { ObjectKey, SecretChange, SecretStore } from '../ports/secrets.ts'
import type { CertificateService } from '../ports/ssl-service.ts'
import type { CallPermit } from './calls/call-permit.ts'
import { CallRunner, type WakeReason } from './calls/call-runner.ts'
import { doubling } from './queue/back-off.ts'
import { OwnWrites } from './queue/own-writes.ts'
import { SyncLag } from './queue/sync-lag.ts'
import { WorkQueue } from './queue/work-queue.ts'
import type { Reconciled } from './reconciled.ts'
import { Reconciler } from './reconciler.ts'
import { StatusWriter } from './status/status-writer.ts'

export interface ControllerParts {
  readonly identity: Identity
  readonly clock: Clock
  readonly store: SecretStore
  readonly service: CertificateService
  readonly events: EventRecorder
  readonly fence?: Fence | undefined
  readonly metrics: Metrics
  readonly log: Log
  readonly dryRun: boolean
  /** How many Secrets are looked at at a time. */
  readonly workers: number
  /** Calls of one action within a second, at most. */
  readonly slots: number
  readonly uploadBudget: { readonly count: number; readonly perMs: number }
  /** How often every Secret is looked at although nothing changed, ms. */
  readonly resyncMs: number
}

/**
 * Moves keys: from a change to the work queue, through a reconcile, and where that needs a call through the action's
 * lane to a second one. A key waits in the queue, waits in a lane, or is worked on; it is never worked on twice at once.
 */
export class Controller {
  readonly #parts: ControllerParts
  readonly #queue: WorkQueue
  readonly #calls: CallRunner
  readonly #memory = new KeyMemory()
  readonly #reconciler: Reconciler
  readonly #echoes = new OwnWrites()
  readonly #unsynced: SyncLag
  readonly #known = new Set<ObjectKey>()
  readonly #errors = new Map<ObjectKey, number>()
  readonly #abort = new AbortController()
  readonly #running = new Set<Promise<void>>()
  #started = false
  #lastTurn: number
  #cancelResync = () => {}

  constructor(parts: ControllerParts) {
    const { clock, dryRun } = parts
    this.#parts = parts
    this.#queue = new WorkQueue(clock)
    this.#unsynced = new SyncLag(clock)
    this.#lastTurn = clock.elapsed()
    this.#calls = new CallRunner({
      ...parts,
      serve: (key, permit) => this.#serve(key, permit),
      wake: (keys, why) => this.#wake(keys, why),
    })
    this.#reconciler = new Reconciler({
      ...parts,
      recorder: new StatusWriter({ ...parts, dryRun }),
      memory: this.#memory,
      memo: new IdMemo(clock),
      budget: new UploadBudget(parts.uploadBudget.count, parts.uploadBudget.perMs),
      calls: this.#calls,
    })
  }

  /** Takes what a reflector says. Never throws. */
  onChange(change: SecretChange): void {
    if (change.kind === 'gone') {
      this.#forget(change.key)
      return
    }
    this.#known.add(change.key)
    if (this.#echoes.isEcho(change.key, change.resourceVersion)) return
    if (this.#started) this.#unsynced.changed(change.key)
    this.#queue.add(change.key, change.listed ? 'sweep' : 'change', change.resourceVersion)
  }

  /**
   * Starts the workers, the lanes and the resync. Until then keys are collected: a standby keeps them at hand, and what
   * waits is the leader's to be blamed for.
   *
   * @param quiet no process of ours has made a call within the last second: the lanes open at once (I2).
   */
  start({ quiet = false } = {}): void {
    this.#started = true
    this.#lastTurn = this.#parts.clock.elapsed()
    for (const key of this.#known) this.#unsynced.changed(key)
    for (let i = 0; i < this.#parts.workers; i++) this.#track(this.#work())
    this.#calls.start({ quiet })
    this.#planResync()
  }

  /**
   * No new work; what is under way may end within `graceMs` ms, then its calls are aborted, which is safe to redo (I9).
   */
  async stop(graceMs: number): Promise<void> {
    this.#cancelResync()
    this.#queue.close()
    this.#calls.close()
    const cancel = this.#parts.clock.after(graceMs, () => {
      this.#abort.abort(new Error('shutting down'))
      this.#calls.abandon()
    })
    await Promise.allSettled(this.#running)
    cancel()
  }

  /** Of a stopped controller: resolves when another process may make calls at once (I2). */
  async drained(): Promise<void> {
    await this.#calls.drained()
  }

  /** Ends everything that is under way, at once: it is another process' work now. `stop` it all the same. */
  abandon(): void {
    this.#abort.abort(new Error('no longer leading'))
    this.#queue.close()
    this.#calls.abandon()
  }

  /** New credentials are there. */
  credentialsChanged(): void {
    this.#calls.credentialsChanged()
    // What the old ones were refused the new ones may be allowed.
    for (const key of this.#memory.endBackOff('caller', 'not-allowed')) this.#queue.add(key, 'change')
  }

  /** ms since a worker last took or finished something, or 0 when there is nothing for it to do: for liveness (I8). */
  idleMs(): number {
    return !this.#started || this.#queue.depth === 0 ? 0 : this.#parts.clock.elapsed() - this.#lastTurn
  }

  /** What the metrics read. */
  gauges(): Omit<Gauges, 'watchAgeMs' | 'unreadableNamespaces' | 'leading'> {
    return {
      queueDepths: () => ({
        work: this.#started ? this.#queue.depth : 0,
        delayed: this.#queue.delayed,
        ...this.#calls.gauges().depths(),
      }),
      oldestUnsyncedMs: () => this.#unsynced.oldestMs(),
      slots: () => this.#calls.gauges().slots(),
      heldReasons: () => this.#calls.gauges().held(),
      serviceSilent: () => this.#calls.gauges().silent(),
    }
  }

  async #work(): Promise<void> {
    for (;;) {
      const key = await this.#queue.take()
      if (key === undefined) return
      await this.#handle(key)
    }
  }

  /** A lane gives a permit to a key. */
  async #serve(key: ObjectKey, permit: CallPermit): Promise<void> {
    // Active elsewhere: it is looked at once more, and asks for a slot again if it still needs one.
    if (!this.#queue.activate(key)) return this.#queue.add(key, 'change')
    await this.#track(this.#handle(key, permit))
  }

  async #handle(key: ObjectKey, permit?: CallPermit): Promise<void> {
    this.#lastTurn = this.#parts.clock.elapsed()
    const result = await this.#reconcile(key, permit)
    if (result?.written) this.#echoes.wrote(key, result.written)
    // Gone while it was worked on: what the reconcile left behind goes too.
    if (!this.#known.has(key)) this.#forget(key)
    this.#lastTurn = this.#parts.clock.elapsed()
    // Before done(): with a change that came meanwhile it is one look.
    if (result?.next.kind === 'again' && this.#known.has(key)) this.#queue.add(key, 'change')
    this.#queue.done(key, result?.written)
    if (result && this.#known.has(key)) this.#follow(key, result)
  }

  async #reconcile(key: ObjectKey, permit: CallPermit | undefined): Promise<Reconciled | undefined> {
    const { clock, metrics, log } = this.#parts
    const start = clock.elapsed()
    try {
      const result = await this.#reconciler.reconcile(key, this.#abort.signal, permit)
      this.#errors.delete(key)
      metrics.reconciled(result.decision, clock.elapsed() - start)
      return result
    } catch (error) {
      // Neither says anything about the Secret, and the next leader looks at it anyway.
      if (error instanceof NotLeadingError) return undefined
      metrics.reconciled('Error', clock.elapsed() - start)
      if (this.#abort.signal.aborted) return undefined
      const attempt = (this.#errors.get(key) ?? 0) + 1
      this.#errors.set(key, attempt)
      const [namespace, name] = key.split('/') as [string, string]
      log.warn({ namespace, name, attempt, error: describe(error) }, 'reconcile failed; it is repeated')
      this.#calls.withdraw(key)
      const backOffMs = doubling(200, 60_000, attempt) * (1 - 0.2 * Math.random())
      this.#queue.addAfter(key, Math.max(backOffMs, askedMs(error)))
      return undefined
    }
  }

  #follow(key: ObjectKey, { next, settled }: Reconciled): void {
    if (settled) this.#unsynced.settled(key)
    switch (next.kind) {
      case 'again':
        return
      case 'slot':
        // Being looked at again already: that look asks for itself. A slot now would find the key active, ask for
        // another look, and so on without end.
        if (!this.#queue.isActive(key)) this.#calls.request(key, next.action, next.priority)
        return
      case 'hold':
        if (!this.#queue.isActive(key)) this.#calls.request(key, next.action, next.priority)
        return
      case 'join':
        next.flight.then(() => this.#queue.add(key, 'change'))
        return
      case 'after':
        this.#queue.addAfter(key, next.ms)
    }
    this.#calls.withdraw(key)
  }

  /** The Secret is gone, opted out, or outside of what is watched: nothing of it stays but its upload budget. */
  #forget(key: ObjectKey): void {
    this.#known.delete(key)
    this.#queue.remove(key)
    this.#calls.forget(key)
    this.#echoes.forget(key)
    this.#unsynced.settled(key)
    this.#errors.delete(key)
    this.#reconciler.forget(key)
  }

  /** Keys whose wait is over. */
  #wake(keys: Iterable<ObjectKey>, why: WakeReason): void {
    const all = [...keys]
    if (why !== 'AccountWorks') this.#memory.endWait(all)
    for (const key of all) this.#queue.add(key, 'change')
  }

  #planResync(): void {
    const { clock, resyncMs } = this.#parts
    this.#cancelResync = clock.after(resyncMs * (0.9 + 0.2 * Math.random()), () => {
      for (const key of this.#known) this.#queue.add(key, 'sweep')
      this.#planResync()
    })
  }

  #track(work: Promise<void>): Promise<void> {
    this.#running.add(work)
    return work.finally(() => this.#running.delete(work))
  }
}

/** How long the API server asked to wait, ms. */
function askedMs(error: unknown): number {
  const asked = error instanceof Error && 'retryAfterMs' in error ? error.retryAfterMs : undefined
  return typeof asked === 'number' ? asked : 0
}

/** Our own errors carry no Secret data; of anything else only the name is told. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return error.name === 'KubernetesError' || error.name === 'ServiceError' ? error.message : error.name
}
