import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { kubernetesVersion, platform } from './version.ts'

/** Paths of the two programs. */
export interface Binaries {
  etcd: string
  apiServer: string
}

/** Where built or downloaded programs are kept for the next time. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const { os, arch } = platform()
  const root = env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(root, 'tencent-cert-sync', 'control-plane', `${kubernetesVersion()}-${os}-${arch}`)
}

export async function findBinaries(): Promise<Binaries> {
  const folder = process.env['KUBEBUILDER_ASSETS'] || cacheFolder()
  const found = { etcd: join(folder, 'etcd'), apiServer: join(folder, 'kube-apiserver') }
  for (const file of Object.values(found)) accessSync(file, constants.X_OK)
  return found
}
