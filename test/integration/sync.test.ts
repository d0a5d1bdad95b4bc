import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import {
  chainFingerprint,
  createAuthority,
  createLeaf,
  type TestCertificate,
} from '../fixtures/certificates.ts'
import { World } from '../harness/world.ts'

const cluster = sharedCluster()
afterAll(() => cluster.close())

let world: World
let issuer: TestCertificate
beforeEach(async () => {
  world = await World.create(cluster)
  issuer = await createAuthority({ name: 'Issuer' })
})
afterEach(() => world.end())

test('a new TLS Secret gets the CertificateId of its certificate', async () => {
  const leaf = await createLeaf({ issuer, commonName: 'shop.example.com' })
  const operator = await world.startOperator().ready()
  await world.createSecret('shop', { chain: [leaf, issuer] })

  const status = await world.eventuallySynced('shop', await chainFingerprint('SVR', leaf, issuer))

  const [certificate] = world.simulator.certificates()
  expect(status.uploaded?.certificateId).toBe(certificate?.id)
  expect(status.uploaded?.fingerprint).toBe(leaf.fingerprint)
  expect(status.reason).toBe('CertificateUploaded')
  expect(world.simulator.certificates()).toHaveLength(1)
  expect(await operator.stop()).toBe(0)
  expect(operator.stderr).toBe('')
})
