import type { CertificateStore } from '../certificate-store.ts'
import type { Parameters } from '../parameters.ts'
import type { Profile } from '../profile.ts'
import type { Traits } from '../traits.ts'

/** What an action may look at. */
export interface ActionContext {
  readonly account: string
  readonly profile: Profile
  readonly traits: Traits
  /** OwnerUin of the account's certificates. */
  readonly ownerUin: string
  readonly store: CertificateStore
  /** ms since the Unix epoch. */
  readonly now: number
}

/**
 * Does the work of one call on checked parameters.
 * @returns the answer without its RequestId
 * @throws ApiError
 */
export type Action = (parameters: Parameters, context: ActionContext) => Readonly<Record<string, unknown>>
