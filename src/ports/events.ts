import type { Reason } from '../reasons.ts'
import type { SecretReference } from './secrets.ts'

/** Writes Kubernetes Events on Secrets: best effort, aggregated, never an error for the caller. */
export interface EventRecorder {
  record(event: {
    readonly secret: SecretReference
    readonly type: 'Normal' | 'Warning'
    readonly reason: Reason
    /** What the operator was doing, CamelCase (events.k8s.io/v1 `action`). */
    readonly action: string
    readonly message: string
  }): void
}
