import { type Connection, KubeConfig } from '../../../../src/kubernetes/kube-config.ts'
import { Admin } from '../../../control-plane/admin.ts'
import { ApiError, type ApiRequest } from '../../../control-plane/api-client.ts'

/**
 * The API server as the user of a kubeconfig sees it, whatever it names: a client certificate, a token or a credential
 * plugin. The kubeconfig is read anew, and the plugin asked again, when the API server refuses a token. Close it.
 */
export async function administrator(kubeconfig: string): Promise<Admin> {
  const config = new KubeConfig({ file: kubeconfig })
  return new Administrator(config, await config.read())
}

class Administrator extends Admin {
  readonly #config: KubeConfig
  /** Behind a proxy such as Rancher's, the API server is not at the root. */
  readonly #path: string
  readonly #credential: { token: string | undefined }

  constructor(config: KubeConfig, connection: Connection) {
    const credential = { token: tokenOf(connection) }
    super(connection.server.origin, connection.tls, () => credential.token)
    this.#config = config
    this.#path = connection.server.pathname.replace(/\/$/, '')
    this.#credential = credential
  }

  override async request<T = unknown>(method: string, path: string, request?: ApiRequest): Promise<T> {
    const { token } = this.#credential
    try {
      return await super.request<T>(method, this.#path + path, request)
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) throw error
      this.#credential.token = tokenOf(await this.#config.read(true))
      if (this.#credential.token === token) throw error
      return super.request<T>(method, this.#path + path, request)
    }
  }
}

function tokenOf({ headers }: Connection): string | undefined {
  return headers['authorization']?.replace(/^Bearer /, '')
}
