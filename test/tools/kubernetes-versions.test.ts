import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'
import { expect, test } from 'vitest'
import { kubernetesVersion, olderVersions } from '../control-plane/version.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const newest = kubernetesVersion()
const versions = [...olderVersions(), newest]
const oldest = versions[0]

/** The full versions that a text names, each once. */
function versionsIn(text: string): string[] {
  return [...new Set(text.match(/\b\d+\.\d+\.\d+\b/g))]
}

test.each(['README.md', 'README.zh-CN.md'])('%s names every version that can be run', (name) => {
  const [, limits = ''] = read(name).split('<!-- kubernetes-versions -->')
  const [statement = ''] = limits.split('<!-- /kubernetes-versions -->')
  expect(versionsIn(statement).sort()).toEqual(versions.toSorted())
})

test('the guide for operations names every version that can be run, and no other', () => {
  const [, section = ''] = read('docs/operations.md').split('\n## Kubernetes versions\n')
  expect(versionsIn(section.split('\n## ')[0] ?? '').sort()).toEqual(versions.toSorted())
})

test('the chart accepts the oldest version that can be run, and every newer one', () => {
  const chart = load(read('charts/tencent-cert-sync/Chart.yaml')) as { readonly kubeVersion: string }
  expect(chart.kubeVersion).toBe(`>= ${oldest?.replace(/\.\d+$/, '.0')}-0`)
})

test("the chart's README names the minor versions that can be run", () => {
  const [, minors = ''] =
    /^The operator was tested on Kubernetes (.*), the chart on/m.exec(
      read('charts/tencent-cert-sync/README.md'),
    ) ?? []
  expect(minors.match(/\d+\.\d+/g)).toEqual(versions.map((it) => it.replace(/\.\d+$/, '')))
})

test('the nightly workflow runs the oldest version and the newest', () => {
  const { jobs } = load(read('.github/workflows/nightly.yaml')) as {
    readonly jobs: {
      readonly kubernetes: { readonly strategy: { readonly matrix: { readonly version: string[] } } }
    }
  }
  // Empty: no KUBERNETES_VERSION, which means the newest.
  expect(jobs.kubernetes.strategy.matrix.version).toEqual([oldest, ''])
})
