import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { chartTools } from '../programs/chart-tools.ts'
import { goPrograms } from '../programs/go-programs.ts'
import { runProgram } from '../programs/run-program.ts'
import { testFolder } from '../programs/test-folder.ts'
import { renderManifest, variants } from './chart.ts'
import { monitoredCluster } from './monitored-cluster.ts'
import { objectSchemas } from './object-schemas.ts'

const { cluster } = await monitoredCluster()
let schemas: ReturnType<typeof objectSchemas>
beforeAll(async () => {
  // New kinds appear in the document some time after they are served.
  await eventually('the API server describes all kinds', async () => {
    schemas = objectSchemas(await cluster.admin.request('GET', '/openapi/v2'))
    return (
      schemas.has('prometheusrule-monitoring-v1.json') && schemas.has('servicemonitor-monitoring-v1.json')
    )
  })
})
afterAll(() => cluster.close())

/** What kubeconform finds wrong with a manifest. */
async function problems(manifest: string): Promise<string[]> {
  const folder = testFolder()
  for (const [name, schema] of schemas) writeFileSync(join(folder, name), JSON.stringify(schema))
  const file = join(folder, 'manifest.yaml')
  writeFileSync(file, manifest)
  const { kubeconform } = await goPrograms(chartTools)
  const location = join(folder, '{{ .ResourceKind }}{{ .KindSuffix }}.json')
  const told = await runProgram([
    ...(['sh', '-c', '"$0" "$@" || true', kubeconform] as const),
    ...['-schema-location', location, '-output', 'json', file],
  ])
  const { resources = [] } = JSON.parse(told) as {
    resources?: { kind: string; status: string; msg: string }[]
  }
  return resources.map(({ kind, status, msg }) => `${kind}: ${status}: ${msg}`)
}

describe('by the schemas of the API server itself', () => {
  test.each(variants)('the objects of the variant %s are what their kinds allow', async (variant) => {
    expect(await problems(await renderManifest({ variant }))).toEqual([])
  })

  test('names that look like numbers are texts', async () => {
    const values = {
      fullnameOverride: 'true',
      nameOverride: '2',
      watchNamespaces: ['3'],
      leaderElection: { leaseName: '4', leaseNamespace: '5' },
      credentials: { existingSecret: '6' },
      serviceAccount: { name: '7' },
      priorityClassName: '8',
      runtimeClassName: '9',
      serviceMonitor: { namespace: '10' },
      prometheusRule: { namespace: '11' },
      // The user's own texts.
      extraObjects: [],
    }
    const rendering = { variant: 'everything-on', values, release: '12', namespace: '2024' }
    expect(await problems(await renderManifest(rendering))).toEqual([])
  })

  test('a misspelt field, a wrong type and an unknown kind are found', async () => {
    const manifest = await renderManifest({ variant: 'everything-on' })
    const found = async (text: string, replacement: string) => {
      expect(manifest).toContain(text)
      return problems(manifest.replace(text, replacement))
    }
    expect(await found('readOnlyRootFilesystem:', 'readonlyRootFilesystem:')).toEqual([
      expect.stringMatching(/^Deployment: statusInvalid: .*readonlyRootFilesystem/s),
    ])
    expect(await found('replicas: 3', 'replicas: three')).toEqual([
      expect.stringMatching(/^Deployment: statusInvalid: .*replicas/s),
    ])
    expect(await found('honorLabels:', 'honourLabels:')).toEqual([
      expect.stringMatching(/^ServiceMonitor: statusInvalid: .*honourLabels/s),
    ])
    expect(await found('kind: PodDisruptionBudget', 'kind: PodBudget')).toEqual([
      expect.stringMatching(/^PodBudget: statusError/),
    ])
  })
})
