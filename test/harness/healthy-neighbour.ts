import { expect } from 'vitest'
import { chainFingerprint, createLeaf } from '../fixtures/certificates.ts'
import type { OperatorProcess } from './operator-process.ts'
import type { World } from './world.ts'

/**
 * What bad input must leave as it was: the process is the one that was started, answers its probes, said nothing but
 * its log, and syncs a new Secret of the world's last namespace within ten seconds; no certificate is there twice, and
 * no second saw more than ten uploads.
 */
export async function expectHealthyNeighbour(world: World, operator: OperatorProcess): Promise<void> {
  const leaf = await createLeaf({ commonName: 'neighbour.example.com' })
  const namespace = world.namespaces.at(-1) as string
  await world.createSecret('neighbour', { chain: [leaf] }, namespace)
  await world.eventuallySynced('neighbour', chainFingerprint('SVR', leaf), { namespace, timeoutMs: 10_000 })

  expect((await operator.health('/healthz')).status).toBe(200)
  expect((await operator.health('/readyz')).status).toBe(200)
  expect(operator.running).toBe(true)
  expect(operator.stderr).toBe('')
  const chains = world.simulator.certificates().map((it) => it.chainFingerprint)
  expect(new Set(chains).size).toBe(chains.length)
  expect(world.simulator.maxInAnySecond('UploadCertificate')).toBeLessThanOrEqual(10)
}
