import { UploadCapability } from './capabilities/upload/upload.ts'
import { UploadBudget } from './capabilities/upload/upload-budget.ts'
import type { Clock } from './clock.ts'
import { splitKey } from './contract/object-key.ts'
import type { Identity } from './contract/observe.ts'
import { CallRunner } from './engine/calls/call-runner.ts'
import { KeyOwners } from './engine/calls/key-owners.ts'
import { Reconciler } from './engine/reconciler.ts'
import { StatusWriter } from './engine/status/status-writer.ts'
import { Worker } from './engine/worker.ts'
import { InventoryRunner, inventoryKey } from './inventory-runner.ts'
import type { DoubtReason } from './ledger/account-doubt.ts'
import { Inventory } from './ledger/inventory.ts'
import { Ledger } from './ledger/ledger.ts'
import type { EventRecorder } from './ports/events.ts'
import type { Fence } from './ports/fence.ts'
import type { Log } from './ports/log.ts'
import type { Gauges, Metrics } from './ports/metrics.ts'
import type { SecretChange, SecretStore } from './ports/secrets.ts'
import type { CertificateService } from './ports/ssl-service.ts'

export interface ControllerParts {
  readonly identity: Identity
  readonly clock: Clock
  readonly store: SecretStore
  readonly service: CertificateService
  readonly events: EventRecorder
  readonly metrics: Metrics
  readonly log: Log
  /** Asked before every call, where a leader is elected. */
  readonly fence?: Fence | undefined
  readonly dryRun: boolean
  /** How many Secrets are reconciled at a time. */
  readonly workers: number
  /** Calls of one action within a second, at most. */
  readonly slots: number
  readonly uploadBudget: { readonly count: number; readonly perMs: number }
  /** How often every Secret is reconciled although nothing changed, ms. */
  readonly resyncMs: number
  /** How often the certificates of this cluster are listed, ms; undefined: never. */
  readonly inventoryMs: number | undefined
  /** Whether every Secret that can be read has been reported; by default as soon as one asks. */
  readonly hasListed?: () => boolean
}

const doubts: Readonly<Record<DoubtReason, string>> = {
  NoneFound: 'the account shows none of the certificates that were uploaded',
  OwnerChanged: 'the owner of the certificates in the account has changed',
}

/** Ties the core together: ledger, capabilities, reconciler, worker, call runner. Knows the world by its ports only. */
export class Controller {
  readonly #clock: Clock
  readonly #ledger: Ledger
  readonly #worker: Worker
  readonly #reconciler: Reconciler
  readonly #runner: CallRunner
  readonly #inventory: InventoryRunner | undefined

  constructor(parts: ControllerParts) {
    const { clock, log, metrics, fence, slots, identity, service, uploadBudget } = parts
    this.#clock = clock
    this.#ledger = new Ledger({
      wake: (keys) => this.#worker.wake(keys, 'CertificateGone'),
      onDoubt: ({ why, namespace }) =>
        log.error(
          { reason: 'AccountChanged', ...(namespace === undefined ? {} : { namespace }) },
          `${doubts[why]}; uploads are on hold`,
        ),
      cluster: identity.cluster,
    })
    const upload = new UploadCapability({
      identity,
      service,
      ledger: this.#ledger,
      budget: new UploadBudget(uploadBudget.count, uploadBudget.perMs),
      heldFor: (key, action) => this.#runner.holdOf(key, action),
      elapsed: () => clock.elapsed(),
    })
    const writer = new StatusWriter({
      ...parts,
      wake: (keys) => this.#worker.wake(keys, 'StatusWritable'),
    })
    this.#reconciler = new Reconciler({
      ...{ ...parts, writer, capabilities: [upload] },
      wake: (keys) => this.#worker.wake(keys, 'SameCallEnded'),
    })
    this.#worker = new Worker({
      ...parts,
      reconciler: this.#reconciler,
      groupOf: (key) => splitKey(key).namespace,
      fieldsOf: splitKey,
    })
    this.#inventory = this.#createInventory(parts)
    const owners = new KeyOwners(this.#worker, this.#inventory ? [[inventoryKey, this.#inventory]] : [])
    this.#runner = new CallRunner({
      ...{ clock, log, metrics, fence, slots },
      serve: (key, permit) => owners.serve(key, permit),
      wake: (keys, why) => owners.wakeAtOnce(keys, why),
    })
  }

  /** Takes what a reflector says. Never throws. */
  onChange(change: SecretChange): void {
    this.#worker.onChange(change)
  }

  /**
   * Starts to work. Until then keys are collected.
   *
   * @param quiet no process of ours has made a call within the last second: calls begin at once (I2)
   */
  start({ quiet = false } = {}): void {
    this.#worker.start(this.#runner)
    this.#runner.start({ quiet })
    this.#inventory?.start(this.#runner)
  }

  /**
   * No new work; what is under way may end within `graceMs` ms, then its calls are aborted, which is safe to redo (I9).
   */
  async stop(graceMs: number): Promise<void> {
    this.#runner.close()
    const cancel = this.#clock.after(graceMs, () => this.#abort('shutting down'))
    await Promise.all([this.#worker.stop(), this.#inventory?.stop()])
    cancel()
  }

  /** Of a stopped controller: resolves when another process may make calls at once (I2). */
  drained(): Promise<void> {
    return this.#runner.drained()
  }

  /** Ends everything that is under way, at once: it is another process' work now. `stop` it all the same. */
  abandon(): void {
    this.#abort('no longer leading')
  }

  /** New credentials are there. */
  credentialsChanged(): void {
    this.#runner.credentialsChanged()
    this.#ledger.credentialsChanged(this.#clock.elapsed())
    this.#inventory?.credentialsChanged()
    // What the old ones were refused the new ones may be allowed.
    this.#worker.wakeAtOnce(this.#reconciler.failedWith('caller', 'not-allowed'), 'NewCredentials')
  }

  /** ms since work last moved on, or 0 when there is none: for liveness (I8). */
  idleMs(): number {
    return this.#worker.idleMs()
  }

  /** What the metrics read. */
  gauges(): Omit<Gauges, 'watchAgeMs' | 'leading' | 'unreadableNamespaces'> {
    const calls = this.#runner.gauges()
    return {
      queueDepths: () => ({ work: this.#worker.depth, delayed: this.#worker.delayed, ...calls.depths() }),
      oldestUnsyncedMs: () => this.#worker.oldestLagMs(),
      slots: () => calls.slots(),
      heldReasons: () => [
        ...calls.held(),
        // A doubt about one namespace does not concern others that have certificates: a tenant can cause it.
        ...(this.#ledger.account.areAllIdsDoubted ? ['AccountChanged' as const] : []),
      ],
      serviceSilent: () => calls.silent(),
      certificates: () => this.#inventory?.counts,
      inventoryOverdue: () => this.#inventory?.isOverdue ?? false,
    }
  }

  #createInventory({ inventoryMs, dryRun, ...parts }: ControllerParts): InventoryRunner | undefined {
    if (inventoryMs === undefined || dryRun) return undefined
    const isReady = () => this.#worker.hasSeenAll && (parts.hasListed?.() ?? true)
    const inventory = new Inventory({
      ledger: this.#ledger,
      cluster: parts.identity.cluster,
      intervalMs: inventoryMs,
      keys: () => this.#worker.keys,
    })
    return new InventoryRunner({ ...parts, inventory, isReady })
  }

  #abort(reason: string): void {
    this.#runner.abandon()
    this.#inventory?.abandon()
    this.#worker.abort(new Error(reason))
  }
}
