/**
 * The contract with the user. What users write and what the operator writes never share a prefix: cert-manager's
 * secretTemplate and GitOps tools own, and prune, whatever they list.
 */

/** The prefix of every key that users write. */
export const userPrefix = 'tencent-cert-sync.io/'

/** Keys that users write. The operator never does. */
export const userKeys = {
  upload: `${userPrefix}upload`,
  certificateType: `${userPrefix}certificate-type`,
  alias: `${userPrefix}alias`,
  certificateUse: `${userPrefix}certificate-use`,
  projectId: `${userPrefix}project-id`,
  tags: `${userPrefix}tags`,
  repeatable: `${userPrefix}repeatable`,
  paused: `${userPrefix}paused`,
  requestedAt: `${userPrefix}requested-at`,
} as const

/** The prefix of every key that the operator writes (I4). */
export const statusPrefix = 'status.tencent-cert-sync.io/'

/** Keys that the operator writes. */
export const statusKeys = {
  certificateId: `${statusPrefix}certificate-id`,
  account: `${statusPrefix}account`,
  fingerprint: `${statusPrefix}fingerprint`,
  chainFingerprint: `${statusPrefix}chain-fingerprint`,
  notAfter: `${statusPrefix}not-after`,
  syncedAt: `${statusPrefix}synced-at`,
  previousCertificateId: `${statusPrefix}previous-certificate-id`,
  origin: `${statusPrefix}origin`,
  intent: `${statusPrefix}intent`,
  settings: `${statusPrefix}settings`,
  phase: `${statusPrefix}phase`,
  reason: `${statusPrefix}reason`,
  message: `${statusPrefix}message`,
  rejectedFor: `${statusPrefix}rejected-for`,
  rejectedAt: `${statusPrefix}rejected-at`,
  handledRequest: `${statusPrefix}handled-request`,
} as const
