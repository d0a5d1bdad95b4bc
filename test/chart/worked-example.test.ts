import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load } from 'js-yaml'
import { afterAll, expect, test } from 'vitest'
import { statusKeys } from '../../src/contract/annotation-keys.ts'
import { readSettings } from '../../src/contract/settings.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { goPrograms } from '../programs/go-programs.ts'
import { kubectlProgram } from '../programs/kubernetes.ts'
import { runProgram } from '../programs/run-program.ts'

const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8')
const blocks = (language: string) =>
  [...readme.matchAll(/^```(\w+)\n(.+?)^```$/gms)]
    .filter(([, of]) => of === language)
    .map((it) => it[2] ?? '')

/** The one block of that language with `text` in it. */
function block(language: string, text: string): string {
  const [found, ...more] = blocks(language).filter((it) => it.includes(text))
  if (found === undefined || more.length > 0) throw new Error(`not one ${language} block with ${text}`)
  return found
}

const certificate = load(block('yaml', 'kind: Certificate')) as {
  spec: { secretName: string; secretTemplate: { annotations: Record<string, string> } }
}
const script = block('sh', 'qcloud_cert_id')
const ingress = block('yaml', 'kind: Ingress')

const cluster = sharedCluster()
const { admin } = cluster
afterAll(() => cluster.close())

/** Runs a script of the README with kubectl, in a namespace of the test's own. */
async function run(text: string, namespace: string): Promise<string> {
  const { kubectl } = await goPrograms(kubectlProgram)
  const env = {
    PATH: `${dirname(kubectl)}:${process.env['PATH'] ?? ''}`,
    HOME: cluster.connection.folder,
    KUBECONFIG: cluster.adminKubeconfig,
  }
  return runProgram(['sh', '-c', text.replaceAll('-n shop ', `-n ${namespace} `)], { env })
}

/** The Secret that TKE reads; undefined where there is none. */
async function companion(namespace: string): Promise<{ type?: string; id: string } | undefined> {
  const found = (await admin.listSecrets(namespace)).find(
    ({ metadata }) => metadata.name === 'shop-tls-qcloud',
  )
  if (found === undefined) return undefined
  return { ...(found.type && { type: found.type }), id: atob(found.data?.['qcloud_cert_id'] ?? '') }
}

test('the Certificate of the worked example opts its Secret in', () => {
  expect(readSettings(certificate.spec.secretTemplate.annotations)).toMatchObject({
    upload: 'yes',
    problems: [],
  })
  expect(script).toContain(`get secret ${certificate.spec.secretName} `)
})

test('the script of the worked example writes the Secret that TKE reads, and follows a renewal', async () => {
  const namespace = await admin.newNamespace('example')
  const { secretName } = certificate.spec
  await admin.createTlsSecret(namespace, secretName, {
    annotations: { [statusKeys.certificateId]: 'kX3v9QzT' },
  })
  await run(script, namespace)
  expect(await companion(namespace)).toEqual({ type: 'Opaque', id: 'kX3v9QzT' })

  await admin.updateSecret(namespace, secretName, { annotations: { [statusKeys.certificateId]: 'Yb7Lm2Qw' } })
  await run(script, namespace)
  expect(await companion(namespace)).toEqual({ type: 'Opaque', id: 'Yb7Lm2Qw' })
})

test('the script of the worked example writes nothing before there is a CertificateId', async () => {
  const namespace = await admin.newNamespace('example')
  await admin.createTlsSecret(namespace, certificate.spec.secretName)
  await expect(run(script, namespace)).rejects.toThrow()
  expect(await companion(namespace)).toBeUndefined()
})

test('the Ingress of the worked example is valid, and names the Secret that the script writes', async () => {
  const namespace = await admin.newNamespace('example')
  const { kubectl } = await goPrograms(kubectlProgram)
  const text = ingress.replace('namespace: shop', `namespace: ${namespace}`)
  const flags = ['--validate=strict', '--dry-run=server', '-o', 'json']
  const shown = await runProgram(
    [kubectl, '--kubeconfig', cluster.adminKubeconfig, 'apply', ...flags, '-f', '-'],
    { env: { HOME: cluster.connection.folder }, input: text },
  )
  const { spec } = JSON.parse(shown) as { spec: { ingressClassName: string; tls: { secretName: string }[] } }
  expect(spec.ingressClassName).toBe('qcloud')
  expect(script).toContain(`create secret generic ${spec.tls[0]?.secretName} `)
})
