import { createManualClock } from '../../../../test/fakes/manual-clock.ts'
import { FakeLog, FakeMetrics } from '../../../../test/fakes/observability.ts'
import type { ObjectKey } from '../../../ports/secrets.ts'
import { ServiceError } from '../../../ports/service-error.ts'
import type { ServiceAction } from '../../../ports/ssl-service.ts'
import { backOff } from '../../queue/back-off.ts'
import type { CallPermit } from '../call-permit.ts'
import { CallRunner, type CallRunnerParts, type WakeReason } from '../call-runner.ts'
import { createRandom } from './random.ts'
import { type Fate, type Journey, SimulatedServer } from './simulated-server.ts'

const hourMs = 3_600_000

interface KeyModel {
  readonly action: ServiceAction
  attempt: number
  /** So many throttled calls in a row. */
  throttled: number
  failingSince: number | undefined
  wants: boolean
  cancelBackOff: () => void
}

/** A CallRunner between a simplified worker and a simulated server; time is moved by hand. */
export class CallWorld {
  readonly clock = createManualClock()
  readonly log = new FakeLog()
  readonly metrics = new FakeMetrics()
  readonly server = new SimulatedServer(this.clock)
  readonly random: () => number
  runner: CallRunner
  /** What becomes of a call of a key. */
  fate: (key: ObjectKey) => Fate = () => 'ok'
  journey: () => Journey = () => ({
    there: 20 + 10 * this.random(),
    work: 250 + 50 * this.random(),
    back: 10,
  })
  /** Whether a key wants the next call as soon as one succeeded. */
  endless = false
  /** Keys whose calls succeeded, and when. */
  readonly successes: { readonly key: ObjectKey; readonly at: number }[] = []
  readonly wakes: { readonly keys: readonly ObjectKey[]; readonly why: WakeReason; readonly at: number }[] =
    []
  readonly #keys = new Map<ObjectKey, KeyModel>()
  #process = 0

  constructor(seed = 1, parts: Partial<CallRunnerParts> = {}) {
    this.random = createRandom(seed)
    this.runner = this.#createRunner(parts)
  }

  /** A key, `namespace/name`, that wants a call. */
  add(key: ObjectKey, action: ServiceAction = 'UploadCertificate'): void {
    const model = {
      ...{ action, attempt: 0, throttled: 0, failingSince: undefined, wants: true },
      cancelBackOff: () => {},
    }
    this.#keys.set(key, model)
    this.#request(key, model)
  }

  addMany(count: number, namespace = 'web', action?: ServiceAction): void {
    for (let i = 0; i < count; i++) this.add(`${namespace}/${i}`, action)
  }

  /** The Secret is gone. */
  delete(key: ObjectKey): void {
    this.#keys.get(key)?.cancelBackOff()
    this.#keys.delete(key)
    this.runner.forget(key)
  }

  /** The process is killed, and another begins: it knows nothing, and nobody knows what the first one had just done. */
  restart(parts: Partial<CallRunnerParts> = {}): void {
    this.runner.abandon()
    this.runner = this.#createRunner(parts)
    this.runner.start({ quiet: false })
    for (const [key, model] of this.#keys) {
      model.cancelBackOff()
      Object.assign(model, { attempt: 0, throttled: 0, failingSince: undefined })
      if (model.wants) this.#request(key, model)
    }
  }

  successesOf(namespace: string): number {
    return this.successes.filter(({ key }) => key.startsWith(`${namespace}/`)).length
  }

  /** Calls made since an instant of the monotonic clock. */
  callsSince(time: number): number {
    return this.server.starts.filter((it) => it >= time).length
  }

  #createRunner(parts: Partial<CallRunnerParts>): CallRunner {
    const process = ++this.#process
    const alive = () => process === this.#process
    return new CallRunner({
      clock: this.clock,
      log: this.log,
      metrics: this.metrics,
      slots: 10,
      serve: async (key, permit) => {
        if (alive()) await this.#serve(key, permit, alive)
      },
      wake: (keys, why) => {
        if (alive()) this.#wake([...keys], why)
      },
      ...parts,
    })
  }

  async #serve(key: ObjectKey, permit: CallPermit, alive: () => boolean): Promise<void> {
    const model = this.#keys.get(key)
    if (!model?.wants) return
    try {
      await permit.call((signal) => this.server.call(permit.action, this.fate(key), this.journey(), signal))
      if (alive()) this.#succeeded(key, model)
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      if (alive()) this.#failed(key, model, error)
    }
  }

  #succeeded(key: ObjectKey, model: KeyModel): void {
    this.successes.push({ key, at: this.clock.elapsed() })
    Object.assign(model, { attempt: 0, throttled: 0, failingSince: undefined, wants: this.endless })
    if (this.endless && this.#keys.get(key) === model) this.#request(key, model)
    else this.runner.withdraw(key)
  }

  #failed(key: ObjectKey, model: KeyModel, error: ServiceError): void {
    if (this.#keys.get(key) !== model) return
    if (this.runner.holdOf(key, model.action)) {
      this.#request(key, model)
      return
    }
    const now = this.clock.elapsed()
    // Throttling says nothing about the input.
    if (error.failure === 'throttled') model.throttled++
    else {
      model.attempt++
      model.throttled = 0
      model.failingSince ??= now
    }
    this.runner.withdraw(key)
    const jitter = 1 - 0.2 * this.random()
    const ms = backOffMs(error, model, now - (model.failingSince ?? now)) * jitter
    model.cancelBackOff = this.clock.after(ms, () => this.#request(key, model))
  }

  #wake(keys: readonly ObjectKey[], why: WakeReason): void {
    this.wakes.push({ keys, why, at: this.clock.elapsed() })
    for (const key of keys) {
      const model = this.#keys.get(key)
      model?.cancelBackOff()
      if (model?.wants) this.#request(key, model)
      else this.runner.withdraw(key)
    }
  }

  #request(key: ObjectKey, { action, attempt }: KeyModel): void {
    const group = key.slice(0, key.indexOf('/'))
    this.runner.request(key, action, {
      failedBefore: attempt > 0,
      urgent: false,
      expiresAt: undefined,
      group,
    })
  }
}

/** As the back-off of the engine, without its spread, ms. */
function backOffMs(
  { failure }: ServiceError,
  { attempt, throttled }: Pick<KeyModel, 'attempt' | 'throttled'>,
  failingForMs: number,
): number {
  if (failure === 'throttled') return backOff(failure, { attempt: throttled, failingMs: 0, spread: 0 })
  if (failure !== 'outage') return 600_000
  return failingForMs >= hourMs ? 600_000 : Math.min(60_000, 1_000 * 2 ** (attempt - 1))
}
