import type { ObjectKey } from './secrets.ts'
import type { FailureClass } from './service-error.ts'
import type { ServiceAction } from './ssl-service.ts'

/** What is counted as it happens. */
export interface Metrics {
  serviceCall(call: {
    readonly action: ServiceAction
    readonly result: 'success' | FailureClass
    /** The service's code; '' on success. */
    readonly code: string
    readonly durationMs: number
  }): void
  /** A capability took this step in a reconcile: a label such as `Synced` or `BackOff`. */
  reconciled(capability: string, step: string): void
  /** One reconcile ended, after so many ms. */
  reconcileTook(durationMs: number): void
  /** A status write ended. */
  statusWrite(result: 'written' | 'stale' | 'refused' | 'failed' | 'contested'): void
  /** A reflector listed from scratch. */
  relisted(reason: 'Initial' | 'Expired' | 'Error'): void
  /** A watch was opened. */
  watchOpened(): void
  /** In dry run: what would have been done. */
  wouldDo(step: string): void
  /** What is known of one Secret. Times in ms since the epoch. Replaces what was known. */
  secret(
    key: ObjectKey,
    facts: {
      readonly notAfter: number | undefined
      readonly uploadedNotAfter: number | undefined
      readonly phase: string
      readonly reason: string
    },
  ): void
  /** The Secret is gone or opted out: its series disappear. */
  forgetSecret(key: ObjectKey): void
}

/**
 * Certificates of this cluster in the account, as the last complete inventory found them. `current`: ours, named by a status.
 * `superseded`: ours, its Secret is known and names another one. `orphaned`: ours, its Secret is not known. `unowned`: named by
 * a status, not tagged as ours.
 */
export type CertificateCounts = Readonly<Record<'current' | 'superseded' | 'orphaned' | 'unowned', number>>

/** What is read when somebody looks. */
export interface Gauges {
  /** Keys waiting in each queue: the work queue and every lane. */
  queueDepths(): Readonly<Record<string, number>>
  /** How long a Secret has been waiting to be synced, at most, ms; 0 when none is. */
  oldestUnsyncedMs(): number
  /** The longest time since a reflector heard of the API server, ms; of namespaces that can be read. */
  watchAgeMs(): number
  /** Watched namespaces whose Secrets cannot be read. */
  unreadableNamespaces(): Iterable<string>
  /** Upload slots in force. */
  slots(): number
  /** This process does the work: always, where no leader is elected. */
  leading(): boolean
  /** Why calls wait for the account: refused credentials, or a missing permission. */
  heldReasons(): readonly string[]
  /** The service does not answer: calls are slowed down. */
  serviceSilent(): boolean
  /** Undefined before the first complete inventory. */
  certificates(): CertificateCounts | undefined
  /** This process leads and makes inventories, but completed none within three intervals, and at least an hour. */
  inventoryOverdue(): boolean
}
