import { UploadCapability } from '../../src/capabilities/upload/upload.ts'
import { UploadBudget } from '../../src/capabilities/upload/upload-budget.ts'
import { splitKey } from '../../src/contract/object-key.ts'
import { CallRunner } from '../../src/engine/calls/call-runner.ts'
import type { AnyCapability } from '../../src/engine/capability.ts'
import { Reconciler } from '../../src/engine/reconciler.ts'
import { StatusWriter } from '../../src/engine/status/status-writer.ts'
import { Worker } from '../../src/engine/worker.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import type { ServiceAction } from '../../src/ports/ssl-service.ts'
import { FakeCertificateService } from '../fakes/certificate-service.ts'
import { createManualClock } from '../fakes/manual-clock.ts'
import { FakeEvents, FakeLog, FakeMetrics } from '../fakes/observability.ts'
import { FakeSecretStore } from '../fakes/secret-store.ts'
import { testNow } from './material.ts'
import { identity } from './observed.ts'
import { StampCapability } from './stamp-capability.ts'

export interface TwoCapabilitiesOptions {
  /** The lane in which the second capability waits. */
  readonly action?: ServiceAction
  /** Whether the upload comes first, as in the operator. */
  readonly uploadFirst?: boolean
  /** From a call's arrival to its answer, ms. */
  readonly serviceMs?: number
  /** Status keys of the upload that the second capability takes for its own. */
  readonly alsoOwns?: readonly string[]
}

/** The core with the upload and a second capability, put together as the controller puts it together with the upload alone. */
export class TwoCapabilities {
  readonly clock = createManualClock(testNow)
  readonly store = new FakeSecretStore({ clock: this.clock })
  readonly service: FakeCertificateService
  readonly events = new FakeEvents()
  readonly log = new FakeLog()
  readonly metrics = new FakeMetrics()
  readonly stamp: StampCapability
  readonly #worker: Worker
  readonly #runner: CallRunner
  /** A bug in the upload. */
  uploadThrows = false

  constructor({ action, uploadFirst = true, serviceMs = 0, alsoOwns = [] }: TwoCapabilitiesOptions = {}) {
    const { clock, store, events, log, metrics } = this
    const service = new FakeCertificateService(clock, { serviceMs })
    this.service = service
    const heldFor = (key: string, it: ServiceAction) => this.#runner.holdOf(key, it)
    this.stamp = new StampCapability({ service, heldFor, alsoOwns, ...(action ? { action } : {}) })
    const upload = new UploadCapability({
      identity,
      service,
      ledger: new Ledger({ wake: (keys) => this.#worker.wake(keys, 'CertificateGone') }),
      budget: new UploadBudget(100, 3_600_000),
      heldFor: (key, it) => {
        if (this.uploadThrows) throw new TypeError('a bug in the upload')
        return heldFor(key, it)
      },
      elapsed: () => clock.elapsed(),
    })
    const capabilities: readonly AnyCapability[] = uploadFirst ? [upload, this.stamp] : [this.stamp, upload]
    const parts = { clock, store, events, metrics, log, identity, dryRun: false }
    const reconciler = new Reconciler({
      ...parts,
      writer: new StatusWriter({ ...parts, wake: () => {} }),
      capabilities,
      wake: (keys) => this.#worker.wake(keys, 'SameCallEnded'),
    })
    this.#worker = new Worker({
      ...{ clock, metrics, log, reconciler, workers: 4, resyncMs: 36_000_000 },
      groupOf: (key) => splitKey(key).namespace,
      fieldsOf: splitKey,
    })
    this.#runner = new CallRunner({
      ...{ clock, log, metrics, slots: 10 },
      serve: (key, permit) => this.#worker.serve(key, permit),
      wake: (keys, why) => this.#worker.wakeAtOnce(keys, why),
    })
    store.listener = (change) => this.#worker.onChange(change)
    this.#worker.start(this.#runner)
    this.#runner.start({ quiet: false })
  }

  /** Keys that wait in each lane. */
  get tickets(): Record<string, number> {
    return this.#runner.gauges().depths()
  }

  /** The calls that arrived, by their action. */
  get actions(): ServiceAction[] {
    return this.service.calls.map((it) => it.action)
  }

  /** Moves time on until a condition holds. */
  async until(condition: () => boolean, limitMs = 60_000): Promise<void> {
    const end = this.clock.elapsed() + limitMs
    while (!condition()) {
      if (this.clock.elapsed() >= end) throw new Error(`did not come about within ${limitMs} ms`)
      await this.clock.advance(200)
    }
  }
}
