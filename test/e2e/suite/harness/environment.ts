import { attachTo } from '../../cluster/attach.ts'
import type { E2eCluster, E2eClusterDescription } from '../../cluster/e2e-cluster.ts'

/** What `npm run e2e` tells the tests, as JSON in the variable E2E_ENVIRONMENT. */
export interface E2eEnvironment {
  readonly cluster: E2eClusterDescription
  /** Path of the program. */
  readonly kubectl: string
  /** A file for figures, a JSON object each line. */
  readonly figures: string
  /** Leaves releases and namespaces as they are when a file ends. */
  readonly keep: boolean
}

const variable = 'E2E_ENVIRONMENT'

/** For the environment of the tests' process. */
export function environmentVariable(environment: E2eEnvironment): Record<string, string> {
  return { [variable]: JSON.stringify(environment) }
}

/** What the tests run against. @throws Error where nobody said so */
export function e2eEnvironment(): E2eEnvironment {
  const text = process.env[variable]
  if (!text) throw new Error(`${variable} is not set: start these tests with "npm run e2e"`)
  return JSON.parse(text) as E2eEnvironment
}

/** The cluster, with its faults where it has any. It is not ours to stop. */
export function e2eCluster(): E2eCluster {
  return attachTo(e2eEnvironment().cluster)
}
