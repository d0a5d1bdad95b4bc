import { readFileSync } from 'node:fs'

/** The folder with go.mod: where Go builds from. */
export const moduleFolder = import.meta.dirname

/**
 * The one Kubernetes version that everything here speaks of, without a leading "v" ("1.36.3"): what go.mod requires.
 * @throws Error when go.mod names none.
 */
export function kubernetesVersion(goMod = readGoMod()): string {
  const version = /^\s*(?:require\s+)?k8s\.io\/kubernetes v(\d+\.\d+\.\d+)/m.exec(goMod)?.[1]
  if (version === undefined) throw new Error('go.mod requires no k8s.io/kubernetes')
  return version
}

function readGoMod(): string {
  return readFileSync(`${moduleFolder}/go.mod`, 'utf8')
}
