import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ApiClient, ApiError } from '../control-plane/api-client.ts'
import type { Cluster } from '../control-plane/cluster.ts'
import { writeKubeconfig } from '../control-plane/kubeconfig.ts'
import type { ServiceAccount } from '../control-plane/service-accounts.ts'
import { eventually } from '../harness/eventually.ts'
import { type Rendering, render } from './chart.ts'
import { at, type KubernetesObject } from './kubernetes-object.ts'
import type { Resources } from './resources.ts'

/** A release of the chart on a control plane without nodes: its objects are there, no pod runs. */
export interface InstalledChart {
  readonly objects: readonly KubernetesObject[]
  /** The operator's ServiceAccount, with files to speak as it. */
  readonly account: ServiceAccount
  /** The API server as the operator sees it. Close it. */
  readonly client: ApiClient
}

/**
 * Applies the objects of a release, and resolves once its admission policy is in force, where it has one.
 * @param rendering into `namespace`, which must exist
 */
export async function installChart(
  cluster: Cluster,
  resources: Resources,
  rendering: Rendering & { readonly namespace: string },
): Promise<InstalledChart> {
  const { namespace } = rendering
  const objects = await render(rendering)
  for (const object of objects) await resources.apply(object)
  const deployment = objects.find(({ kind }) => kind === 'Deployment')
  const account = accountOf(
    cluster,
    namespace,
    String(at(deployment, 'spec.template.spec.serviceAccountName')),
  )
  await cluster.serviceAccounts.issueToken(account)
  writeKubeconfig(account.kubeconfig, cluster.url, cluster.caPem, { tokenFile: account.tokenFile })
  const token = readFileSync(account.tokenFile, 'utf8')
  const client = new ApiClient(cluster.url, cluster.caPem, () => token)
  if (objects.some(({ kind }) => kind === 'ValidatingAdmissionPolicy')) {
    await policyInForce(cluster, account)
  }
  return { objects, account, client }
}

/** The operator's arguments, as the Deployment has them. */
export function argumentsOf(objects: readonly KubernetesObject[]): string[] {
  const deployment = objects.find(({ kind }) => kind === 'Deployment')
  return at(deployment, 'spec.template.spec.containers.0.args') as string[]
}

function accountOf(cluster: Cluster, namespace: string, name: string): ServiceAccount {
  const file = join(cluster.connection.folder, `${namespace}.${name}`)
  return {
    namespace,
    name,
    user: `system:serviceaccount:${namespace}:${name}`,
    kubeconfig: `${file}.kubeconfig`,
    tokenFile: `${file}.token`,
  }
}

/** The API server learns of policies some time after their creation: tries, with every right, what it must refuse. */
async function policyInForce(cluster: Cluster, account: ServiceAccount): Promise<void> {
  const namespace = await cluster.admin.newNamespace('policy')
  const rules = [{ apiGroups: [''], resources: ['secrets'], verbs: ['create'] }]
  await cluster.serviceAccounts.grant(account, { namespaces: { [namespace]: rules } })
  const token = readFileSync(account.tokenFile, 'utf8')
  const client = new ApiClient(cluster.url, cluster.caPem, () => token)
  try {
    await eventually('the admission policy is in force', async () => {
      const body = { apiVersion: 'v1', kind: 'Secret', metadata: { generateName: 'canary-' } }
      const path = `/api/v1/namespaces/${namespace}/secrets`
      return client.request('POST', path, { body, query: { dryRun: 'All' } }).then(
        () => false,
        (error: unknown) => error instanceof ApiError && error.message.includes('ValidatingAdmissionPolicy'),
      )
    })
  } finally {
    await client.close()
    await cluster.serviceAccounts.revoke(account, { namespaces: { [namespace]: rules } })
  }
}
