import type { Clock } from '../clock.ts'
import type { Log } from '../ports/log.ts'
import { isReleased, isUnused, type Lease, type LeaseSpec } from './lease.ts'

/**
 * Why a lease is to be had. `created`: there is none, or nobody ever held it. `released`: its holder has given it away,
 * and has nothing under way. `expired`: its holder has not renewed it for its whole duration.
 */
export type Vacancy = 'created' | 'released' | 'expired'

export interface LeaseWatchOptions {
  readonly clock: Clock
  readonly log: Log
  /** `namespace/name` of the Lease, for the log. */
  readonly lease: string
  /** Who looks. */
  readonly identity: string
  /** Of a holder that does not say how long its lease is. */
  readonly leaseDurationMs: number
}

/** What a standby knows of the lease: how it was last seen, and since when it has not changed. */
export class LeaseWatch {
  readonly #options: LeaseWatchOptions
  #last: LeaseSpec | undefined
  #text = ''
  /** When this process saw the record change, ms of its own monotonic clock. */
  #changedAt = 0

  constructor(options: LeaseWatchOptions) {
    this.#options = options
  }

  /** The spec as it was last seen. */
  get last(): LeaseSpec | undefined {
    return this.#last
  }

  /** Takes note of a lease (undefined: there is none) that was just read; why it is to be had, or undefined. */
  look(lease: Lease | undefined): Vacancy | undefined {
    // A holder whose lease somebody deleted or stripped does not know it yet: it has the time that it was promised.
    const found = lease && !isUnused(lease.spec) ? lease.spec : undefined
    if (found) this.#note(found)
    const { clock, identity, leaseDurationMs } = this.#options
    const spec = found ?? this.#last
    if (!spec) return 'created'
    if (isReleased(spec)) return found ? 'released' : 'created'
    // Ours, though the answer never came: it is no release that we know of, whoever had it before.
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
