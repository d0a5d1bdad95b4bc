import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { readStatus, type Status } from '../../src/contract/status.ts'
import type { ServiceAccount } from '../control-plane/service-accounts.ts'
import type { TestCertificate } from '../fixtures/certificates.ts'
import { credentials, dataOf, operatorRules } from '../harness/world.ts'
import type { ControlPlaneContainers } from './control-plane-containers.ts'
import { OperatorContainer, type OperatorContainerOptions } from './operator-container.ts'
import { SimulatorContainer } from './simulator-container.ts'

/** Where a pod finds its ServiceAccount, and where these tests put the cloud's credentials. */
export const accountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount'
export const credentialsDirectory = '/var/run/secrets/tencent-cloud'

/** What one test has for itself: a namespace, a ServiceAccount, a cloud in a container, and operators in containers. */
export class ContainerWorld implements AsyncDisposable {
  readonly cluster: ControlPlaneContainers
  readonly simulator: SimulatorContainer
  readonly account: ServiceAccount
  /** Folders as the kubelet mounts them into a pod, readable for every user. */
  readonly folders: { readonly account: string; readonly credentials: string }
  readonly #operators: OperatorContainer[] = []

  private constructor(
    cluster: ControlPlaneContainers,
    simulator: SimulatorContainer,
    account: ServiceAccount,
  ) {
    this.cluster = cluster
    this.simulator = simulator
    this.account = account
    const folder = mkdtempSync(join(cluster.connection.folder, 'pod-'))
    this.folders = { account: join(folder, 'account'), credentials: join(folder, 'credentials') }
    // The folder above is for its owner alone, which here is not who mounts what is in it.
    chmodSync(folder, 0o755)
    project(this.folders.account, {
      token: readFileSync(account.tokenFile, 'utf8'),
      namespace: account.namespace,
      'ca.crt': cluster.caPem,
    })
    this.writeCredentials(credentials)
  }

  static async create(cluster: ControlPlaneContainers): Promise<ContainerWorld> {
    const simulator = await SimulatorContainer.start()
    const namespace = await cluster.admin.newNamespace()
    const rights = { namespace, name: 'operator', rules: operatorRules, namespaces: [namespace] }
    return new ContainerWorld(cluster, simulator, await cluster.createServiceAccount(rights))
  }

  get namespace(): string {
    return this.account.namespace
  }

  /** Replaces the credentials as the kubelet replaces a mounted Secret. */
  writeCredentials({ secretId, secretKey }: { secretId: string; secretKey: string }): void {
    project(this.folders.credentials, {
      TENCENTCLOUD_SECRET_ID: secretId,
      TENCENTCLOUD_SECRET_KEY: secretKey,
    })
  }

  /** Starts the image as a pod would run it, with its ServiceAccount and its credentials mounted. */
  async startOperator(options: Partial<OperatorContainerOptions> = {}): Promise<OperatorContainer> {
    const operator = await OperatorContainer.start({
      args: [
        ...['--cluster-name', 'test', '--namespaces', this.namespace, '--log-level', 'trace'],
        ...['--tencent-endpoint', this.simulator.url, '--credentials-directory', credentialsDirectory],
        ...(options.args ?? []),
      ],
      environment: {
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        KUBERNETES_SERVICE_PORT: new URL(this.cluster.url).port,
        ...options.environment,
      },
      mounts: {
        [accountDirectory]: this.folders.account,
        [credentialsDirectory]: this.folders.credentials,
        ...options.mounts,
      },
    })
    this.#operators.push(operator)
    return operator
  }

  async createSecret(name: string, chain: readonly TestCertificate[]): Promise<void> {
    const annotations = { [userKeys.upload]: 'true' }
    await this.cluster.admin.createTlsSecret(this.namespace, name, { annotations, data: dataOf({ chain }) })
  }

  /** Resolves with the status of a Secret once its certificate has an id. */
  async eventuallySynced(name: string): Promise<Status> {
    const synced = (annotations: Record<string, string> = {}) => readStatus(annotations).phase === 'Synced'
    const seen = await this.cluster.admin.eventually(this.namespace, name, 'Synced', (secret) =>
      synced(secret?.metadata.annotations),
    )
    return readStatus(seen?.metadata.annotations ?? {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#operators.map((operator) => operator[Symbol.asyncDispose]()))
    await this.simulator[Symbol.asyncDispose]()
  }
}

/** Files in a folder of their own behind the link `..data`, which is replaced at once: as the kubelet does it. */
function project(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true })
  const data = mkdtempSync(join(folder, '..version-'))
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(data, name), content)
    linkOnce(join(folder, name), join('..data', name))
  }
  chmodSync(data, 0o755)
  const next = join(folder, '..data_next')
  symlinkSync(data.slice(folder.length + 1), next)
  renameSync(next, join(folder, '..data'))
}

function linkOnce(path: string, target: string): void {
  try {
    symlinkSync(target, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
