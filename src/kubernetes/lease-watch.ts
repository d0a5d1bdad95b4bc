import type { Clock } from '../clock.ts'
import type { Log } from '../ports/log.ts'
import { isReleased, isUnused, type Lease, type LeaseSpec } from './lease.ts'

/**
 * Why a lease is available. `created`: it does not exist, or was never held. `released`: its holder released it, with no
 * work in progress. `expired`: its holder did not renew it for the lease duration.
 */
export type Vacancy = 'created' | 'released' | 'expired'

export interface LeaseWatchOptions {
  readonly clock: Clock
  readonly log: Log
  /** `namespace/name` of the Lease, for logging. */
  readonly lease: string
  /** Of this process. */
  readonly identity: string
  /** Used if a holder does not specify its lease duration. */
  readonly leaseDurationMs: number
}

/** The lease as a standby observes it: its last spec, and since when it has not changed. */
export class LeaseWatch {
  readonly #options: LeaseWatchOptions
  #last: LeaseSpec | undefined
  #text = ''
  /** When this process observed the last change, ms of its monotonic clock. */
  #changedAt = 0

  constructor(options: LeaseWatchOptions) {
    this.#options = options
  }

  /** The spec that was observed last. */
  get last(): LeaseSpec | undefined {
    return this.#last
  }

  /** Records a lease that was just read (undefined: it does not exist). Returns why it is available, if it is. */
  observe(lease: Lease | undefined): Vacancy | undefined {
    // A holder does not know yet that somebody deleted or cleared its lease: it keeps its lease duration.
    const found = lease && !isUnused(lease.spec) ? lease.spec : undefined
    if (found) this.#note(found)
    const { clock, identity, leaseDurationMs } = this.#options
    const spec = found ?? this.#last
    if (!spec) return 'created'
    if (isReleased(spec)) return found ? 'released' : 'created'
    // Ours, although the response was lost: whoever held it before, this was not a known release.
    if (spec.holderIdentity === identity) return 'expired'
    const seconds = spec.leaseDurationSeconds
    const durationMs = seconds === undefined ? leaseDurationMs : seconds * 1_000
    return clock.elapsed() - this.#changedAt >= durationMs ? 'expired' : undefined
  }

  #note(spec: LeaseSpec): void {
    const text = JSON.stringify(spec)
    if (text === this.#text) return
    const { clock, log, lease, identity } = this.#options
    const { holderIdentity: holder } = spec
    if (holder && holder !== identity && holder !== this.#last?.holderIdentity) {
      log.info({ lease, holder }, 'standing by')
    }
    this.#text = text
    this.#last = spec
    this.#changedAt = clock.elapsed()
  }
}
