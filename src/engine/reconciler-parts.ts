import type { KeyMemory } from '../capabilities/upload/key-memory.ts'
import type { UploadBudget } from '../capabilities/upload/upload-budget.ts'
import type { Clock } from '../clock.ts'
import type { Identity } from '../contract/observe.ts'
import type { IdMemo } from '../ledger/id-memo.ts'
import type { Log } from '../ports/log.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { SecretStore } from '../ports/secrets.ts'
import type { CertificateService } from '../ports/ssl-service.ts'
import type { CallRunner } from './calls/call-runner.ts'
import type { StatusWriter } from './status/status-writer.ts'

/** What a reconcile works with. */
export interface ReconcilerParts {
  readonly identity: Identity
  readonly clock: Clock
  readonly store: SecretStore
  readonly service: CertificateService
  readonly recorder: StatusWriter
  readonly memory: KeyMemory
  readonly memo: IdMemo
  readonly budget: UploadBudget
  readonly calls: CallRunner
  readonly metrics: Metrics
  readonly log: Log
  /** Nothing is written and nothing is called: it is logged and counted. */
  readonly dryRun: boolean
}
