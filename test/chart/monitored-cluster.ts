import type { Cluster } from '../control-plane/cluster.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { eventually } from '../harness/eventually.ts'
import { prometheusResources } from './prometheus-operator/custom-resources.ts'
import { Resources } from './resources.ts'

/** The shared control plane of a test run, once it knows the resources of the Prometheus operator. */
export async function monitoredCluster(): Promise<{ cluster: Cluster; resources: Resources }> {
  const cluster = sharedCluster()
  const resources = new Resources(cluster.admin)
  const definitions = await prometheusResources()
  for (const each of definitions) await resources.apply(each)
  for (const { metadata } of definitions) {
    const [plural] = metadata.name.split('.')
    await eventually(`${metadata.name} is served`, async () => {
      const path = `/apis/monitoring.coreos.com/v1/${plural}`
      // Just after its creation, 404 and then 429.
      return cluster.admin.request('GET', path).then(
        () => true,
        () => false,
      )
    })
  }
  return { cluster, resources }
}
