import { KubeConfig } from '../../../../src/kubernetes/kube-config.ts'
import { Admin } from '../../../control-plane/admin.ts'

/**
 * The API server as the user of a kubeconfig sees it, whatever it names: a client certificate, a token or a credential
 * plugin. What the plugin says is asked for once. Close it.
 */
export async function administrator(kubeconfig: string): Promise<Admin> {
  const { server, tls, headers } = await new KubeConfig({ file: kubeconfig }).read()
  const token = headers['authorization']?.replace(/^Bearer /, '')
  return new Admin(server.origin, { ...tls, ca: tls.ca ?? [] }, () => token)
}
