import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { atProcessEnd } from '../../control-plane/cleanup.ts'
import { runProgram } from '../../programs/run-program.ts'
import type { E2eCluster } from './e2e-cluster.ts'

const clusterName = 'tencent-cert-sync-e2e'
const repository = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * A new kind cluster with the operator's image, built from the Dockerfile with its default base images. It needs the
 * programs `kind` and `docker`, and registries to pull from. Not run by us: there was no machine with both.
 * @throws Error that says which of the programs is missing, or with the last lines of the one that failed
 */
export async function startKindCluster(say: (text: string) => void): Promise<E2eCluster> {
  await checkPrograms()
  if ((await runProgram(['kind', 'get', 'clusters'])).split('\n').includes(clusterName)) {
    throw new Error(
      `there is a kind cluster ${clusterName} already; "kind delete cluster --name ${clusterName}" removes it, or use it with E2E_CLUSTER=existing`,
    )
  }
  const folder = mkdtempSync(join(tmpdir(), `${clusterName}-`))
  const kubeconfig = join(folder, 'kubeconfig')
  const forget = atProcessEnd(() => rmSync(folder, { recursive: true, force: true }))
  const stop = async () => {
    forget()
    await runProgram(['kind', 'delete', 'cluster', '--name', clusterName])
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    say('Creating a kind cluster: about a minute, more when its node image has to be pulled.')
    const create = ['create', 'cluster', '--name', clusterName, '--kubeconfig', kubeconfig, '--wait', '120s']
    await runProgram(['kind', ...create])
    say("Building the operator's image.")
    const image = await buildImage()
    await runProgram(['kind', 'load', 'docker-image', image, '--name', clusterName])
    return { kind: 'kind', kubeconfig, image, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Built, and named after what it holds: a name that an older image had would not be loaded anew. */
async function buildImage(): Promise<string> {
  const id = (await runProgram(['docker', 'build', '--quiet', repository])).trim()
  const image = `docker.io/local/tencent-cert-sync:${id.replace('sha256:', '').slice(0, 12)}`
  await runProgram(['docker', 'tag', id, image])
  return image
}

/** @throws Error that says which of the programs is missing */
export async function checkPrograms(): Promise<void> {
  const checks: [string, ...string[]][] = [
    ['kind', 'version'],
    ['docker', 'version'],
  ]
  for (const check of checks) {
    await runProgram(check).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error)
      throw new Error(`E2E_CLUSTER=kind needs ${check[0]} (https://kind.sigs.k8s.io): ${why}`)
    })
  }
}
