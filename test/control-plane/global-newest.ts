import type { TestProject } from 'vitest/node'
import { findNewestBinaries } from './binaries.ts'
import setup from './global.ts'

/**
 * vitest's globalSetup as in `global.ts`, but always of the newest Kubernetes version: the chart's objects and tools are
 * checked against that one, also where KUBERNETES_VERSION chooses an older one for the integration tests.
 */
export default async function setupNewest(project: TestProject): Promise<() => Promise<void>> {
  return setup(project, { binaries: await findNewestBinaries() })
}
