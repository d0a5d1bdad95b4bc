import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Rendering, render, variants } from './chart.ts'
import { at, describeObject, type KubernetesObject } from './kubernetes-object.ts'
import { monitoredCluster } from './monitored-cluster.ts'

const { cluster, resources } = await monitoredCluster()
afterAll(() => cluster.close())

let namespace: string
beforeAll(async () => {
  namespace = await cluster.admin.newNamespace('chart')
  for (const each of ['shop', 'blog']) await cluster.admin.createNamespace(each)
})

describe('the API server accepts', () => {
  test.each(variants)('every object of the variant %s (server-side dry run)', async (variant) => {
    const objects = await render({ variant, namespace })
    expect(objects.length).toBeGreaterThan(0)
    for (const object of objects) {
      const made = await resources.apply(object, { dryRun: true })
      expect(describeObject(made)).toBe(describeObject(object))
    }
  })

  test('every object of an upgrade from each variant to each other', async () => {
    const manifests = await Promise.all(
      variants.map((variant) => render({ variant, namespace, release: 'upgraded' })),
    )
    for (const before of manifests) {
      for (const object of before) await resources.apply(object)
      for (const object of manifests.flat()) await resources.apply(object, { dryRun: true })
      for (const object of before) await resources.delete(object)
    }
  })
})

describe('PodSecurity restricted', () => {
  let restricted: string
  beforeAll(async () => {
    restricted = `restricted-${namespace}`
    await cluster.admin.createNamespace(restricted, { 'pod-security.kubernetes.io/enforce': 'restricted' })
    for (const name of ['demo-tencent-cert-sync', 'uploader']) {
      const metadata = { name, namespace: restricted }
      await resources.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata })
    }
  })

  /** The pod that the Deployment would make. */
  async function podOf(rendering: Rendering): Promise<KubernetesObject> {
    const objects = await render({ ...rendering, namespace: restricted })
    const template = at(
      objects.find(({ kind }) => kind === 'Deployment'),
      'spec.template',
    ) as { metadata: object; spec: object }
    const metadata = { ...template.metadata, name: 'pod', namespace: restricted }
    return { apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec }
  }

  test.each(variants)('admits the pod of the variant %s', async (variant) => {
    const pod = await resources.apply(await podOf({ variant }), { dryRun: true })
    expect(at(pod, 'spec.containers.0.securityContext.readOnlyRootFilesystem')).toBe(true)
  })

  test('admits the pod whose user the platform assigns, as OpenShift does', async () => {
    const values = { podSecurityContext: { runAsUser: null, runAsGroup: null } }
    const pod = await resources.apply(await podOf({ variant: 'default', values }), { dryRun: true })
    expect(at(pod, 'spec.securityContext')).toEqual({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
  })

  test('refuses the pod without its security context', async () => {
    const values = { podSecurityContext: null, securityContext: null }
    const pod = await podOf({ variant: 'default', values })
    await expect(resources.apply(pod, { dryRun: true })).rejects.toThrow(
      /violates PodSecurity "restricted:latest".*allowPrivilegeEscalation.*unrestricted capabilities.*runAsNonRoot.*seccompProfile/s,
    )
  })
})
