import type { Reason } from '../reasons.ts'
import type { ServiceAction } from './ssl-service.ts'

/** The fields a log line may have: an allow-list, so that nothing else can leak (I3). */
export interface LogFields {
  readonly namespace?: string
  readonly name?: string
  /** Fingerprint of the leaf, or of the chain. */
  readonly fingerprint?: string
  readonly certificateId?: string
  readonly account?: string
  readonly reason?: Reason | (string & {})
  readonly phase?: string
  readonly capability?: string
  readonly step?: string
  /** Of one reconcile: `capability=step`, separated by blanks. */
  readonly steps?: string
  /** Identifies one reconcile. */
  readonly attemptId?: string
  /** What had the key reconciled. */
  readonly wokenBy?: string
  readonly action?: ServiceAction
  readonly code?: string
  readonly requestId?: string
  readonly attempt?: number
  /** RFC 3339. */
  readonly until?: string
  /** ms. */
  readonly durationMs?: number
  readonly count?: number
  readonly slots?: number
  readonly resourceVersion?: string
  readonly status?: number
  readonly address?: string
  /** `namespace/name` of the Lease, and the identity of who holds it. */
  readonly lease?: string
  readonly holder?: string
  readonly version?: string
  readonly dryRun?: boolean
  /** A text of our own, never one of a service. */
  readonly error?: string
}

/** One line per decision that did something. */
export interface Log {
  trace(fields: LogFields, message: string): void
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}
