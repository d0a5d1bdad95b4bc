import { afterAll, test } from 'vitest'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { commonExpectations, transportExpectations } from '../harness/error-expectations.ts'
import { expectErrorIsHandled } from '../harness/error-is-handled.ts'

const cluster = sharedCluster()
afterAll(() => cluster.close())

for (const [code, expected] of Object.entries(commonExpectations)) {
  test.concurrent(`${code}, which is not on the page, ends as the design says`, async () => {
    await expectErrorIsHandled(cluster, { kind: 'error', code }, code, expected)
  })
}

for (const [what, { fault, ...expected }] of Object.entries(transportExpectations)) {
  test.concurrent(`${what} ends as the design says`, async () => {
    await expectErrorIsHandled(cluster, fault, what, expected)
  })
}
