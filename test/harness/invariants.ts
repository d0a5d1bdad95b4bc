import { X509Certificate } from 'node:crypto'
import { expect } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { readStatus } from '../../src/contract/status.ts'
import type { Secret } from '../control-plane/api-objects.ts'
import { chainFingerprint } from '../fixtures/certificates.ts'
import type { CertificateView } from '../simulator/server.ts'
import type { World } from './world.ts'

/** A world as anyone can see it from outside. */
export interface Seen {
  /** What the account holds. */
  readonly held: readonly CertificateView[]
  /** Secrets of type kubernetes.io/tls, whether or not they opted in. */
  readonly secrets: readonly Secret[]
  /** As the status names it: `name@endpoint host`. */
  readonly account: string
  /** The most calls of each action within any second. */
  readonly maxInAnySecond: Readonly<Record<string, number>>
}

/** The actions of the service whose calls are limited. */
export const limitedActions = ['UploadCertificate', 'DescribeCertificates', 'CheckCertificateExist']

/** `expectTruth` of a world of the integration tests. */
export async function expectEverythingTrue(world: World): Promise<void> {
  const { simulator } = world
  const lists = await Promise.all(world.namespaces.map((it) => world.cluster.admin.listSecrets(it)))
  expectTruth({
    held: simulator.certificates(),
    secrets: lists.flat(),
    account: `default@${simulator.host}`,
    maxInAnySecond: Object.fromEntries(limitedActions.map((it) => [it, simulator.maxInAnySecond(it)])),
  })
}

/**
 * What holds where everything is synced: every opted-in Secret has a status that names the certificate that it holds
 * (I6), the account has that chain once (I1), and no second saw more than ten calls of an action (I2). For Secrets of
 * type SVR whose `tls.crt` is in the order in which it is sent.
 */
export function expectTruth({ held, secrets, account, maxInAnySecond }: Seen): void {
  const copies = new Map<string, number>()
  for (const certificate of held) {
    const chain = `${certificate.account} ${certificate.chainFingerprint}`
    copies.set(chain, (copies.get(chain) ?? 0) + 1)
  }
  expect([...copies].filter(([, count]) => count > 1)).toEqual([])

  for (const secret of secrets) {
    const { name, annotations = {} } = secret.metadata
    if (annotations[userKeys.upload] !== 'true') continue
    const status = readStatus(annotations)
    const certificate = held.find(({ id }) => id === status.uploaded?.certificateId)
    const chain = chainOf(secret)
    expect({ name, phase: status.phase, ...status.uploaded }).toEqual({
      name,
      phase: 'Synced',
      certificateId: certificate?.id,
      account,
      fingerprint: certificate?.leafFingerprint,
      chainFingerprint: chain,
    })
    expect({ name, chain: certificate?.chainFingerprint }).toEqual({ name, chain })
  }
  for (const [action, most] of Object.entries(maxInAnySecond)) {
    expect(most, `${action} calls in one second`).toBeLessThanOrEqual(10)
  }
}

/** The diff key of what a Secret holds, computed without the operator's code. */
function chainOf({ data }: Secret): string {
  const pem = Buffer.from(data?.['tls.crt'] ?? '', 'base64').toString()
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return chainFingerprint('SVR', ...blocks.map((each) => ({ der: new X509Certificate(each).raw })))
}
