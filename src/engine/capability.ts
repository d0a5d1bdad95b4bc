import type { Observed } from '../contract/observe.ts'
import type { ObjectKey } from '../ports/secrets.ts'
import type { ServiceError } from '../ports/service-error.ts'
import type { CallPriority } from './calls/call-priority.ts'
import type { Failure } from './failure.ts'
import type { Action, Instant, Outcome, StatusSlice, Step } from './step.ts'

/** What every capability remembers of a key: its own failure, and with it its own back-off. Plain data. */
export interface CapabilityMemory {
  readonly failure?: Failure | undefined
}

/** What a call came to. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ServiceError }

/**
 * One thing that is done for a Secret, in the shape of a persisted state machine: `next` picks a step, `call` makes the one
 * request that it stands for, `model` digests the answer. The engine does the rest: permits, writes, waits.
 *
 * A reconcile without a permit: `view`, `noticed`, `recall`, `next`, `decided`. With the permit for the call that `next`
 * picks, instead of `decided`: `begins`, `call`, `ended`, `model`, and then all from `view` on with the new memory. Where a
 * status is written: `reporting` before it, `written` after it.
 *
 * `view`, `recall`, `next`, `model`, `written`, `flightOf` and `priorityOf` change nothing, and only `call` does I/O. The
 * others may change what the capability shares between keys, and so wake keys.
 */
export interface Capability<View, Memory extends CapabilityMemory, A extends Action, T> {
  /** In lower case: a metric label and a log field. */
  readonly name: string
  /** The status annotations that it alone writes, by their whole keys. */
  readonly ownKeys: ReadonlySet<string>
  /** The memory of a key of which nothing is known. */
  readonly blank: Memory
  /** Gathers what `next` depends on besides memory and time. Called after each GET and after each call. */
  view(observed: Observed): View
  /** What the Secret says: what other keys should know of it. Called after `view`, each time. */
  noticed(view: View): void
  /** The memory that `next` is given: brought up to date with the view. */
  recall(view: View, memory: Memory): Memory
  /** The step to take now. */
  next(view: View, memory: Memory, now: Instant): Step<A>
  /** The step that the key takes now: what other keys should know of it. */
  decided(view: View, step: Step<A>, now: Instant): void
  /** Just before the call: what other keys should know of it. */
  begins(view: View, action: A, now: Instant): void
  /** The view that led to `action` is of a GET made after the permit, or of the one just before a permit that was there at once. @throws ServiceError | NotLeadingError */
  call(view: View, action: A, signal: AbortSignal): Promise<T>
  /** Just after the answer: what other keys should know of it. */
  ended(view: View, memory: Memory, action: A, answer: Answer<T>, now: Instant): void
  /** The memory after an answer. Called after `ended`. */
  model(view: View, memory: Memory, action: A, answer: Answer<T>, now: Instant): Memory
  /** Instead of `ended`, where a call was given up: it is safe to redo, and says nothing of the service. */
  abandoned(view: View, action: A, now: Instant): void
  /** Nobody knows which step the key takes: it could not be read, or the capability threw. No other key waits for it. */
  interrupted(key: ObjectKey, now: Instant): void
  /** The memory before an outcome is written. */
  reporting(observed: Observed, memory: Memory, outcome: Outcome): Memory
  /** The memory after a slice was written: that of an outcome, or an intent. */
  written(memory: Memory, slice: StatusSlice): Memory
  /** What the status says when the capability's own code threw (I7). */
  unexpected(observed: Observed, errorName: string): Outcome
  /** Two calls with the same text are not made at the same time: one of them waits for the other and reconciles again. */
  flightOf(view: View, action: A): string
  /** How urgent the call is that the key waits for. */
  priorityOf(view: View, memory: Memory, now: Instant): CallPriority
  /** The Secret is gone, or opted out. */
  forget(key: ObjectKey): void
}

/** A capability whose own types are nobody else's business. */
// biome-ignore lint/suspicious/noExplicitAny: an existential type; TypeScript has no other way to say it
export type AnyCapability = Capability<any, any, any, any>
