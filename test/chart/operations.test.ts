import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { statusKeys } from '../../src/contract/annotation-keys.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { goPrograms } from '../programs/go-programs.ts'
import { kubectlProgram } from '../programs/kubernetes.ts'
import { runProgram } from '../programs/run-program.ts'

const document = readFileSync(fileURLToPath(new URL('../../docs/operations.md', import.meta.url)), 'utf8')
const cluster = sharedCluster()
const { admin } = cluster
afterAll(() => cluster.close())

/** The command of the document that starts so, to the end of its block. */
function commandOf(start: string): string {
  const blocks = [...document.matchAll(/^```sh\n(.+?)^```$/gms)].map(([, block = '']) => block)
  const [found, ...more] = blocks.filter((block) => block.includes(start))
  if (found === undefined || more.length > 0) throw new Error(`not one block with ${start}`)
  return found.slice(found.indexOf(start))
}

test("the runbook's first command names the Secrets that are not synced, and no others", async () => {
  const { kubectl } = await goPrograms(kubectlProgram)
  const namespace = await admin.newNamespace('runbook')
  const status = (phase: string, reason: string, message: string) => ({
    annotations: { [statusKeys.phase]: phase, [statusKeys.reason]: reason, [statusKeys.message]: message },
  })
  await admin.createTlsSecret(namespace, 'bare')
  await admin.createTlsSecret(namespace, 'foreign', { annotations: { theirs: 'x' } })
  await admin.createTlsSecret(namespace, 'synced', status('Synced', 'CertificateUploaded', 'Uploaded.'))
  await admin.createTlsSecret(namespace, 'failed', status('Failed', 'QuotaExceeded', 'The account is full.'))
  await admin.createTlsSecret(namespace, 'rejected', status('Rejected', 'KeyMismatch', 'Another key.'))

  const PATH = `${dirname(kubectl)}:${process.env['PATH'] ?? ''}`
  const env = { PATH, HOME: cluster.connection.folder, KUBECONFIG: cluster.adminKubeconfig }
  const shown = await runProgram(['sh', '-c', commandOf('kubectl get secrets -A')], { env })

  // Other tests have Secrets in the cluster too.
  expect(shown.split('\n').filter((line) => line.includes(namespace))).toEqual([
    `${namespace}/failed QuotaExceeded The account is full.`,
    `${namespace}/rejected KeyMismatch Another key.`,
  ])
})
