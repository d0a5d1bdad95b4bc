import type { Clock } from '../../clock.ts'
import type { Fence } from '../../ports/fence.ts'
import type { Metrics } from '../../ports/metrics.ts'
import { ServiceError } from '../../ports/service-error.ts'
import type { ServiceAction } from '../../ports/ssl-service.ts'
import { type CallEnd, reachOf, sayingOf } from './call-end.ts'

/** The right to make one request of one action. */
export interface CallPermit {
  readonly action: ServiceAction
  /**
   * Makes the one request it is for; at most once. `signal` is aborted when the call takes too long (the reason is named
   * TimeoutError) and when the process ends.
   *
   * @throws ServiceError what `work` throws, and where the process has ended before the request
   * @throws NotLeadingError when another process may be the leader
   */
  call<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>
}

export interface PermitParts {
  readonly action: ServiceAction
  readonly clock: Clock
  readonly metrics: Metrics
  readonly fence: Fence | undefined
  readonly timeoutMs: number
  /** Aborted when the process ends. */
  readonly stop: AbortSignal
  /** The request is about to be sent. */
  readonly onStart: () => void
  readonly onEnd: (end: CallEnd) => void
}

/**
 * A permit as a lane issues it.
 *
 * The fence is asked right before the call, and after one that failed; the adapter asks once more when the connection is
 * open. What is left is a process that is stopped in the moment between that check and the socket, and sends its call
 * when it wakes up. Such a late call makes no second certificate (`Repeatable=false`), but it may be the eleventh of a
 * second, and a late second copy (`Repeatable=true`) is made although the next leader has looked for it in vain.
 */
export class IssuedPermit implements CallPermit {
  readonly #parts: PermitParts
  #used = false

  constructor(parts: PermitParts) {
    this.#parts = parts
  }

  get action(): ServiceAction {
    return this.#parts.action
  }

  async call<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { clock, fence, stop, action, onStart } = this.#parts
    if (this.#used) throw new Error('a permit is for one request')
    this.#used = true
    fence?.check()
    if (stop.aborted) throw aborted(action)

    const ending = new AbortController()
    const onStop = () => ending.abort(stop.reason)
    stop.addEventListener('abort', onStop, { once: true })
    let timedOut = false
    const cancelTimeout = clock.after(this.#parts.timeoutMs, () => {
      timedOut = true
      ending.abort(new DOMException(`${action} took too long`, 'TimeoutError'))
    })
    const startedAt = clock.elapsed()
    onStart()
    try {
      const answer = await work(ending.signal)
      this.#end({ startedAt, reached: 'answered', timedOut: false, says: 'answer', error: undefined })
      return answer
    } catch (error) {
      this.#failed(error, startedAt, timedOut)
      // A call that the adapter did not make, or that was aborted: no failure of the service.
      fence?.check()
      throw error
    } finally {
      cancelTimeout()
      stop.removeEventListener('abort', onStop)
    }
  }

  #failed(thrown: unknown, startedAt: number, timedOut: boolean): void {
    const reached = reachOf(thrown)
    // A call that ends with the process is not a failure of the service.
    const isOwnEnd = this.#parts.stop.aborted && reached !== 'answered'
    const error = thrown instanceof ServiceError && !isOwnEnd ? thrown : undefined
    const says = isOwnEnd ? 'nothing' : sayingOf(thrown, timedOut)
    this.#end({ startedAt, reached, timedOut, says, error })
  }

  #end(end: Omit<CallEnd, 'endedAt'>): void {
    const { action, metrics, clock, onEnd } = this.#parts
    const endedAt = clock.elapsed()
    const { error, says, startedAt } = end
    if (error || says === 'answer') {
      const result = error?.failure ?? 'success'
      metrics.serviceCall({ action, result, code: error?.code ?? '', durationMs: endedAt - startedAt })
    }
    onEnd({ ...end, endedAt })
  }
}

function aborted(action: ServiceAction): ServiceError {
  const nothing = { countsForAccount: false, reached: 'unsent' } as const
  return new ServiceError({ failure: 'outage', action, code: 'Aborted', ...nothing })
}
