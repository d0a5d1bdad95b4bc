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
  /** `namespace/name` of the Lease, for the log. */
  readonly lease: string
  /** Of this process alone: never used by another one, nor again. */
  readonly identity: string
  readonly leaseDurationMs: number
  /** Less than the lease's duration: what is left is how far the clocks and the pauses of two processes may differ. */
  readonly renewDeadlineMs: number
  readonly retryPeriodMs: number
  /** This process leads from now on. */
  readonly onLeading: (how: Vacancy) => void
  /** It leads no more, against its will: nothing that is under way may go on. */
  readonly onLost: () => void
  /** Between 0 and 1. */
  readonly random?: () => number
}

/** `released`: given away. `lost`: for good. This process has to end then. */
type State = 'seeking' | 'leading' | 'released' | 'lost'

/**
 * Seeks, holds, renews and releases a Lease as client-go does, so that of several processes one works.
 *
 * All times are this process' own monotonic clock: another holder's lease has run out when its record has not changed
 * for the lease's duration here, and ours is good for the renew deadline from when the last renewal that succeeded was
 * sent. The times in the record are for people. A holder that was paused finds its deadline passed before it can do
 * anything (`check`), at the latest when another one may have begun. A virtual machine that was suspended together with
 * its monotonic clock does not notice: its next renewal fails, within a retry period.
 */
export class LeaderElector implements Fence {
  readonly #options: LeaderElectorOptions
  readonly #watch: LeaseWatch
  readonly #end = new AbortController()
  #state: State = 'seeking'
  /** The Lease as we wrote it last. */
  #held: Lease | undefined
  /** When the last renewal that succeeded was sent: the API server counts from no earlier time. */
  #renewedAt = Number.NEGATIVE_INFINITY
  #attemptAt: number
  #stopSeeking = false
  #attempt: Promise<void> = Promise.resolve()
  #wake = () => {}
  #cancelDeadline = () => {}
  #told = ''

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
    // Whoever was refused once is not told otherwise by a renewal whose answer is late.
    this.#expire()
    throw new NotLeadingError()
  }

  /** Whether the lease was held and lost. */
  get lost(): boolean {
    return this.#state === 'lost'
  }

  /** ms since the lease was last looked at or tried for: for liveness (I8). */
  attemptAgeMs(): number {
    return this.#options.clock.elapsed() - this.#attemptAt
  }

  /** Begins to seek the lease. Never throws: an API server that cannot be reached is asked again. */
  async run(): Promise<void> {
    while (this.#state === 'leading' || (this.#state === 'seeking' && !this.#stopSeeking)) {
      this.#attempt = this.#state === 'leading' ? this.#renew() : this.#seek()
      await this.#attempt
      await this.#pause()
    }
  }

  /** Resolves when this process leads, or will not begin to. One that leads goes on. */
  async stopSeeking(): Promise<void> {
    this.#stopSeeking = true
    if (this.#state !== 'seeking') return
    this.#wake()
    await this.#attempt
  }

  /** Gives the lease away, where it is held: nothing may be under way any more. Never throws. */
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
      log.warn({ lease, error: describe(error) }, 'the lease could not be released; it runs out by itself')
    }
  }

  /** Makes no further request. */
  close(): void {
    if (this.#state === 'seeking' || this.#state === 'leading') this.#leave('released')
    this.#end.abort(new Error('stopped'))
  }

  /** One look at the lease, and where it is to be had, one try. */
  async #seek(): Promise<void> {
    const { store, clock } = this.#options
    const { signal } = this.#end
    this.#attemptAt = clock.elapsed()
    try {
      const found = await store.get(signal)
      const vacancy = this.#watch.look(found)
      if (!vacancy) {
        this.#told = ''
        return
      }
      const sentAt = clock.elapsed()
      const spec = takenSpec(found?.spec ?? this.#watch.last, this.#holding())
      const ours = found ? await store.update(found, spec, signal) : await store.create(spec, signal)
      if (ours) this.#lead(ours, sentAt, vacancy)
    } catch (error) {
      this.#tell(error, 'the lease cannot be had; it is tried again')
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
        // Annotated, emptied or deleted by somebody: it is ours until the deadline, and put right.
        const spec = renewedSpec(held.spec, this.#holding())
        ours = found ? await store.update(found, spec, signal) : await store.create(spec, signal)
      }
      if (!ours || this.#state !== 'leading') return
      this.#told = ''
      this.#held = ours
      this.#renewedAt = sentAt
      this.#watchDeadline()
    } catch (error) {
      if (this.#state !== 'leading') return
      this.#tell(error, 'the lease could not be renewed; it is tried again')
    }
  }

  #lead(ours: Lease, sentAt: number, vacancy: Vacancy): void {
    const { log, lease, identity, onLeading } = this.#options
    if (this.#state !== 'seeking') return
    this.#state = 'leading'
    this.#held = ours
    this.#renewedAt = sentAt
    this.#told = ''
    log.info({ lease, holder: identity, reason: vacancy }, 'leading')
    this.#watchDeadline()
    onLeading(vacancy)
  }

  /** The deadline counts even where a renewal never comes back. */
  #watchDeadline(): void {
    const { clock, renewDeadlineMs } = this.#options
    this.#cancelDeadline()
    const leftMs = this.#renewedAt + renewDeadlineMs - clock.elapsed()
    // Whole milliseconds: timers may fire a fraction of one early, and nothing would be left to wait for.
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
   * A standby looks more often than the leader renews: the work waits for it after a release. A leader that could not
   * renew tries more often: the end of an outage must not find it waiting out its deadline.
   */
  #pauseMs(): number {
    const { retryPeriodMs, clock, random = Math.random } = this.#options
    if (this.#state !== 'leading') return retryPeriodMs * (0.6 + 0.3 * random())
    if (this.#renewedAt < this.#attemptAt) return retryPeriodMs / 4
    // From one renewal to the next, not from its answer: a slow API server must not make renewals rare as well.
    return Math.max(0, this.#attemptAt + retryPeriodMs - clock.elapsed())
  }

  #holding(): Holding {
    const { identity, leaseDurationMs, clock } = this.#options
    return { identity, leaseDurationMs, now: clock.now() }
  }

  /** The same trouble is told once, not every two seconds. */
  #tell(error: unknown, message: string): void {
    if (this.#end.signal.aborted) return
    const text = describe(error)
    const again = this.#told === text
    this.#told = text
    const { log, lease } = this.#options
    log[again ? 'debug' : 'warn']({ lease, error: text }, message)
  }
}

/** Errors of ours say nothing secret; of any other only the name is told. */
function describe(error: unknown): string {
  if (error instanceof KubernetesError) return error.message
  return error instanceof Error ? error.name : 'unknown error'
}
