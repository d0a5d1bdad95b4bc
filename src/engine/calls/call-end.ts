import { NotLeadingError } from '../../ports/not-leading-error.ts'
import { type Reach, ServiceError } from '../../ports/service-error.ts'

/** How a call ended. Times are of the monotonic clock, ms. */
export interface CallEnd {
  readonly startedAt: number
  readonly endedAt: number
  readonly reached: Reach
  /** It was given up because it took too long. */
  readonly timedOut: boolean
  /**
   * What it says of the service. `answer`: it spoke, be it to refuse. `silence`: it did not. `nothing`: the call was not
   * sent, or ended by ourselves.
   */
  readonly says: 'answer' | 'silence' | 'nothing'
  /** What the service, or the way to it, answered instead of a result. */
  readonly error: ServiceError | undefined
}

/** How far a call got that threw. */
export function reachOf(error: unknown): Reach {
  if (error instanceof ServiceError) return error.reached
  // The adapter throws ServiceErrors only: what else is thrown never got as far as a socket.
  return error instanceof NotLeadingError ? 'unsent' : 'answered'
}

/** What a call that threw says of the service. */
export function sayingOf(error: unknown, timedOut: boolean): CallEnd['says'] {
  if (!(error instanceof ServiceError)) return 'nothing'
  if (error.requestId !== undefined) return 'answer'
  if (timedOut) return 'silence'
  // Of what was not sent, only a service that cannot be reached says something: missing credentials do not.
  const isOfService = error.failure === 'outage' || error.reached !== 'unsent'
  return error.countsForAccount && isOfService ? 'silence' : 'nothing'
}
