import type { FakeLeases } from '../../../test/fakes/leases.ts'
import type { ManualClock } from '../../../test/fakes/manual-clock.ts'
import { FakeLog } from '../../../test/fakes/observability.ts'
import type { Clock } from '../../clock.ts'
import { KubernetesError } from '../kubernetes-error.ts'
import { LeaderElector, type LeaderElectorOptions } from '../leader-elector.ts'
import type { LeaseStore } from '../lease-store.ts'
import type { Vacancy } from '../lease-watch.ts'

export const times = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 }

/** A process that seeks a lease, which can be stopped like one, and whose way to the API server can be bad. */
export class Candidate {
  readonly elector: LeaderElector
  readonly identity: string
  readonly log = new FakeLog()
  /** How it came to lead, each time. */
  readonly led: Vacancy[] = []
  losses = 0
  /** False: requests fail. */
  reachable = true
  /** False: writes fail, reads do not. */
  writable = true
  /** Writes are done, and their answers lost. */
  losesAnswers = false
  /** Of each way, ms. */
  latencyMs = 5
  /** How far its wall clock is from the others', ms. */
  skewMs = 0
  readonly #time: ManualClock
  readonly #leases: FakeLeases
  readonly #missed: (() => void)[] = []
  #random = 0
  #paused = false
  #dead = false

  constructor(
    time: ManualClock,
    leases: FakeLeases,
    identity: string,
    options: Partial<LeaderElectorOptions> = {},
  ) {
    this.#time = time
    this.#leases = leases
    this.identity = identity
    this.elector = new LeaderElector({
      ...times,
      store: this.#store(),
      clock: this.#clock(),
      log: this.log,
      lease: 'ns/lease',
      identity,
      // Spread evenly, and the same in every run.
      random: () => (this.#random = (this.#random + 0.618034) % 1),
      onLeading: (how) => this.led.push(how),
      onLost: () => {
        this.losses += 1
      },
      ...options,
    })
    void this.elector.run()
  }

  get leading(): boolean {
    return this.elector.leading
  }

  get dead(): boolean {
    return this.#dead
  }

  /** SIGSTOP: nothing goes on but time. */
  pause(): void {
    this.#paused = true
  }

  /** SIGCONT: answers that lie there come before timers that are due, as in the event loop. */
  async resume(): Promise<void> {
    this.#paused = false
    for (const next of this.#missed.splice(0)) {
      next()
      // What follows from it comes before the next one.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** SIGKILL. */
  kill(): void {
    this.#dead = true
  }

  messages(): string[] {
    return this.log.lines.map(({ message }) => message)
  }

  #clock(): Clock {
    const after: Clock['after'] = (ms, callback) => this.#time.after(ms, () => this.#run(callback))
    return {
      now: () => this.#time.now() + this.skewMs,
      elapsed: () => this.#time.elapsed(),
      after,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          const abort = () => {
            cancel()
            reject(signal?.reason)
          }
          const cancel = after(ms, () => {
            signal?.removeEventListener('abort', abort)
            resolve()
          })
          signal?.addEventListener('abort', abort, { once: true })
        }),
    }
  }

  #store(): LeaseStore {
    return {
      get: (signal) => this.#request(() => this.#leases.get(), signal),
      create: (spec, signal) => this.#write(() => this.#leases.create(spec), signal),
      update: (read, spec, signal) => this.#write(() => this.#leases.update(read, spec), signal),
    }
  }

  #write<T>(work: () => T, signal: AbortSignal): Promise<T> {
    if (!this.writable)
      return Promise.reject(new KubernetesError({ status: 403, reason: 'Forbidden', message: 'no' }))
    return this.#request(work, signal, this.losesAnswers)
  }

  /** The request is under way when this process stops, so it arrives all the same; its answer waits. */
  #request<T>(work: () => T, signal: AbortSignal, isLost = false): Promise<T> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      const fail = () => reject(new KubernetesError({ status: 0, reason: 'Timeout', message: 'no answer' }))
      const answer = (callback: () => void) =>
        this.#time.after(this.latencyMs, () =>
          this.#run(() => {
            signal.removeEventListener('abort', abort)
            callback()
          }),
        )
      this.#time.after(this.latencyMs, () => {
        if (!this.reachable) return answer(fail)
        const result = work()
        return answer(isLost ? fail : () => resolve(result))
      })
    })
  }

  #run(callback: () => void): void {
    if (this.#dead) return
    if (this.#paused) this.#missed.push(callback)
    else callback()
  }
}
