import type { FailureClass } from '../ports/service-error.ts'
import { backOff } from './queue/back-off.ts'
import type { Instant } from './step.ts'

/** The last failed call of a key, and how long the same input is not tried again. Instants: ms of the monotonic clock. */
export interface Failure {
  /** What the failure belongs to: another input is tried at once (I7). */
  readonly input: string
  readonly class: FailureClass
  readonly attempt: number
  /** When the first of these failures happened. */
  readonly since: number
  readonly until: number
}

/** Failures that say nothing of the request and may be over soon. */
export function isPassing(failure: FailureClass): boolean {
  return failure === 'outage' || failure === 'caller' || failure === 'throttled'
}

/** The failure after one more: of the same input and class it backs off further. */
export function failedAgain(
  before: Failure | undefined,
  {
    input,
    failure,
    spread,
  }: { readonly input: string; readonly failure: FailureClass; readonly spread: number },
  { elapsed }: Pick<Instant, 'elapsed'>,
): Failure {
  const again =
    before !== undefined && before.input === input && before.class === failure ? before : undefined
  const attempt = (again?.attempt ?? 0) + 1
  const since = again?.since ?? elapsed
  const delayMs = backOff(failure, { attempt, failingMs: elapsed - since, spread })
  return { input, class: failure, attempt, since, until: elapsed + delayMs }
}

/** The failure whose wait is over: the service answers again, or the credentials are new. Its attempts still count. */
export function waitEnded(failure: Failure, { elapsed }: Pick<Instant, 'elapsed'>): Failure {
  return { ...failure, until: Math.min(failure.until, elapsed) }
}
