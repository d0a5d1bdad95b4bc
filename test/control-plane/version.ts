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

/** The oldest Go that can compile the modules, as go.mod's `go` line says ("1.26.0"). */
export function requiredGoVersion(goMod = readGoMod()): string {
  const version = /^go (\d+(?:\.\d+)*)/m.exec(goMod)?.[1]
  if (version === undefined) throw new Error('go.mod has no go line')
  return version
}

/** This machine in Go's words, as the envtest archives and the cache folder are named ("linux-amd64"). */
export function platform(): { os: string; arch: string } {
  const os = process.platform === 'win32' ? 'windows' : process.platform
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  return { os, arch }
}

function readGoMod(): string {
  return readFileSync(`${moduleFolder}/go.mod`, 'utf8')
}
