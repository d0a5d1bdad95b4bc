import { mkdirSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { chartTools } from '../../../programs/chart-tools.ts'
import { goPrograms } from '../../../programs/go-programs.ts'
import { runProgram } from '../../../programs/run-program.ts'

/** Runs Helm as the user of a kubeconfig, and returns its stdout. */
export async function clusterHelm(kubeconfig: string, ...args: readonly string[]): Promise<string> {
  const { helm } = await goPrograms(chartTools)
  return runProgram([helm, ...args], { env: helmEnvironment(kubeconfig) })
}

/**
 * The environment of Helm: the user's, since credential plugins look for what they need there, but none of the user's
 * settings for Helm and Kubernetes, nor what Helm knows of other clusters.
 */
export function helmEnvironment(
  kubeconfig: string,
  user: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
  const home = join(tmpdir(), `tencent-cert-sync-e2e-helm-${userInfo().uid}`)
  mkdirSync(home, { recursive: true })
  return {
    ...Object.fromEntries(Object.entries(user).filter(([name]) => !/^(HELM_|KUBE)/.test(name))),
    KUBECONFIG: kubeconfig,
    KUBECACHEDIR: join(home, 'kube'),
    HELM_CACHE_HOME: join(home, 'cache'),
    HELM_CONFIG_HOME: join(home, 'config'),
    HELM_DATA_HOME: join(home, 'data'),
  }
}
