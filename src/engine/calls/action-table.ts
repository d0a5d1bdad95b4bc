import type { ServiceAction } from '../../ports/ssl-service.ts'

/** What the engine has to know of one action of the service. */
export interface ActionRow {
  /** The service's limit for one account. */
  readonly callsPerSecond: number
  /**
   * Whom a missing permission concerns. `account`: without this action nothing can be done, so that after three Secrets
   * the others wait. `key`: the one that asked goes on without the answer.
   */
  readonly deniedScope: 'account' | 'key'
  /** Whether the same call, made twice, changes no more than once. If not, an intent is stored before it. */
  readonly repeatIsHarmless: boolean
}

/** Every action of the service that the operator calls. A further one is a further row. */
export const actionTable: Readonly<Record<ServiceAction, ActionRow>> = {
  // With Repeatable=true each call makes another copy.
  UploadCertificate: { callsPerSecond: 10, deniedScope: 'account', repeatIsHarmless: false },
  DescribeCertificates: { callsPerSecond: 10, deniedScope: 'key', repeatIsHarmless: true },
  CheckCertificateExist: { callsPerSecond: 10, deniedScope: 'key', repeatIsHarmless: true },
}

/** The names of the actions, in the order of the table. */
export const actions = Object.keys(actionTable) as readonly ServiceAction[]
