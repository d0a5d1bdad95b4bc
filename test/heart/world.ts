import { statusKeys, userKeys } from '../../src/contract/annotation-keys.ts'
import { readStatus, type Status } from '../../src/contract/status.ts'
import { Controller, type ControllerParts } from '../../src/controller.ts'
import {
  FakeCertificateService,
  type ServiceBehaviour,
  type StoredCertificate,
} from '../fakes/certificate-service.ts'
import { createManualClock, type ManualClock } from '../fakes/manual-clock.ts'
import { FakeEvents, FakeLog, FakeMetrics } from '../fakes/observability.ts'
import { FakeSecretStore } from '../fakes/secret-store.ts'
import { testNow } from './material.ts'
import { Mortal } from './mortal.ts'
import { identity } from './observed.ts'

export interface WorldOptions {
  readonly service?: Partial<ServiceBehaviour>
  readonly parts?: WorldParts
  /** From a change until the watch reports it, ms; see FakeSecretStore. */
  readonly watchMs?: number
}

/** What differs from the world's defaults. `inventoryMs`: ms between two inventories; by default none is made. */
type WorldParts = Partial<ControllerParts> & { readonly inventoryMs?: number }

/** Cluster, account and one process of the operator at a time, in a time that is moved by hand. */
export class World {
  readonly clock: ManualClock = createManualClock(testNow)
  readonly store: FakeSecretStore
  readonly service: FakeCertificateService
  readonly events = new FakeEvents()
  readonly log = new FakeLog()
  readonly #parts: WorldParts
  metrics = new FakeMetrics()
  #process = new Mortal()
  #controller: Controller | undefined

  constructor(options: WorldOptions = {}) {
    const { watchMs } = options
    this.store = new FakeSecretStore({ clock: this.clock, ...(watchMs === undefined ? {} : { watchMs }) })
    this.service = new FakeCertificateService(this.clock, options.service)
    this.#parts = options.parts ?? {}
  }

  get controller(): Controller {
    if (!this.#controller) throw new Error('no process was started')
    return this.#controller
  }

  /** Calls wait for the account. */
  get held(): boolean {
    return this.controller.gauges().heldReasons().length > 0
  }

  /** The process that runs, or ran last. */
  get process(): Mortal {
    return this.#process
  }

  /**
   * Starts a process that knows nothing and lists all Secrets; the one before it is killed.
   * @param standBy its controller is not started yet
   */
  start({ standBy = false } = {}): void {
    this.#process.kill()
    const process = new Mortal()
    this.#process = process
    this.metrics = new FakeMetrics()
    const parts = {
      identity,
      clock: process.clock(this.clock),
      store: process.store(this.store),
      service: process.service(this.service),
      events: this.events,
      metrics: this.metrics,
      log: this.log,
      dryRun: false,
      workers: 4,
      slots: 10,
      uploadBudget: { count: 100, perMs: 3_600_000 },
      resyncMs: 36_000_000,
      inventoryMs: undefined,
      ...this.#parts,
    }
    const controller = new Controller(parts)
    this.#controller = controller
    this.store.listener = (change) => {
      if (!process.dead) controller.onChange(change)
    }
    if (!standBy) controller.start()
    for (const change of this.store.list()) controller.onChange(change)
  }

  /** Moves time on until a condition holds. */
  async until(condition: () => boolean, limitMs = 600_000, stepMs = 500): Promise<void> {
    const end = this.clock.elapsed() + limitMs
    while (!condition()) {
      if (this.#process.runaway) throw new Error('the process goes round in circles')
      if (this.clock.elapsed() >= end) throw new Error(`did not come about within ${limitMs} ms`)
      await this.clock.advance(stepMs)
    }
  }

  /** Moves time on until the process is dead, or has nothing to do for a while but what waits for its time. */
  async settle(): Promise<void> {
    let quiet = 0
    await this.until(() => {
      quiet = this.#busy() ? 0 : quiet + 1
      return this.#process.dead || quiet > 3
    })
  }

  status(key: string): Status {
    return readStatus(this.store.annotations(key))
  }

  /** The certificate that a Secret's status names, if the account holds it. */
  certificateOf(key: string): StoredCertificate | undefined {
    const { uploaded } = this.status(key)
    return this.service.certificates.find((it) => it.certificateId === uploaded?.certificateId)
  }

  /** The ids that the statuses of Secrets name. */
  ids(keys: readonly string[]): (string | undefined)[] {
    return keys.map((key) => this.status(key).uploaded?.certificateId)
  }

  /** Somebody takes every status annotation away. */
  wipe(key: string): void {
    this.store.edit(key, Object.fromEntries(Object.values(statusKeys).map((name) => [name, null])))
  }

  /** Somebody sets `requested-at`. */
  ask(key: string, request = 'now'): void {
    this.store.edit(key, { [userKeys.requestedAt]: request })
  }

  /** Keys that wait for a slot of any action. */
  waitingForSlots(): number {
    const { work, delayed, ...lanes } = this.controller.gauges().queueDepths()
    return Object.values(lanes).reduce((sum, it) => sum + it, 0)
  }

  #busy(): boolean {
    const depths = this.controller.gauges().queueDepths()
    return (depths['work'] ?? 0) > 0 || this.waitingForSlots() > 0 || this.#process.inFlight > 0
  }
}
