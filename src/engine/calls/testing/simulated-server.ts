import type { Clock } from '../../../clock.ts'
import { ServiceError } from '../../../ports/service-error.ts'
import type { ServiceAction } from '../../../ports/ssl-service.ts'

/**
 * What becomes of a call. `ok`: it is answered. `internal`, `rejected`, `denied`, `refused`: the service answers with an
 * error of its own. `gateway`: something on the way answers after it arrived, `intercepted`: before. `unreachable`: nothing is sent. `hangs`: it arrives and is
 * never answered. `lost`: nobody knows whether it arrives, and it may do so late. `reset`: its connection is reset, and it
 * may arrive up to 2 s later. `dawdles`: it is on its way when it is given up, and may arrive up to 2 s later.
 */
export type Fate =
  | 'ok'
  | 'internal'
  | 'rejected'
  | 'denied'
  | 'refused'
  | 'gateway'
  | 'intercepted'
  | 'unreachable'
  | 'hangs'
  | 'lost'
  | 'reset'
  | 'dawdles'

const failures = {
  internal: { failure: 'outage', code: 'InternalError', requestId: 'request' },
  rejected: { failure: 'rejected', code: 'FailedOperation.CertificateParseError', requestId: 'request' },
  denied: { failure: 'not-allowed', code: 'UnauthorizedOperation', requestId: 'request' },
  refused: { failure: 'caller', code: 'AuthFailure.SecretIdNotFound', requestId: 'request' },
  gateway: { failure: 'outage', code: 'HTTP503', reached: 'answered' },
  intercepted: { failure: 'outage', code: 'HTTP503', reached: 'answered' },
  unreachable: { failure: 'outage', code: 'ConnectionFailed', reached: 'unsent' },
  reset: { failure: 'outage', code: 'ConnectionFailed.ECONNRESET', reached: 'ended' },
  lost: { failure: 'outage', code: 'ConnectionFailed', reached: 'unknown' },
} as const

/** The way there, the work and the way back of one call, ms. `lateMs`: how late a call arrives that got lost. */
export interface Journey {
  readonly there: number
  readonly work: number
  readonly back: number
  readonly lateMs?: number
}

/** The service behind a network, in simulated time. Counts calls of each action in an exact sliding window. */
export class SimulatedServer {
  /** When each call arrived, by action. */
  readonly arrivals = new Map<ServiceAction, number[]>()
  /** When each call was made, whether it arrived or not. */
  readonly starts: number[] = []
  readonly #clock: Clock
  /** More calls of one action within a second are answered with RequestLimitExceeded, and do not count. */
  limit = Number.POSITIVE_INFINITY
  /** A proxy is on the way: a call that is given up may still arrive. */
  hasProxy = false
  /** Until then the server reads nothing of what arrives, ms. */
  frozenUntil = 0
  #accepted: number[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Makes a call as an adapter does. @throws ServiceError */
  async call(action: ServiceAction, fate: Fate, journey: Journey, signal: AbortSignal): Promise<void> {
    const { there, work, back, lateMs = 0 } = journey
    this.starts.push(this.#clock.elapsed())
    if (fate === 'unreachable' || fate === 'intercepted') {
      await this.#wait(there, action, signal)
      throw new ServiceError({ action, ...failures[fate] })
    }
    if (fate === 'lost') {
      this.#clock.after(lateMs, () => this.#arrive(action))
      await this.#wait(there, action, signal)
      throw new ServiceError({ action, ...failures.lost })
    }
    if (fate === 'reset') {
      await this.#wait(there, action, signal)
      this.#clock.after(onTheWireMs(lateMs), () => this.#arrive(action))
      throw new ServiceError({ action, ...failures.reset })
    }
    if (fate === 'dawdles') {
      signal.addEventListener('abort', () =>
        this.#clock.after(onTheWireMs(lateMs), () => this.#arrive(action)),
      )
      await this.#wait(Number.MAX_SAFE_INTEGER, action, signal)
    }
    this.#clock.after(there, () => this.#arrive(action))
    await this.#wait(there, action, signal)
    if (this.frozenUntil > this.#clock.elapsed())
      await this.#wait(this.frozenUntil - this.#clock.elapsed(), action, signal)
    if (fate === 'hangs') await this.#wait(Number.MAX_SAFE_INTEGER, action, signal)
    const isThrottled = this.#isThrottled()
    await this.#wait((isThrottled ? 0 : work) + back, action, signal)
    if (isThrottled) {
      const code = 'RequestLimitExceeded'
      throw new ServiceError({ action, failure: 'throttled', code, requestId: 'request' })
    }
    if (fate !== 'ok' && fate !== 'hangs' && fate !== 'dawdles')
      throw new ServiceError({ action, ...failures[fate] })
  }

  /** The most calls of one action that any second ever held. */
  mostInOneSecond(): number {
    return Math.max(0, ...[...this.arrivals.values()].map(mostInOneSecond))
  }

  #arrive(action: ServiceAction): void {
    const times = this.arrivals.get(action) ?? []
    this.arrivals.set(action, times)
    times.push(Math.max(this.#clock.elapsed(), this.frozenUntil))
  }

  #isThrottled(): boolean {
    const now = this.#clock.elapsed()
    this.#accepted = this.#accepted.filter((it) => it > now - 1_000)
    if (this.#accepted.length >= this.limit) return true
    this.#accepted.push(now)
    return false
  }

  async #wait(ms: number, action: ServiceAction, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(ms, signal).catch(() => {
      const isTimeout = signal.reason instanceof Error && signal.reason.name === 'TimeoutError'
      const code = isTimeout ? 'Timeout' : 'Aborted'
      const error = { action, failure: 'outage', code, countsForAccount: isTimeout } as const
      throw new ServiceError({ ...error, reached: this.hasProxy ? 'unknown' : 'ended' })
    })
  }
}

/** Of a call whose connection was reset, ms. */
function onTheWireMs(lateMs: number): number {
  return lateMs % 2_000
}

/** The most of these times that an exact sliding window of one second ever held. */
export function mostInOneSecond(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b)
  let first = 0
  let most = 0
  sorted.forEach((time, i) => {
    while ((sorted[first] ?? time) <= time - 1_000) first++
    most = Math.max(most, i - first + 1)
  })
  return most
}
