import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder with go.mod of the newest version: where Go builds from. */
export const moduleFolder = import.meta.dirname
/** Folders named after older versions, each with its own go.mod. */
const olderFolder = join(import.meta.dirname, 'versions')

/**
 * The newest Kubernetes version here, without a leading "v" ("1.36.3"): what go.mod requires. Charts, nodes and images
 * are of this one.
 * @throws Error when go.mod names none.
 */
export function kubernetesVersion(goMod = readGoMod()): string {
  const version = /^\s*(?:require\s+)?k8s\.io\/kubernetes v(\d+\.\d+\.\d+)/m.exec(goMod)?.[1]
  if (version === undefined) throw new Error('go.mod requires no k8s.io/kubernetes')
  return version
}

/** The older versions that a control plane can run, oldest first. */
export function olderVersions(): string[] {
  return readdirSync(olderFolder).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
}

/**
 * The Kubernetes version of the control plane that tests run against: KUBERNETES_VERSION, by default the newest.
 * @throws Error that names the versions there are when KUBERNETES_VERSION is none of them.
 */
export function controlPlaneVersion(env: NodeJS.ProcessEnv = process.env): string {
  const newest = kubernetesVersion()
  const wanted = env['KUBERNETES_VERSION']?.replace(/^v/, '') || newest
  const known = [...olderVersions(), newest]
  if (!known.includes(wanted)) {
    throw new Error(`KUBERNETES_VERSION is ${wanted}; the versions here are ${known.join(', ')}`)
  }
  return wanted
}

/** The folder with the go.mod of a version that `controlPlaneVersion` may return. */
export function moduleFolderOf(version: string): string {
  return version === kubernetesVersion() ? moduleFolder : join(olderFolder, version)
}

/** Whether the control plane of this run is `version` ("1.30") or newer. */
export function controlPlaneHas(version: string, env: NodeJS.ProcessEnv = process.env): boolean {
  return controlPlaneVersion(env).localeCompare(version, 'en', { numeric: true }) >= 0
}

function readGoMod(): string {
  return readFileSync(`${moduleFolder}/go.mod`, 'utf8')
}
