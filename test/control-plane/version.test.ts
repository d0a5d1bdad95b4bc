import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  controlPlaneHas,
  controlPlaneVersion,
  kubernetesVersion,
  moduleFolder,
  moduleFolderOf,
  olderVersions,
} from './version.ts'

const newest = kubernetesVersion()

test('the newest version is what go.mod requires, in either spelling of a require', () => {
  expect(kubernetesVersion('module m\n\nrequire (\n\tk8s.io/kubernetes v1.2.3\n)\n')).toBe('1.2.3')
  expect(kubernetesVersion('module m\nrequire k8s.io/kubernetes v1.40.0\n')).toBe('1.40.0')
  expect(() => kubernetesVersion('module m\nrequire k8s.io/api v0.1.0\n')).toThrow('no k8s.io/kubernetes')
})

test('KUBERNETES_VERSION chooses one of the versions here; any other is refused with their names', () => {
  expect(controlPlaneVersion({})).toBe(newest)
  expect(controlPlaneVersion({ KUBERNETES_VERSION: '' })).toBe(newest)
  expect(controlPlaneVersion({ KUBERNETES_VERSION: '1.24.17' })).toBe('1.24.17')
  expect(controlPlaneVersion({ KUBERNETES_VERSION: 'v1.28.15' })).toBe('1.28.15')
  expect(() => controlPlaneVersion({ KUBERNETES_VERSION: '1.19.0' })).toThrow(
    `KUBERNETES_VERSION is 1.19.0; the versions here are 1.24.17, 1.28.15, ${newest}`,
  )
})

test('versions are compared by number, not by letter', () => {
  const has = (version: string) => controlPlaneHas(version, { KUBERNETES_VERSION: '1.28.15' })
  expect(['1.9', '1.28', '1.28.15', '1.28.16', '1.30', '2.0'].map(has)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ])
})

describe.each([...olderVersions(), newest])('go.mod of %s', (version) => {
  const goMod = readFileSync(`${moduleFolderOf(version)}/go.mod`, 'utf8')

  test('requires it', () => {
    expect(kubernetesVersion(goMod)).toBe(version)
  })

  test('replaces every staging module by the release that goes with the Kubernetes version', () => {
    const replaced = [...goMod.matchAll(/^(?:replace |\t)k8s\.io\/\S+ => k8s\.io\/\S+ (v\S+)$/gm)]
    expect(replaced.length).toBeGreaterThan(20)
    expect(new Set(replaced.map(([, release]) => release))).toEqual(
      new Set([`v0.${version.replace(/^1\./, '')}`]),
    )
  })

  test('has no directives that Go 1.21 cannot read', () => {
    expect(goMod).not.toMatch(/^(tool|godebug|ignore)\b/m)
  })
})

test('the oldest version is the one that the chart accepts, and that the nightly workflow runs', () => {
  const [oldest = ''] = olderVersions()
  const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const minor = oldest.split('.').slice(0, 2).join('.')
  expect(text('charts/tencent-cert-sync/Chart.yaml')).toContain(`kubeVersion: ">= ${minor}.0-0"`)
  expect(text('.github/workflows/nightly.yaml')).toContain(`version: ["${oldest}", ""]`)
})

test('the newest version builds from the folder of this file', () => {
  expect(moduleFolderOf(newest)).toBe(moduleFolder)
})
