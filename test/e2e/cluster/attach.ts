import { readFileSync, writeFileSync } from 'node:fs'
import type { E2eCluster, E2eClusterDescription } from './e2e-cluster.ts'
import { SocketFaults } from './local/socket-faults.ts'

/** What another process needs to `attach` to the cluster, written to `file`. */
export function describeTo(file: string, cluster: E2eCluster): void {
  writeFileSync(file, `${JSON.stringify(description(cluster), null, 2)}\n`)
}

/** The cluster as plain data, for those who hand it on by other means than a file: see `attachTo`. */
export function description(cluster: E2eCluster): E2eClusterDescription {
  const { kind, kubeconfig, image, faults } = cluster
  const socket = faults instanceof SocketFaults ? { controlSocket: faults.socket } : {}
  return { kind, kubeconfig, image, ...socket }
}

/** The running cluster that `file` describes. Its `stop()` does nothing: whoever started the cluster ends it. */
export function attach(file: string): E2eCluster {
  return attachTo(JSON.parse(readFileSync(file, 'utf8')) as E2eClusterDescription)
}

/** As `attach`, from the data itself. */
export function attachTo({ controlSocket, ...rest }: E2eClusterDescription): E2eCluster {
  const faults = controlSocket === undefined ? {} : { faults: new SocketFaults(controlSocket) }
  return { ...rest, ...faults, stop: async () => undefined }
}
