import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { kubernetesVersion, moduleFolder } from './version.ts'

test('the version is what go.mod requires, in either spelling of a require', () => {
  expect(kubernetesVersion('module m\n\nrequire (\n\tk8s.io/kubernetes v1.2.3\n)\n')).toBe('1.2.3')
  expect(kubernetesVersion('module m\nrequire k8s.io/kubernetes v1.40.0\n')).toBe('1.40.0')
  expect(() => kubernetesVersion('module m\nrequire k8s.io/api v0.1.0\n')).toThrow('no k8s.io/kubernetes')
})

test('every staging module of go.mod is replaced by the release that goes with the Kubernetes version', () => {
  const goMod = readFileSync(`${moduleFolder}/go.mod`, 'utf8')
  const replaced = [...goMod.matchAll(/^(?:replace |\t)k8s\.io\/\S+ => k8s\.io\/\S+ (v\S+)$/gm)]
  expect(replaced.length).toBeGreaterThan(20)
  expect(new Set(replaced.map(([, version]) => version))).toEqual(
    new Set([`v0.${kubernetesVersion().replace(/^1\./, '')}`]),
  )
})

test('a Go from 1.21 on can read go.mod: no directives that came later', () => {
  const goMod = readFileSync(`${moduleFolder}/go.mod`, 'utf8')
  expect(goMod).not.toMatch(/^(tool|godebug|ignore)\b/m)
})
