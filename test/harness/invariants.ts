import { X509Certificate } from 'node:crypto'
import { expect } from 'vitest'
import { userKeys } from '../../src/sync/annotation-keys.ts'
import { readStatus } from '../../src/sync/status.ts'
import type { Secret } from '../control-plane/api-objects.ts'
import { chainFingerprint } from '../fixtures/certificates.ts'
import type { World } from './world.ts'

/**
 * What holds of a world in which everything is synced, as anyone can see it from outside: every opted-in Secret has a
 * status that names the certificate that it holds (I6), the account has that chain once (I1), and no second saw more
 * than ten calls of an action (I2). For Secrets of type SVR whose `tls.crt` is in the order in which it is sent.
 */
export async function expectEverythingTrue(world: World): Promise<void> {
  const { simulator } = world
  const held = simulator.certificates()
  const copies = new Map<string, number>()
  for (const { account, chainFingerprint } of held) {
    const chain = `${account} ${chainFingerprint}`
    copies.set(chain, (copies.get(chain) ?? 0) + 1)
  }
  expect([...copies].filter(([, count]) => count > 1)).toEqual([])

  const lists = await Promise.all(world.namespaces.map((it) => world.cluster.admin.listSecrets(it)))
  for (const secret of lists.flat()) {
    const { name, annotations = {} } = secret.metadata
    if (annotations[userKeys.upload] !== 'true') continue
    const status = readStatus(annotations)
    const certificate = held.find(({ id }) => id === status.uploaded?.certificateId)
    const chain = chainOf(secret)
    expect({ name, phase: status.phase, ...status.uploaded }).toEqual({
      name,
      phase: 'Synced',
      certificateId: certificate?.id,
      account: `default@${simulator.host}`,
      fingerprint: certificate?.leafFingerprint,
      chainFingerprint: chain,
    })
    expect({ name, chain: certificate?.chainFingerprint }).toEqual({ name, chain })
  }
  for (const action of ['UploadCertificate', 'DescribeCertificates', 'CheckCertificateExist']) {
    expect(simulator.maxInAnySecond(action), `${action} calls in one second`).toBeLessThanOrEqual(10)
  }
}

/** The diff key of what a Secret holds, computed without the operator's code. */
function chainOf({ data }: Secret): string {
  const pem = Buffer.from(data?.['tls.crt'] ?? '', 'base64').toString()
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return chainFingerprint('SVR', ...blocks.map((each) => ({ der: new X509Certificate(each).raw })))
}
