import type { TestProject } from 'vitest/node'
import type { ClusterConnection } from './cluster.ts'
import { type ControlPlaneOptions, startControlPlane } from './control-plane.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The control plane that all test files of a run share; see `sharedCluster`. */
    controlPlane: ClusterConnection
  }
}

/** vitest's globalSetup: one control plane for the whole run, provided to the workers. Returns the teardown. */
export default async function setup(
  project: TestProject,
  options?: ControlPlaneOptions,
): Promise<() => Promise<void>> {
  const controlPlane = await startControlPlane(options)
  project.provide('controlPlane', controlPlane.connection)
  return () => controlPlane.stop()
}
