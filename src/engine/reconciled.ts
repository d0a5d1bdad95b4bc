import type { Decision } from '../capabilities/upload/decision.ts'
import type { ServiceAction } from '../ports/ssl-service.ts'
import type { CallPriority } from './calls/call-priority.ts'

/** What is to happen with a key after a reconcile. */
export type Next =
  /** Nothing, until something changes. */
  | { readonly kind: 'done' }
  /** Another look, at once. */
  | { readonly kind: 'again' }
  /** Another look after so many ms. */
  | { readonly kind: 'after'; readonly ms: number }
  /** It needs a slot. */
  | { readonly kind: 'slot'; readonly action: ServiceAction; readonly priority: CallPriority }
  /** It waits for the account. */
  | { readonly kind: 'hold'; readonly action: ServiceAction; readonly priority: CallPriority }
  /** The same chain is under way for another Secret: another look when that has ended. */
  | { readonly kind: 'join'; readonly flight: Promise<void> }

/** The result of one reconcile. */
export interface Reconciled {
  readonly next: Next
  readonly decision: Decision['kind'] | 'Gone'
  /** resourceVersion of the status write, when there was one. */
  readonly written?: string
  /** Nothing more is to be done for what the Secret holds now. */
  readonly settled?: boolean
  /** A call was made. */
  readonly called?: boolean
}
