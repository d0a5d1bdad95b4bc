import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
/*
 * Only the parts of client-node that parse the format. Its class KubeConfig imports every generated API class and undici,
 * whatever the import path (16 MiB of resident memory in the bundle), and opens a TLS connection per request.
 */
import type { Cluster, Context, User } from '@kubernetes/client-node/dist/config_types.js'
import { newClusters, newContexts, newUsers } from '@kubernetes/client-node/dist/config_types.js'
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js'
import { load as parseYaml } from 'js-yaml'
import { isRecord, KubernetesError } from './kubernetes-error.ts'

/** How to reach and authenticate to the API server. Holds the operator's credentials and is never logged. */
export interface Connection {
  readonly server: URL
  readonly tls: TlsOptions
  readonly headers: Readonly<Record<string, string>>
}

export interface TlsOptions {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly servername?: string
  readonly rejectUnauthorized?: false
}

export interface KubeConfigOptions {
  /** A kubeconfig file. Default: the ServiceAccount of the pod. */
  readonly file?: string | undefined
  readonly serviceAccountDirectory?: string
  /** Where a pod finds the API server's address. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/** The current kubeconfig, or ServiceAccount of the pod. Every `read` reloads all files: all of them may rotate. */
export class KubeConfig {
  readonly #options: KubeConfigOptions
  #exec = new ExecAuth()

  constructor(options: KubeConfigOptions = {}) {
    this.#options = options
  }

  /**
   * @param fresh discard the credentials of a credential plugin: they were rejected.
   * @throws Error that names the invalid file or field.
   */
  async read(fresh = false): Promise<Connection> {
    if (fresh) this.#exec = new ExecAuth()
    const { cluster, user, tokenFile } =
      this.#options.file === undefined ? inCluster(this.#options) : fromFile(this.#options.file)
    const server = serverOf(cluster)
    const headers: Record<string, string> = {}
    let cert = fileOrData(user.certFile, user.certData)
    let key = fileOrData(user.keyFile, user.keyData)
    const token = tokenFile === undefined ? user.token : readFileSync(tokenFile, 'utf8').trim()
    if (token) headers['authorization'] = `Bearer ${token}`
    else if (user.username) {
      const basic = Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')
      headers['authorization'] = `Basic ${basic}`
    } else if (user.exec) {
      const applied: { headers: Record<string, string>; cert?: string; key?: string } = { headers: {} }
      await this.#exec.applyAuthentication(user, applied).catch(() => {
        // The plugin's own message is not logged: it may contain a credential.
        throw new KubernetesError({
          status: 0,
          reason: 'CredentialsUnreadable',
          message: "the kubeconfig's credential plugin (user.exec) failed",
        })
      })
      if (applied.headers['Authorization']) headers['authorization'] = applied.headers['Authorization']
      if (applied.cert) cert = Buffer.from(applied.cert)
      if (applied.key) key = Buffer.from(applied.key)
    }
    if (user.impersonateUser) headers['impersonate-user'] = user.impersonateUser
    const ca = fileOrData(cluster.caFile, cluster.caData)
    return {
      server,
      headers,
      tls: {
        ...(ca && { ca }),
        ...(cert && { cert }),
        ...(key && { key }),
        ...(cluster.tlsServerName && { servername: cluster.tlsServerName }),
        ...(cluster.skipTLSVerify && { rejectUnauthorized: false as const }),
      },
    }
  }

  /** The configured address of the API server. @throws Error that names what is missing. */
  server(): URL {
    const { cluster } =
      this.#options.file === undefined ? inCluster(this.#options) : fromFile(this.#options.file)
    return serverOf(cluster)
  }
}

interface Identity {
  readonly cluster: Cluster
  readonly user: User
  readonly tokenFile: string | undefined
}

const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount'

function inCluster(options: KubeConfigOptions): Identity {
  const directory = options.serviceAccountDirectory ?? serviceAccountDirectory
  const environment = options.environment ?? process.env
  const host = environment['KUBERNETES_SERVICE_HOST']
  const port = environment['KUBERNETES_SERVICE_PORT']
  if (!host || !port) {
    throw new Error(
      'no API server is configured: set --kubeconfig FILE, or run in a pod (KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set)',
    )
  }
  const name = host.includes(':') ? `[${host}]` : host
  return {
    cluster: {
      name: 'in-cluster',
      server: `https://${name}:${port}`,
      caFile: resolve(directory, 'ca.crt'),
      skipTLSVerify: false,
    },
    user: { name: 'service-account' },
    tokenFile: resolve(directory, 'token'),
  }
}

function fromFile(file: string): Identity {
  let document: unknown
  try {
    document = parseYaml(readFileSync(file, 'utf8'))
  } catch (error) {
    // The parser quotes the file, including credentials.
    const code = isRecord(error) && typeof error['code'] === 'string' ? error['code'] : 'invalid YAML'
    throw new Error(`failed to read the kubeconfig ${file}: ${code}`)
  }
  if (!isRecord(document)) throw new Error(`the kubeconfig ${file} is empty`)
  const context = find<Context>(
    file,
    'context',
    document['current-context'],
    newContexts(document['contexts']),
  )
  const cluster = find<Cluster>(file, 'cluster', context.cluster, newClusters(document['clusters']))
  // `tokenFile` is read here: the library uses another name for it and reads the file only once.
  const users = Array.isArray(document['users']) ? document['users'] : []
  const raw = users.find((entry) => isRecord(entry) && entry['name'] === context.user)
  const user = find<User>(file, 'user', context.user, newUsers(raw === undefined ? [] : [raw]))
  const path = (name: string | null | undefined) => (name ? resolve(dirname(file), name) : undefined)
  const withFile = <K extends string>(key: K, name: string | null | undefined) => {
    const found = path(name)
    return found === undefined ? {} : ({ [key]: found } as Record<K, string>)
  }
  const rawUser = isRecord(raw) && isRecord(raw['user']) ? raw['user'] : {}
  return {
    cluster: { ...cluster, ...withFile('caFile', cluster.caFile) },
    user: { ...user, ...withFile('certFile', user.certFile), ...withFile('keyFile', user.keyFile) },
    tokenFile: typeof rawUser['tokenFile'] === 'string' ? path(rawUser['tokenFile']) : undefined,
  }
}

function find<T extends { readonly name: string }>(
  file: string,
  what: string,
  name: unknown,
  entries: readonly T[],
): T {
  const found = entries.find((entry) => entry.name === name)
  if (found === undefined)
    throw new Error(`the kubeconfig ${file} has no ${what} named ${JSON.stringify(name)}`)
  return found
}

function serverOf(cluster: Cluster): URL {
  if (!URL.canParse(cluster.server))
    throw new Error(`the API server's address is not a valid URL: ${cluster.server}`)
  const server = new URL(cluster.server)
  if (cluster.proxyUrl) throw new Error('proxy-url in a kubeconfig is not supported')
  if (server.protocol === 'https:') return server
  // For `kubectl proxy` and tests.
  if (server.protocol === 'http:' && /^(127\.|localhost$|\[::1\]$)/.test(server.hostname)) return server
  throw new Error(`the API server must be reached over https: ${cluster.server}`)
}

function fileOrData(file: string | null | undefined, data: string | null | undefined): Buffer | undefined {
  if (file) return readFileSync(file)
  return data ? Buffer.from(data, 'base64') : undefined
}
