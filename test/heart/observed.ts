import { statusKeys, userKeys } from '../../src/contract/annotation-keys.ts'
import { type Identity, type Observed, observe } from '../../src/contract/observe.ts'
import type { SecretSnapshot } from '../../src/ports/secrets.ts'
import type { TestChain } from './material.ts'

export const identity: Identity = { account: 'default@ssl.example.com', cluster: 'test', version: '1.0.0' }

/** The user's annotations by their short names. `upload` is `true` unless it is said otherwise. */
export function userAnnotations(
  settings: Partial<Record<keyof typeof userKeys, string | undefined>> = {},
): Record<string, string> {
  return annotations(userKeys, { upload: 'true', ...settings })
}

/** The operator's annotations by their short names. */
export function statusAnnotations(
  status: Partial<Record<keyof typeof statusKeys, string | undefined>>,
): Record<string, string> {
  return annotations(statusKeys, status)
}

/** What says that a chain is in the account, and in no other words than decide() needs. */
export function uploadedStatus(
  chain: TestChain,
  certificateId: string,
  more: Partial<Record<keyof typeof statusKeys, string>> = {},
): Record<string, string> {
  const { fingerprint, chainFingerprint } = chain
  return statusAnnotations({
    certificateId,
    account: identity.account,
    fingerprint,
    chainFingerprint,
    ...more,
  })
}

export function snapshotOf(
  annotations: Readonly<Record<string, string>>,
  data: SecretSnapshot['data'],
  more: Partial<SecretSnapshot> = {},
): SecretSnapshot {
  return {
    namespace: 'web',
    name: 'site',
    uid: 'uid-1',
    resourceVersion: '1',
    deleting: false,
    annotations,
    data,
    ...more,
  }
}

/** A Secret `web/site` that holds a chain, observed. */
export function observedOf(
  chain: Pick<TestChain, 'data'>,
  annotations: Readonly<Record<string, string>> = userAnnotations(),
  more: Partial<SecretSnapshot> = {},
): Observed {
  return observe(snapshotOf(annotations, chain.data, more), identity)
}

function annotations(
  keys: Readonly<Record<string, string>>,
  values: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const entries = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[keys[name] as string, value] as const],
  )
  return Object.fromEntries(entries)
}
