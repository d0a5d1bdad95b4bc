import { KeyMemory } from '../capabilities/upload/key-memory.ts'
import { UploadBudget } from '../capabilities/upload/upload-budget.ts'
import type { Clock } from '../clock.ts'
import type { Identity } from '../contract/observe.ts'
import { IdMemo } from '../ledger/id-memo.ts'
import type { EventRecorder } from '../ports/events.ts'
import type { Log } from '../ports/log.ts'
import type { Gauges, Metrics } from '../ports/metrics.ts'
import { NotLeadingError } from '../ports/not-leading-error.ts'
import type { ObjectKey, SecretChange, SecretStore } from '../ports/secrets.ts'
import type { CertificateService, ServiceAction } from '../ports/ssl-service.ts'
import { AccountGate } from './calls/account-gate.ts'
import { CallLane, type Slot } from './calls/call-lane.ts'
import { doubling } from './queue/back-off.ts'
import { OwnWrites } from './queue/own-writes.ts'
import { SyncLag } from './queue/sync-lag.ts'
import { WorkQueue } from './queue/work-queue.ts'
import type { Reconciled, Turn } from './reconciled.ts'
import { Reconciler } from './reconciler.ts'
import { StatusWriter } from './status/status-writer.ts'

export interface ControllerParts {
  readonly identity: Identity
  readonly clock: Clock
  readonly store: SecretStore
  readonly service: CertificateService
  readonly events: EventRecorder
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

const actions: readonly ServiceAction[] = [
  'UploadCertificate',
  'DescribeCertificates',
  'CheckCertificateExist',
]

/**
 * Moves keys: from a change to the work queue, through a reconcile, and where that needs a call through the action's
 * lane to a second one. A key waits in the queue, waits in a lane, or is worked on; it is never worked on twice at once.
 */
export class Controller {
  readonly #parts: ControllerParts
  readonly #queue: WorkQueue
  readonly #lanes: ReadonlyMap<ServiceAction, CallLane>
  readonly #gate: AccountGate
  readonly #memory = new KeyMemory()
  readonly #reconciler: Reconciler
  readonly #echoes = new OwnWrites()
  readonly #unsynced: SyncLag
  readonly #known = new Set<ObjectKey>()
  readonly #errors = new Map<ObjectKey, number>()
  readonly #stop = new AbortController()
  readonly #abort = new AbortController()
  readonly #running = new Set<Promise<void>>()
  #started = false
  #lastTurn: number
  #cancelResync = () => {}

  constructor(parts: ControllerParts) {
    const { clock, log, dryRun, slots } = parts
    this.#parts = parts
    this.#queue = new WorkQueue(clock)
    this.#unsynced = new SyncLag(clock)
    this.#lastTurn = clock.elapsed()
    this.#gate = new AccountGate(clock, log, (keys) => this.#wake(keys))
    const lane = (action: ServiceAction) =>
      [action, new CallLane(clock, slots, (key, slot) => this.#serve(key, action, slot))] as const
    this.#lanes = new Map(actions.map(lane))
    this.#reconciler = new Reconciler({
      ...parts,
      recorder: new StatusWriter({ ...parts, dryRun }),
      memory: this.#memory,
      memo: new IdMemo(clock),
      budget: new UploadBudget(parts.uploadBudget.count, parts.uploadBudget.perMs),
      gate: this.#gate,
      throttled: (action) => this.#throttled(action),
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
    for (const lane of this.#lanes.values()) {
      lane.start(this.#stop.signal, { atOnce: quiet }).catch(() => {}) // stopped before it opened
    }
    this.#planResync()
  }

  /**
   * No new work; what is under way may end within `graceMs` ms, then its calls are aborted, which is safe to redo (I9).
   */
  async stop(graceMs: number): Promise<void> {
    this.#stop.abort(new Error('stopped'))
    this.#cancelResync()
    this.#queue.close()
    for (const lane of this.#lanes.values()) lane.close()
    this.#gate.close()
    const cancel = this.#parts.clock.after(graceMs, () => this.#abort.abort(new Error('shutting down')))
    await Promise.allSettled(this.#running)
    cancel()
  }

  /** Of a stopped controller: resolves when another process may make calls at once (I2). */
  async drained(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.drained()))
  }

  /** Ends everything that is under way, at once: it is another process' work now. `stop` it all the same. */
  abandon(): void {
    this.#abort.abort(new Error('no longer leading'))
    this.#queue.close()
    for (const lane of this.#lanes.values()) lane.close()
  }

  /** New credentials are there. */
  credentialsChanged(): void {
    this.#gate.probeNow()
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
        ...Object.fromEntries([...this.#lanes].map(([action, lane]) => [action, lane.depth])),
      }),
      oldestUnsyncedMs: () => this.#unsynced.oldestMs(),
      slots: () => this.#lanes.get('UploadCertificate')?.slots ?? 0,
      accountHeld: () => this.#gate.held,
    }
  }

  async #work(): Promise<void> {
    for (;;) {
      const key = await this.#queue.take()
      if (key === undefined) return
      await this.#handle(key)
    }
  }

  /** A lane gives a slot to a key. */
  async #serve(key: ObjectKey, action: ServiceAction, slot: Slot): Promise<void> {
    if (this.#gate.holds(key, action)) return this.#gate.park(key)
    // Active elsewhere: it is looked at once more, and asks for a slot again if it still needs one.
    if (!this.#queue.activate(key)) return this.#queue.add(key, 'change')
    await this.#track(this.#handle(key, { action, slot }))
  }

  async #handle(key: ObjectKey, turn?: Turn): Promise<void> {
    this.#lastTurn = this.#parts.clock.elapsed()
    const result = await this.#reconcile(key, turn)
    if (result?.written) this.#echoes.wrote(key, result.written)
    // Gone while it was worked on: what the reconcile left behind goes too.
    if (!this.#known.has(key)) this.#forget(key)
    this.#lastTurn = this.#parts.clock.elapsed()
    // Before done(): with a change that came meanwhile it is one look.
    if (result?.next.kind === 'again' && this.#known.has(key)) this.#queue.add(key, 'change')
    this.#queue.done(key, result?.written)
    if (result && this.#known.has(key)) this.#follow(key, result)
  }

  async #reconcile(key: ObjectKey, turn: Turn | undefined): Promise<Reconciled | undefined> {
    const { clock, metrics, log } = this.#parts
    const start = clock.elapsed()
    try {
      const result = await this.#reconciler.reconcile(key, this.#abort.signal, turn)
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
      this.#gate.passed(key)
      const backOffMs = doubling(200, 60_000, attempt) * (1 - 0.2 * Math.random())
      this.#queue.addAfter(key, Math.max(backOffMs, askedMs(error)))
      return undefined
    }
  }

  #follow(key: ObjectKey, { next, settled }: Reconciled): void {
    if (settled) this.#unsynced.settled(key)
    if (next.kind !== 'slot') for (const lane of this.#lanes.values()) lane.remove(key)
    switch (next.kind) {
      case 'again':
        return
      case 'slot':
        // Being looked at again already: that look asks for itself. A slot now would find the key active, ask for
        // another look, and so on without end.
        if (!this.#queue.isActive(key)) this.#lanes.get(next.action)?.add(key, next.urgency)
        return
      case 'hold':
        this.#gate.park(key)
        return
      case 'join':
        next.flight.then(() => this.#queue.add(key, 'change'))
        return
      case 'after':
        this.#queue.addAfter(key, next.ms)
    }
    this.#gate.passed(key)
  }

  /** The Secret is gone, opted out, or outside of what is watched: nothing of it stays but its upload budget. */
  #forget(key: ObjectKey): void {
    this.#known.delete(key)
    this.#queue.remove(key)
    for (const lane of this.#lanes.values()) lane.remove(key)
    this.#gate.passed(key)
    this.#echoes.forget(key)
    this.#unsynced.settled(key)
    this.#errors.delete(key)
    this.#reconciler.forget(key)
  }

  /** Keys whose wait for the account is over. When it works again, nobody waits out a back-off of the outage. */
  #wake(keys: Iterable<ObjectKey>): void {
    const ended = this.#gate.held ? [] : this.#memory.endBackOff('outage')
    for (const key of new Set([...keys, ...ended])) this.#queue.add(key, 'change')
  }

  #throttled(action: ServiceAction): void {
    const lane = this.#lanes.get(action)
    lane?.throttled()
    this.#parts.log.warn(
      { reason: 'Throttled', action, ...(lane ? { slots: lane.slots } : {}) },
      'the service asks to slow down',
    )
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
