import type { Clock } from '../clock.ts'
import type { Fence } from '../ports/fence.ts'
import type { Log } from '../ports/log.ts'
import { NotLeadingError } from '../ports/not-leading-error.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { type Holding, type Lease, releasedSpec, renewedSpec, takenSpec } from './lease.ts'
import type { LeaseStore } from './lease-store.ts'
import { LeaseWatch, type Vacancy } from './lease-watch.ts'

export interface LeaderElectorOptions {
  readonly store: LeaseStore
  readonly clock: Clock
  readonly log: Log
  /** `namespace/name` of the Lease, for logging. */
  readonly lease: string
  /** Unique to this process; never reused. */
  readonly identity: string
  readonly leaseDurationMs: number
  /** Less than the lease duration: the difference tolerates clock skew and pauses of two processes. */
  readonly renewDeadlineMs: number
  readonly retryPeriodMs: number
  /** This process became the leader. */
  readonly onLeading: (how: Vacancy) => void
  /** It lost the lease: all work in progress must stop. */
  readonly onLost: () => void
  /** Between 0 and 1. */
  readonly random?: () => number
}

/** `released`: on purpose. `lost`: permanently; this process must exit. */
type State = 'seeking' | 'leading' | 'released' | 'lost'

/**
 * Acquires, renews and releases a Lease as client-go does, so that only one of several processes is active.
 *
 * All times are measured by this process's monotonic clock: the lease of another holder expires when its record has not
 * changed for the lease duration here, and ours is valid for the renew deadline, counted from when the last successful
 * renewal was sent. The times in the record are informational. A holder that was paused finds its deadline expired
 * before it can act (`check`), no later than another process may have started. A virtual machine that was suspended
 * together with its monotonic clock does not notice, but its next renewal fails within a retry period.
 */
export class LeaderElector implements Fence {
  readonly #options: LeaderElectorOptions
  readonly #watch: LeaseWatch
  readonly #end = new AbortController()
  #state: State = 'seeking'
  /** The Lease as we wrote it last. */
  #held: Lease | undefined
  /** When the last successful renewal was sent: the API server counts from no earlier time. */
  #renewedAt = Number.NEGATIVE_INFINITY
  #attemptAt: number
  #stopSeeking = false
  #attempt: Promise<void> = Promise.resolve()
  #wake = () => {}
  #cancelDeadline = () => {}
  #reported = ''

  constructor(options: LeaderElectorOptions) {
    this.#options = options
    this.#watch = new LeaseWatch(options)
    this.#attemptAt = options.clock.elapsed()
  }

  /** Whether this process may act now. */
  get leading(): boolean {
    const { clock, renewDeadlineMs } = this.#options
    return this.#state === 'leading' && clock.elapsed() < this.#renewedAt + renewDeadlineMs
  }

  check(): void {
    if (this.leading) return
    // After one refusal, the late response to a renewal must not make this process lead again.
    this.#expire()
    throw new NotLeadingError()
  }

  /** Whether the lease was held and lost. */
  get lost(): boolean {
    return this.#state === 'lost'
  }

  /** ms since the last attempt to read or write the lease, for liveness (I8). */
  attemptAgeMs(): number {
    return this.#options.clock.elapsed() - this.#attemptAt
  }

  /** Tries to acquire the lease, then renews it. Never throws: failed requests are retried. */
  async run(): Promise<void> {
    while (this.#state === 'leading' || (this.#state === 'seeking' && !this.#stopSeeking)) {
      this.#attempt = this.#state === 'leading' ? this.#renew() : this.#seek()
      await this.#attempt
      await this.#pause()
    }
  }

  /** Stops trying to acquire the lease; resolves when no attempt is in progress. A leader keeps leading. */
  async stopSeeking(): Promise<void> {
    this.#stopSeeking = true
    if (this.#state !== 'seeking') return
    this.#wake()
    await this.#attempt
  }

  /** Releases the lease, if held. No work may be in progress. Never throws. */
  async release(): Promise<void> {
    await this.stopSeeking()
    await this.#attempt
    const { clock, store, log, lease } = this.#options
    let held = this.#held
    if (!this.leading || !held) return
    this.#leave('released')
    try {
      for (let left = 2; left > 0 && held?.spec.holderIdentity === this.#options.identity; left--) {
        const released = await store.update(held, releasedSpec(held.spec, clock.now()), this.#end.signal)
        if (released) return log.info({ lease }, 'lease released')
        held = await store.get(this.#end.signal)
      }
    } catch (error) {
      log.warn({ lease, error: describe(error) }, 'failed to release the lease; it will expire')
    }
  }

  /** Sends no further request. */
  close(): void {
    if (this.#state === 'seeking' || this.#state === 'leading') this.#leave('released')
    this.#end.abort(new Error('stopped'))
  }

  /** Reads the lease and, if it is available, tries once to acquire it. */
  async #seek(): Promise<void> {
    const { store, clock } = this.#options
    const { signal } = this.#end
    this.#attemptAt = clock.elapsed()
    try {
      const found = await store.get(signal)
      const vacancy = this.#watch.observe(found)
      if (!vacancy) {
        this.#reported = ''
        return
      }
      const sentAt = clock.elapsed()
      const spec = takenSpec(found?.spec ?? this.#watch.last, this.#holding())
      const ours = found ? await store.update(found, spec, signal) : await store.create(spec, signal)
      if (ours) this.#lead(ours, sentAt, vacancy)
    } catch (error) {
      this.#warn(error, 'failed to acquire the lease; retrying')
    }
  }

  async #renew(): Promise<void> {
    const { store, clock } = this.#options
    const { signal } = this.#end
    this.#attemptAt = clock.elapsed()
    if (!this.leading || !this.#held) return this.#expire()
    try {
      const held = this.#held
      let sentAt = clock.elapsed()
      let ours = await store.update(held, renewedSpec(held.spec, this.#holding()), signal)
      if (!ours) {
        const found = await store.get(signal)
        const holder = found?.spec.holderIdentity
        if (holder && holder !== this.#options.identity) return this.#lose('taken', holder)
        sentAt = clock.elapsed()
        // Annotated, cleared or deleted by somebody else: it is ours until the deadline, and is restored.
        const spec = renewedSpec(held.spec, this.#holding())
        ours = found ? await store.update(found, spec, signal) : await store.create(spec, signal)
      }
      if (!ours || this.#state !== 'leading') return
      this.#reported = ''
      this.#held = ours
      this.#renewedAt = sentAt
      this.#watchDeadline()
    } catch (error) {
      if (this.#state !== 'leading') return
      this.#warn(error, 'failed to renew the lease; retrying')
    }
  }

  #lead(ours: Lease, sentAt: number, vacancy: Vacancy): void {
    const { log, lease, identity, onLeading } = this.#options
    if (this.#state !== 'seeking') return
    this.#state = 'leading'
    this.#held = ours
    this.#renewedAt = sentAt
    this.#reported = ''
    log.info({ lease, holder: identity, reason: vacancy }, 'leading')
    this.#watchDeadline()
    onLeading(vacancy)
  }

  /** The deadline applies even if a renewal never returns. */
  #watchDeadline(): void {
    const { clock, renewDeadlineMs } = this.#options
    this.#cancelDeadline()
    const leftMs = this.#renewedAt + renewDeadlineMs - clock.elapsed()
    // Whole milliseconds: timers may fire a fraction of one early, and would then be set again in a loop.
    this.#cancelDeadline = clock.after(Math.max(0, Math.ceil(leftMs)), () => {
      if (this.leading) this.#watchDeadline()
      else this.#expire()
    })
  }

  #expire(): void {
    this.#lose('expired')
  }

  /** `expired`: not renewed within the deadline. `taken`: another process holds it. */
  #lose(reason: 'expired' | 'taken', holder?: string): void {
    if (this.#state !== 'leading') return
    const { log, lease, onLost } = this.#options
    this.#leave('lost')
    this.#end.abort(new Error('no longer leading'))
    log.error({ lease, reason, ...(holder ? { holder } : {}) }, 'no longer leading')
    onLost()
  }

  #leave(state: 'released' | 'lost'): void {
    this.#state = state
    this.#cancelDeadline()
    this.#wake()
  }

  async #pause(): Promise<void> {
    const ms = this.#pauseMs()
    const wake = new AbortController()
    this.#wake = () => wake.abort()
    if (this.#state === 'released' || this.#state === 'lost') return
    if (this.#state === 'seeking' && this.#stopSeeking) return
    await this.#options.clock.sleep(ms, wake.signal).catch(() => {})
  }

  /**
   * A standby polls more often than the leader renews: after a release the work waits for it. A leader that failed to
   * renew retries more often: it must not miss its deadline after the end of an outage.
   */
  #pauseMs(): number {
    const { retryPeriodMs, clock, random = Math.random } = this.#options
    if (this.#state !== 'leading') return retryPeriodMs * (0.6 + 0.3 * random())
    if (this.#renewedAt < this.#attemptAt) return retryPeriodMs / 4
    // Counted from the request, not from its response: a slow API server must not make renewals less frequent.
    return Math.max(0, this.#attemptAt + retryPeriodMs - clock.elapsed())
  }

  #holding(): Holding {
    const { identity, leaseDurationMs, clock } = this.#options
    return { identity, leaseDurationMs, now: clock.now() }
  }

  /** Logs the same error as a warning only once, not every two seconds. */
  #warn(error: unknown, message: string): void {
    if (this.#end.signal.aborted) return
    const text = describe(error)
    const again = this.#reported === text
    this.#reported = text
    const { log, lease } = this.#options
    log[again ? 'debug' : 'warn']({ lease, error: text }, message)
  }
}

/** The messages of a KubernetesError contain no secrets; of any other error only the name is logged. */
function describe(error: unknown): string {
  if (error instanceof KubernetesError) return error.message
  return error instanceof Error ? error.name : 'unknown error'
}
