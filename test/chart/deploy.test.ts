import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { statusPrefix, userKeys } from '../../src/contract/annotation-keys.ts'
import { goPrograms } from '../programs/go-programs.ts'
import { kubectlProgram } from '../programs/kubernetes.ts'
import { runProgram } from '../programs/run-program.ts'
import { testFolder } from '../programs/test-folder.ts'
import { render } from './chart.ts'
import { at, describeObject, type KubernetesObject, objectsOf } from './kubernetes-object.ts'
import { monitoredCluster } from './monitored-cluster.ts'

const deploy = fileURLToPath(new URL('../../deploy', import.meta.url))
const { cluster, resources } = await monitoredCluster()
afterAll(() => cluster.close())

const read = (file: string) => objectsOf(readFileSync(join(deploy, file), 'utf8'))

/** What `kubectl kustomize` makes of a folder. */
async function kustomize(folder: string): Promise<KubernetesObject[]> {
  const { kubectl } = await goPrograms(kubectlProgram)
  return objectsOf(await runProgram([kubectl, 'kustomize', folder]))
}

/** What kustomize makes of the example of an overlay, with this folder as its base and perhaps another text in it. */
async function overlay(change: readonly [before: RegExp, after: string] = [/^/, '']) {
  const folder = testFolder()
  cpSync(deploy, join(folder, 'deploy'), { recursive: true })
  mkdirSync(join(folder, 'overlay'))
  const text = readFileSync(join(deploy, 'examples/overlay/kustomization.yaml'), 'utf8')
  const local = text.replace(/- https:\S+\/\/deploy\?ref=\S+/, '- ../deploy')
  expect(local).not.toBe(text)
  expect(local).toMatch(change[0])
  writeFileSync(join(folder, 'overlay', 'kustomization.yaml'), local.replace(...change))
  writeFileSync(join(folder, 'overlay', 'secret-id.txt'), 'id')
  writeFileSync(join(folder, 'overlay', 'secret-key.txt'), 'key')
  return kustomize(join(folder, 'overlay'))
}

function one(objects: readonly KubernetesObject[], kind: string, start = ''): KubernetesObject {
  const [found, ...more] = objects.filter(
    (each) => each.kind === kind && each.metadata.name.startsWith(start),
  )
  if (found === undefined || more.length > 0) throw new Error(`not one ${kind} ${start}...`)
  return found
}

/** Makes the namespaces for real, since nothing can be tried in one that is not there. */
async function acceptedByServer(objects: readonly KubernetesObject[]): Promise<void> {
  for (const object of objects) {
    if (object.kind === 'Namespace') await resources.apply(object)
    else await resources.apply(object, { dryRun: true })
  }
}

describe('install.yaml', () => {
  test('is accepted by the API server, in a namespace that enforces PodSecurity restricted', async () => {
    const objects = read('install.yaml')
    await acceptedByServer(objects)
    const namespaces = objects.map(({ metadata }) => metadata.namespace).filter((each) => each !== undefined)
    expect(new Set(namespaces)).toEqual(new Set(['tencent-cert-sync']))
  })

  test('holds what Helm installs by default, the name of the cluster aside', async () => {
    const values = { clusterName: 'x', credentials: { existingSecret: 'tencent-cloud' } }
    const helms = await render({ values, release: 'tencent-cert-sync', namespace: 'tencent-cert-sync' })
    const names = (objects: readonly KubernetesObject[]) => objects.map(describeObject).sort()
    expect(names(read('install.yaml').filter(({ kind }) => kind !== 'Namespace'))).toEqual(names(helms))
    const args = (objects: readonly KubernetesObject[]) =>
      at(one(objects, 'Deployment'), 'spec.template.spec.containers.0.args')
    expect(['--cluster-name=x', ...(args(read('install.yaml')) as string[])]).toEqual(args(helms))
  })

  test('shows no sign of Helm, which did not install it and must not believe that it did', () => {
    expect(readFileSync(join(deploy, 'install.yaml'), 'utf8')).not.toMatch(/helm\.sh|managed-by/)
  })

  test('asks for the name of the cluster and the credentials by the names that its head says', () => {
    const text = readFileSync(join(deploy, 'install.yaml'), 'utf8')
    const container = at(one(objectsOf(text), 'Deployment'), 'spec.template.spec.containers.0')
    expect(at(container, 'env')).toEqual([
      {
        name: 'TENCENT_CERT_SYNC_CLUSTER_NAME',
        valueFrom: { configMapKeyRef: { name: 'tencent-cert-sync', key: 'cluster-name' } },
      },
    ])
    expect(text).toContain('create configmap tencent-cert-sync --from-literal=cluster-name=')
    expect(text).toContain('create secret generic tencent-cloud ')
  })
})

describe('kustomize', () => {
  test('builds install.yaml as it is', async () => {
    const names = (objects: readonly KubernetesObject[]) => objects.map(describeObject).sort()
    expect(names(await kustomize(deploy))).toEqual(names(read('install.yaml')))
  })

  test('builds the example of an overlay, and the API server accepts it', async () => {
    const objects = await overlay()

    await acceptedByServer(objects)
    const pod = at(one(objects, 'Deployment'), 'spec.template.spec')
    const configMap = one(objects, 'ConfigMap', 'tencent-cert-sync-')
    const reference = at(pod, 'containers.0.env.0.valueFrom.configMapKeyRef')
    expect(reference).toEqual({ name: configMap.metadata.name, key: 'cluster-name' })
    expect(configMap['data']).toEqual({ 'cluster-name': 'production-1' })
    const credentials = one(objects, 'Secret', 'tencent-cloud-')
    expect(at(pod, 'volumes.0.secret.secretName')).toBe(credentials.metadata.name)
    expect(at(pod, 'containers.0.image')).toBe('registry.example.com/team/tencent-cert-sync:0.1.0')
    const args = at(pod, 'containers.0.args') as string[]
    expect(args.filter((each) => each.startsWith('--tencent-endpoint='))).toEqual([
      '--tencent-endpoint=ssl.tencentcloudapi.com',
    ])
    expect(args).toHaveLength(
      (at(one(read('install.yaml'), 'Deployment'), 'spec.template.spec.containers.0.args') as string[])
        .length,
    )
  })

  test('takes the example of an overlay to another namespace, the policy too', async () => {
    const before = await overlay()
    const objects = await overlay([/^namespace: tencent-cert-sync$/m, 'namespace: certificates'])

    await acceptedByServer(objects)
    const namespaces = objects.map(({ metadata }) => metadata.namespace).filter((each) => each !== undefined)
    expect(new Set(namespaces)).toEqual(new Set(['certificates']))
    expect(one(objects, 'Namespace').metadata.name).toBe('certificates')
    for (const kind of ['ClusterRoleBinding', 'RoleBinding']) {
      expect(at(one(objects, kind), 'subjects.0.namespace')).toBe('certificates')
    }
    const username = (namespace: string) =>
      `request.userInfo.username == 'system:serviceaccount:${namespace}:tencent-cert-sync'`
    const condition = (all: readonly KubernetesObject[]) =>
      at(one(all, 'ValidatingAdmissionPolicy'), 'spec.matchConditions.0.expression')
    expect(condition(before)).toBe(username('tencent-cert-sync'))
    expect(condition(objects)).toBe(username('certificates'))
    // No argument holds the namespace, so none can hold the old one.
    const args = (all: readonly KubernetesObject[]) =>
      at(one(all, 'Deployment'), 'spec.template.spec.containers.0.args') as string[]
    expect(args(objects)).toEqual(args(before))
    expect(args(objects).filter((each) => each.includes('namespace'))).toEqual([])
  })
})

describe('the examples', () => {
  test.each([
    ['examples/argo-cd.yaml', 'Application', 'spec.source.helm.valuesObject', 'spec.source.path'],
    ['examples/flux.yaml', 'HelmRelease', 'spec.values', 'spec.chart.spec.chart'],
  ])('%s holds values that the chart takes', async (file, kind, valuesPath, chartPath) => {
    const object = one(read(file), kind)
    expect(at(object, chartPath)).toBe('charts/tencent-cert-sync')
    const values = at(object, valuesPath) as Record<string, unknown>
    const objects = await render({ values, release: 'tencent-cert-sync', namespace: 'tencent-cert-sync' })
    expect(at(one(objects, 'Deployment'), 'spec.template.spec.containers.0.image')).toBe(
      'registry.example.com/team/tencent-cert-sync:0.1.0',
    )
  })

  test('none tells to ignore anything', () => {
    expect(at(one(read('examples/argo-cd.yaml'), 'Application'), 'spec.ignoreDifferences')).toBeUndefined()
    expect(at(one(read('examples/flux.yaml'), 'HelmRelease'), 'spec.driftDetection.ignore')).toBeUndefined()
  })

  test("the Certificate's annotations are keys that users write, and none of the operator's", () => {
    const certificate = one(read('examples/cert-manager-certificate.yaml'), 'Certificate')
    const keys = Object.keys(at(certificate, 'spec.secretTemplate.annotations') as object)
    const known: readonly string[] = Object.values(userKeys)
    expect(keys).toContain(userKeys.upload)
    expect(keys.filter((key) => !known.includes(key) || key.startsWith(statusPrefix))).toEqual([])
  })
})
