import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { chartTools } from '../programs/chart-tools.ts'
import { goPrograms } from '../programs/go-programs.ts'
import { runProgram } from '../programs/run-program.ts'
import {
  chartFolder,
  kubernetesVersion,
  render,
  renderManifest,
  runHelm,
  variantFile,
  variants,
} from './chart.ts'
import { generatedFiles } from './generated-files.ts'
import { at } from './kubernetes-object.ts'

test.each(variants)('helm lint --strict finds nothing with the values of the variant %s', async (variant) => {
  const strict = ['--strict', '--kube-version', kubernetesVersion, '--values', variantFile(variant)]
  expect(await runHelm(['lint', chartFolder, ...strict])).toContain('1 chart(s) linted, 0 chart(s) failed')
})

test("the chart's own suites pass (helm-unittest)", async () => {
  const { 'helm-unittest': helmUnittest } = await goPrograms(chartTools)
  const told = await runProgram([helmUnittest, '--strict', chartFolder]).catch(
    (error: Error) => error.message,
  )
  expect(told).toMatch(/Tests: +[1-9]\d* passed, \d+ total/)
})

test('generated files are current (npm run generate)', async () => {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  for (const [path, text] of await generatedFiles())
    expect(readFileSync(root + path, 'utf8'), path).toBe(text)
})

describe('Chart.yaml', () => {
  const chart = load(readFileSync(join(chartFolder, 'Chart.yaml'), 'utf8')) as Record<string, unknown>
  const annotation = (name: string) =>
    (chart['annotations'] as Record<string, string>)[`artifacthub.io/${name}`]

  test("has the operator's version and licence", () => {
    expect(chart).toMatchObject({ version: manifest.version, appVersion: manifest.version })
    expect(annotation('license')).toBe(manifest.license)
  })

  test('names the image that is installed by default', async () => {
    const deployment = (await render({ variant: 'default' })).find(({ kind }) => kind === 'Deployment')
    expect(load(annotation('images') ?? '')).toMatchObject([
      { image: at(deployment, 'spec.template.spec.containers.0.image') },
    ])
  })

  test('keeps older Kubernetes out', async () => {
    await expect(renderManifest({ variant: 'default', kubernetes: '1.23.17' })).rejects.toThrow(
      /requires kubeVersion: >= 1.24.0-0/,
    )
    await renderManifest({ variant: 'default', kubernetes: '1.24.4-tke.5', apiVersions: [] })
  })
})
