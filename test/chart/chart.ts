import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chartTools } from '../programs/chart-tools.ts'
import { goPrograms } from '../programs/go-programs.ts'
import { runProgram } from '../programs/run-program.ts'
import { type KubernetesObject, objectsOf } from './kubernetes-object.ts'

/** The folder of the chart. */
export const chartFolder = fileURLToPath(new URL('../../charts/tencent-cert-sync', import.meta.url))

const variantsFolder = fileURLToPath(new URL('./variants', import.meta.url))

/** The Kubernetes that charts are rendered for where no cluster says which it is. */
export const kubernetesVersion = '1.36.0'

/** What `--api-versions` says of a cluster that has everything the chart knows of. */
export const everyApi = [
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy',
  'monitoring.coreos.com/v1/ServiceMonitor',
  'monitoring.coreos.com/v1/PodMonitor',
  'monitoring.coreos.com/v1/PrometheusRule',
]

/** The ways to install the chart that are tested: the names of the values files in `variants/`. */
export const variants: readonly string[] = readdirSync(variantsFolder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length))

/** The values file of a variant. */
export function variantFile(variant: string): string {
  return join(variantsFolder, `${variant}.yaml`)
}

export interface Rendering {
  /** One of `variants`. Default: no values but `values`. */
  readonly variant?: string
  /** They win over the variant's. */
  readonly values?: Readonly<Record<string, unknown>>
  /** Default `demo`. */
  readonly release?: string
  /** Default `ops`. */
  readonly namespace?: string
  /** Default `everyApi`. */
  readonly apiVersions?: readonly string[]
  /** Default `kubernetesVersion`. */
  readonly kubernetes?: string
}

/** Helm refused to render; the message is what a user sees. */
export class RenderError extends Error {
  override readonly name = 'RenderError'
}

/**
 * The chart's manifest, as `helm template` writes it.
 * @throws RenderError with all that Helm says.
 */
export async function renderManifest(rendering: Rendering): Promise<string> {
  const { variant, values, release = 'demo', namespace = 'ops', kubernetes = kubernetesVersion } = rendering
  const folder = mkdtempSync(join(tmpdir(), 'tencent-cert-sync-chart-'))
  const file = join(folder, 'values.json')
  writeFileSync(file, JSON.stringify(values ?? {}))
  const said: string[] = []
  try {
    return await runHelm(
      [
        'template',
        release,
        chartFolder,
        ...['--namespace', namespace, '--kube-version', kubernetes],
        ...(rendering.apiVersions ?? everyApi).flatMap((each) => ['--api-versions', each]),
        ...(variant === undefined ? [] : ['--values', variantFile(variant)]),
        ...['--values', file],
      ],
      { onErrorLine: (line) => said.push(line) > 0 },
    )
  } catch (error) {
    if (said.length === 0) throw error
    throw new RenderError(said.join('\n'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The chart's objects. @throws RenderError */
export async function render(rendering: Rendering): Promise<KubernetesObject[]> {
  return objectsOf(await renderManifest(rendering))
}

export interface HelmRun {
  /** Where Helm keeps what it learns of a cluster. */
  readonly home?: string
  /** See RunOptions. */
  readonly onErrorLine?: (line: string) => boolean
}

/** Runs Helm, without the user's own settings, and returns its stdout. */
export async function runHelm(args: readonly string[], run: HelmRun = {}): Promise<string> {
  const { home = tmpdir(), onErrorLine } = run
  const { helm } = await goPrograms(chartTools)
  const env = { PATH: process.env['PATH'] ?? '', HOME: home }
  return runProgram([helm, ...args], { env, ...(onErrorLine && { onErrorLine }) })
}
