import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ApiError } from '../control-plane/api-client.ts'
import { chartFolder, runHelm, variantFile } from './chart.ts'
import { describeObject, type KubernetesObject, objectsOf } from './kubernetes-object.ts'
import { monitoredCluster } from './monitored-cluster.ts'

const { cluster, resources } = await monitoredCluster()
afterAll(() => cluster.close())

const home = join(cluster.connection.folder, 'helm')
mkdirSync(home, { recursive: true })

/** Helm as an administrator of the cluster. */
function helm(...args: string[]): Promise<string> {
  return runHelm([...args, '--kubeconfig', cluster.adminKubeconfig], { home })
}

/** Those of the objects that the API server has. */
async function present(objects: readonly KubernetesObject[]): Promise<string[]> {
  const found: string[] = []
  for (const object of objects) {
    const path = await resources.pathOf(object)
    const there = await cluster.admin.request('GET', path).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ApiError && error.status === 404) return false
        throw error
      },
    )
    if (there) found.push(describeObject(object))
  }
  return found.sort()
}

test('a release is installed, upgraded to other values, rolled back and uninstalled, and leaves nothing', async () => {
  const namespace = await cluster.admin.newNamespace('helm')
  for (const each of ['shop', 'blog']) await cluster.admin.createNamespace(each)
  const release = ['certs', '--namespace', namespace]
  const values = (variant: string) => [chartFolder, '--values', variantFile(variant)]
  const manifest = async () => objectsOf(await helm('get', 'manifest', ...release))

  const notes = await helm('install', ...release, ...values('default'))
  expect(notes).toContain(`kubectl -n ${namespace} create secret generic tencent-cloud`)
  expect(notes).not.toContain('Left out')
  const first = await manifest()
  expect(first.map(({ kind }) => kind)).toContain('ValidatingAdmissionPolicy')
  expect(await present(first)).toEqual(first.map(describeObject).sort())

  await helm('upgrade', ...release, ...values('namespaced'))
  const second = await manifest()
  expect(await present(second)).toEqual(second.map(describeObject).sort())
  const gone = first.filter(({ kind }) => kind.startsWith('ClusterRole'))
  expect(gone).toHaveLength(2)
  expect(await present(gone)).toEqual([])

  await helm('upgrade', ...release, ...values('everything-on'))
  const third = await manifest()
  expect(third.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['ServiceMonitor', 'PrometheusRule']))
  expect(await present(third)).toEqual(third.map(describeObject).sort())

  await helm('rollback', 'certs', '1', '--namespace', namespace)
  expect(await present(first)).toEqual(first.map(describeObject).sort())

  await helm('uninstall', ...release)
  expect(await present([...first, ...second, ...third])).toEqual([])
})
