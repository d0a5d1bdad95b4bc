import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { pageExpectations } from '../harness/error-expectations.ts'
import { expectErrorIsHandled } from '../harness/error-is-handled.ts'

const cluster = sharedCluster()
afterAll(() => cluster.close())

const page = new URL('../simulator/api/error-codes.json', import.meta.url)
const codes = JSON.parse(readFileSync(page, 'utf8')) as string[]

test('every error code of the UploadCertificate page has a case, and none that the page lacks', () => {
  expect(codes.length).toBeGreaterThan(20)
  expect(Object.keys(pageExpectations).sort()).toEqual([...codes].sort())
})

for (const code of codes) {
  test.concurrent(`${code} ends as the design says`, async () => {
    const expected = pageExpectations[code]
    if (expected === undefined) throw new Error(`no case covers ${code}`)
    await expectErrorIsHandled(cluster, { kind: 'error', code }, code, expected)
  })
}
