import type { Clock } from '../clock.ts'
import type { AccountGate } from './account-gate.ts'
import type { IdMemo } from './id-memo.ts'
import type { KeyMemory } from './key-memory.ts'
import type { Log, Metrics } from './observability.ts'
import type { Identity } from './observe.ts'
import type { CertificateService, SecretStore, ServiceAction } from './ports.ts'
import type { Recorder } from './recorder.ts'
import type { UploadBudget } from './upload-budget.ts'

/** What a reconcile works with. */
export interface ReconcilerParts {
  readonly identity: Identity
  readonly clock: Clock
  readonly store: SecretStore
  readonly service: CertificateService
  readonly recorder: Recorder
  readonly memory: KeyMemory
  readonly memo: IdMemo
  readonly budget: UploadBudget
  readonly gate: AccountGate
  readonly metrics: Metrics
  readonly log: Log
  readonly throttled: (action: ServiceAction) => void
  /** Nothing is written and nothing is called: it is logged and counted. */
  readonly dryRun: boolean
}
