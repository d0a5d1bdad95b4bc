import { inject } from 'vitest'
import { Cluster } from './cluster.ts'
import type {} from './global.ts'

/**
 * The control plane that `global.ts` started for this run, for a test file that keeps to namespaces of its own
 * (`admin.newNamespace`). Close it in `afterAll`. Tests that stop or restart the API server start their own.
 */
export function sharedCluster(): Cluster {
  return new Cluster(inject('controlPlane'))
}
