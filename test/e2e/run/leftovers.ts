import type { Admin } from '../../control-plane/admin.ts'
import { ApiError } from '../../control-plane/api-client.ts'
import type { ObjectMeta } from '../../control-plane/api-objects.ts'
import { eventually } from '../../harness/eventually.ts'
import { worldLabel } from '../suite/harness/e2e-world.ts'
import { clusterHelm } from '../suite/harness/helm.ts'

/**
 * Removes what a suite made on a cluster: its releases first, since they own objects outside their namespaces, then the
 * namespaces. Resolves when they are gone. @returns their names
 */
export async function removeLeftovers(admin: Admin, kubeconfig: string): Promise<string[]> {
  const namespaces = () => worldNamespaces(admin)
  const names = await namespaces()
  for (const name of names) {
    // A world's release has the name of its namespace; the other namespaces have none.
    await clusterHelm(kubeconfig, '--namespace', name, 'uninstall', name, '--ignore-not-found')
    await admin.deleteNamespace(name).catch((error: unknown) => {
      // It was on its way out before, and is gone.
      if (!(error instanceof ApiError && error.status === 404)) throw error
    })
  }
  await eventually('the namespaces of the suite are gone', async () => (await namespaces()).length === 0, {
    timeoutMs: 120_000,
  })
  return names
}

async function worldNamespaces(admin: Admin): Promise<string[]> {
  const query = { labelSelector: worldLabel }
  const { items } = await admin.request<{ items: { metadata: ObjectMeta }[] }>('GET', '/api/v1/namespaces', {
    query,
  })
  return items.map(({ metadata }) => metadata.name)
}
