import { Agent, request } from 'undici'
import { KubeConfig } from '../../../src/kubernetes/kube-config.ts'
import type { E2eCluster } from './e2e-cluster.ts'

const timeoutMs = 10_000

/**
 * A cluster that is there already: the current context of E2E_KUBECONFIG, or KUBECONFIG, as its administrator. Its nodes
 * must be able to get E2E_IMAGE. Nothing of it is started, broken or stopped.
 * @throws Error that says which variable to set, or why the cluster cannot be reached
 */
export async function existingCluster(env: NodeJS.ProcessEnv = process.env): Promise<E2eCluster> {
  const kubeconfig = env['E2E_KUBECONFIG'] || env['KUBECONFIG']
  const image = env['E2E_IMAGE']
  const problems = [
    ...(kubeconfig ? [] : ["E2E_KUBECONFIG (or KUBECONFIG): the path of an administrator's kubeconfig"]),
    ...(image ? [] : ["E2E_IMAGE: the operator's image in a registry that the nodes can reach"]),
  ]
  if (!kubeconfig || !image) throw new Error(`E2E_CLUSTER=existing needs\n- ${problems.join('\n- ')}`)
  await checkAnswers(kubeconfig)
  return { kind: 'existing', kubeconfig, image, stop: async () => undefined }
}

async function checkAnswers(kubeconfig: string): Promise<void> {
  const { server, tls, headers } = await new KubeConfig({ file: kubeconfig }).read()
  // Behind a proxy such as Rancher's, the API server is not at the root.
  const address = server.origin + server.pathname.replace(/\/$/, '')
  const dispatcher = new Agent({ connect: { ...tls, timeout: timeoutMs } })
  try {
    const url = `${address}/version`
    const answer = await request(url, { dispatcher, headers, headersTimeout: timeoutMs })
    await answer.body.dump()
    if (answer.statusCode !== 200) throw new Error(`it answers with status ${answer.statusCode}`)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`The cluster of ${kubeconfig} at ${address} cannot be used: ${why}`)
  } finally {
    await dispatcher.destroy()
  }
}
