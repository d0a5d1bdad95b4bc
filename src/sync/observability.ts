import type { Reason } from '../reasons.ts'
import type { SecretKey, ServiceAction } from './ports.ts'
import type { FailureClass } from './service-error.ts'

/** The fields a log line may have: an allow-list, so that nothing else can leak (I3). */
export interface LogFields {
  readonly namespace?: string
  readonly name?: string
  /** Fingerprint of the leaf, or of the chain. */
  readonly fingerprint?: string
  readonly certificateId?: string
  readonly account?: string
  readonly reason?: Reason | (string & {})
  readonly decision?: string
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

/** What is counted as it happens. */
export interface Metrics {
  serviceCall(call: {
    readonly action: ServiceAction
    readonly result: 'success' | FailureClass
    /** The service's code; '' on success. */
    readonly code: string
    readonly durationMs: number
  }): void
  /** One reconcile ended with this decision (`Synced`, `Upload`, `Wait`, ..., or `Error`). */
  reconciled(decision: string, durationMs: number): void
  /** A status write ended. */
  statusWrite(result: 'written' | 'stale' | 'refused' | 'failed' | 'contested'): void
  /** A reflector listed from scratch. */
  relisted(reason: 'Initial' | 'Expired' | 'Error'): void
  /** A watch was opened. */
  watchOpened(): void
  /** In dry run: what would have been done. */
  wouldDo(decision: string): void
  /** What is known of one Secret. Times in ms since the epoch. Replaces what was known. */
  secret(
    key: SecretKey,
    facts: {
      readonly notAfter: number | undefined
      readonly uploadedNotAfter: number | undefined
      readonly phase: string
      readonly reason: string
    },
  ): void
  /** The Secret is gone or opted out: its series disappear. */
  forgetSecret(key: SecretKey): void
}

/** What is read when somebody looks. */
export interface Gauges {
  /** Keys waiting in each queue: the work queue and every lane. */
  queueDepths(): Readonly<Record<string, number>>
  /** Age of the oldest change that is not synced yet, ms; 0 when there is none. */
  oldestUnsyncedMs(): number
  /** The longest time since a reflector heard of the API server, ms. */
  watchAgeMs(): number
  /** Upload slots in force. */
  slots(): number
  /** This process does the work: always, where no leader is elected. */
  leading(): boolean
  /** The account is held (credentials refused, or an outage). */
  accountHeld(): boolean
}

/** A reason to answer a probe with 503, in words, or undefined when all is well. */
export interface HealthCheck {
  readonly name: string
  problem(): string | undefined
}
