import type { Observed } from '../contract/observe.ts'
import type { ServiceAction } from '../ports/ssl-service.ts'
import type { CallPriority } from './calls/call-priority.ts'

/** What is to happen with a key after a reconcile. With nothing of it set: nothing, until something changes. */
export interface Requeue {
  /** At once. */
  readonly now?: true
  /** After so many ms at the latest. */
  readonly afterMs?: number
  /** When it has a permit for this action. */
  readonly permit?: { readonly action: ServiceAction; readonly priority: CallPriority }
}

/** The result of one reconcile. */
export interface Result {
  readonly requeue: Requeue
  /** By capability: the label of its step. */
  readonly steps: Readonly<Record<string, string>>
  /** resourceVersion of the status write, when there was one. */
  readonly written?: string
  /** Nothing more is to be done for what the object holds now. */
  readonly settled: boolean
  /**
   * What was read, where a permit is wanted and nothing was written or called meanwhile. It holds the private key: it serves
   * a permit that is there at once, or is dropped (I3).
   */
  readonly observed?: Observed
  /** A capability threw: back off. */
  readonly threw?: string
}
