import { statusKeys, userKeys } from '../../src/contract/annotation-keys.ts'
import { readStatus, type Status } from '../../src/contract/status.ts'
import type { AuditEvent } from '../control-plane/audit.ts'
import type { Cluster } from '../control-plane/cluster.ts'
import type { ServiceAccount } from '../control-plane/service-accounts.ts'
import { bundle, type TestCertificate } from '../fixtures/certificates.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../simulator/server.ts'
import { eventually } from './eventually.ts'
import { OperatorProcess, type OperatorProcessOptions } from './operator-process.ts'

/** What the operator may do in a namespace: the Role of the chart. */
export const operatorRules = [
  { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch', 'patch'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
]

export const credentials = { secretId: 'AKIDtest', secretKey: 'test-secret-key' }

export interface WorldOptions extends Omit<SimulatorOptions, 'credentials'> {
  /** Default 1. */
  readonly namespaces?: number
}

/** Certificates, the key of the first one and the annotations of a Secret. */
export interface SecretSpec {
  /** tls.crt: leaf first. */
  readonly chain?: readonly TestCertificate[]
  /** Default: the key of the first certificate. */
  readonly key?: string
  /** ca.crt. */
  readonly ca?: readonly TestCertificate[]
  /** The user's annotations, without their prefix. Default: `{ upload: 'true' }` alone; `null` for none. */
  readonly annotations?: Partial<Record<keyof typeof userKeys, string>>
  readonly optedIn?: boolean
}

/**
 * What one test has for itself on a shared API server: namespaces, a ServiceAccount that may touch nothing else, a
 * simulated cloud, and operators that are started and killed.
 */
export class World {
  readonly cluster: Cluster
  readonly simulator: Simulator
  readonly namespaces: readonly string[]
  readonly account: ServiceAccount
  readonly #operators: OperatorProcess[] = []

  private constructor(
    cluster: Cluster,
    simulator: Simulator,
    namespaces: readonly string[],
    account: ServiceAccount,
  ) {
    this.cluster = cluster
    this.simulator = simulator
    this.namespaces = namespaces
    this.account = account
  }

  static async create(cluster: Cluster, options: WorldOptions = {}): Promise<World> {
    const { namespaces: count = 1, ...simulatorOptions } = options
    const simulator = await startSimulator({ credentials: [credentials], ...simulatorOptions })
    const namespaces = await Promise.all(Array.from({ length: count }, () => cluster.admin.newNamespace()))
    const account = await cluster.createServiceAccount({
      namespace: namespaces[0] as string,
      name: 'operator',
      rules: operatorRules,
      namespaces: [...namespaces],
    })
    return new World(cluster, simulator, namespaces, account)
  }

  get namespace(): string {
    return this.namespaces[0] as string
  }

  /** The arguments of an operator of this world; later ones win when given again in `startOperator`. */
  arguments(overrides: Readonly<Record<string, string>> = {}): string[] {
    const options = {
      kubeconfig: this.account.kubeconfig,
      namespaces: this.namespaces.join(','),
      'cluster-name': 'test',
      'tencent-endpoint': this.simulator.url,
      'log-level': 'debug',
      // Its lookups are nobody's calls: tests that count calls do without it.
      'inventory-interval': 'off',
      ...overrides,
    }
    return Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  }

  /** Starts the bundle in this world. It is killed with the world. */
  startOperator(
    overrides: Readonly<Record<string, string>> = {},
    env: Readonly<Record<string, string>> = {},
    process: Omit<OperatorProcessOptions, 'args' | 'env'> = {},
  ): OperatorProcess {
    const operator = OperatorProcess.start({
      ...process,
      args: this.arguments(overrides),
      env: {
        TENCENTCLOUD_SECRET_ID: credentials.secretId,
        TENCENTCLOUD_SECRET_KEY: credentials.secretKey,
        ...env,
      },
    })
    this.#operators.push(operator)
    return operator
  }

  async createSecret(name: string, spec: SecretSpec, namespace = this.namespace): Promise<void> {
    await this.cluster.admin.createTlsSecret(namespace, name, {
      annotations: this.annotationsOf(spec),
      data: dataOf(spec),
    })
  }

  /** Replaces the certificate as cert-manager does on renewal: the annotations stay. */
  async renewSecret(name: string, spec: SecretSpec, namespace = this.namespace): Promise<void> {
    await this.cluster.admin.updateSecret(namespace, name, { data: dataOf(spec) })
  }

  /** Sets (text) and removes (null) the user's annotations, named without their prefix. */
  async annotate(
    name: string,
    annotations: Partial<Record<keyof typeof userKeys, string | null>>,
    namespace = this.namespace,
  ): Promise<void> {
    const named = Object.entries(annotations).map(([key, value]) => [
      userKeys[key as keyof typeof userKeys],
      value,
    ])
    await this.cluster.admin.updateSecret(namespace, name, { annotations: Object.fromEntries(named) })
  }

  annotationsOf(spec: SecretSpec): Record<string, string> {
    return userAnnotations(spec)
  }

  /** The operator's annotations on the Secret, read as the operator reads them. */
  async status(name: string, namespace = this.namespace): Promise<Status> {
    return readStatus(await this.cluster.admin.annotations(namespace, name))
  }

  /** Resolves with the status once it satisfies `holds`. */
  async eventuallyStatus(
    name: string,
    what: string,
    holds: (status: Status) => boolean,
    { timeoutMs = 30_000, namespace = this.namespace } = {},
  ): Promise<Status> {
    const seen = await this.cluster.admin.eventually(
      namespace,
      name,
      what,
      (secret) => holds(readStatus(secret?.metadata.annotations ?? {})),
      timeoutMs,
    )
    return readStatus(seen?.metadata.annotations ?? {})
  }

  /** Resolves once the status names exactly this chain, synced, with its id. */
  eventuallySynced(
    name: string,
    chain: string,
    options: { timeoutMs?: number; namespace?: string } = {},
  ): Promise<Status> {
    return this.eventuallyStatus(
      name,
      `Synced with ${chain}`,
      ({ phase, uploaded }) => phase === 'Synced' && uploaded?.chainFingerprint === chain,
      options,
    )
  }

  /** Removes all status annotations, as a foreign PUT would. */
  async wipeStatus(name: string, namespace = this.namespace): Promise<void> {
    const nothing = Object.fromEntries(Object.values(statusKeys).map((key) => [key, null]))
    await this.cluster.admin.updateSecret(namespace, name, { annotations: nothing })
  }

  /** How many UploadCertificate calls arrived, whatever became of them. */
  uploads(): number {
    return this.simulator.calls('UploadCertificate').length
  }

  /** What the operator asked of the API server in this world. */
  requests(filter: { verb?: string | readonly string[]; name?: string } = {}): Promise<AuditEvent[]> {
    return this.cluster.auditEvents({ user: this.account.user, resource: 'secrets', ...filter })
  }

  /** Kills the operators and closes the cloud. The namespaces stay: no controller would finish their deletion. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#operators.filter((it) => it.running).map((it) => it.kill()))
    await this.simulator.close()
  }
}

/** The user's annotations of a Secret, under their full names. */
export function userAnnotations({ annotations, optedIn = true }: SecretSpec): Record<string, string> {
  const all = { ...(optedIn ? { upload: 'true' } : {}), ...annotations }
  return Object.fromEntries(
    Object.entries(all).map(([key, value]) => [userKeys[key as keyof typeof userKeys], value]),
  )
}

/** The data of a Secret: missing parts are empty, as the API server wants them there. */
export function dataOf({ chain, key, ca }: SecretSpec): Record<string, string> {
  return {
    'tls.crt': chain ? bundle(...chain) : '',
    'tls.key': key ?? chain?.[0]?.keyPem ?? '',
    ...(ca ? { 'ca.crt': bundle(...ca) } : {}),
  }
}

export { eventually }
