import type { LogFields } from '../ports/log.ts'
import type { ServiceAction } from '../ports/ssl-service.ts'
import type { Reason } from '../reasons.ts'

/** Status annotations to set (text) or to remove (null), by their whole keys. What is not named stays. */
export type StatusSlice = Readonly<Record<string, string | null>>

/** What became of a capability's work on one Secret, as it is written down and reported. */
export interface Outcome {
  readonly reason: Reason
  /** For people; the same input gives the same text. */
  readonly message: string
  readonly severity: 'Normal' | 'Warning'
  readonly slice: StatusSlice
  /** The keys of the slice that are news for people: an Event follows only where one of them changes. */
  readonly newsworthy: readonly string[]
  /** What belongs to the log line, but not to the status. */
  readonly fields: LogFields
  /** Appended to the Event's message: what must not be in the status, because it differs from one attempt to the next. */
  readonly aside?: string
}

/** A request that a step stands for. It holds no certificate and no key: it waits in queues and is logged. */
export interface Action {
  readonly name: ServiceAction
}

/**
 * What a capability does next for one key. Instants are ms of the monotonic clock. `label` names the step in the metric
 * `reconcile_total` and in the debug line. `meanwhile` is what the status must say while the key waits: it is written again
 * when it got lost.
 */
export type Step<A extends Action = Action> =
  /** Nothing, until something changes. */
  | { readonly kind: 'Done'; readonly label: string }
  | {
      readonly kind: 'Wait'
      readonly label: string
      readonly until: number
      readonly meanwhile?: Outcome
      readonly settled?: boolean
      /** Other keys of this capability go first. */
      readonly forTurn?: true
    }
  /** Calls of this action wait for the account. */
  | { readonly kind: 'Held'; readonly label: string; readonly action: A; readonly meanwhile?: Outcome }
  /** An intent that must be stored before the next step. */
  | { readonly kind: 'WriteFirst'; readonly label: string; readonly slice: StatusSlice }
  /** `until`: when to reconcile again if the key has no permit by then. */
  | {
      readonly kind: 'Call'
      readonly label: string
      readonly action: A
      readonly until?: number
      readonly meanwhile?: Outcome
    }
  /** `until`: when to reconcile again although nothing changed. */
  | {
      readonly kind: 'Report'
      readonly label: string
      readonly outcome: Outcome
      readonly until?: number
      readonly settled?: boolean
    }

/** The time of one reconcile, read once. */
export interface Instant {
  /** ms since the epoch: for what is written down or compared with certificates. */
  readonly wall: number
  /** ms of the monotonic clock: for everything that waits. */
  readonly elapsed: number
}
