import { randomBytes } from 'node:crypto'
import { readStatus, type Status } from '../../../../src/contract/status.ts'
import { type Admin, unless } from '../../../control-plane/admin.ts'
import { createAuthority, createLeaf, type TestCertificate } from '../../../fixtures/certificates.ts'
import { dataOf, type SecretSpec, userAnnotations } from '../../../harness/world.ts'
import { simulatorBundle } from '../../../simulator/bundle.ts'
import type { ProfileName } from '../../../simulator/profile.ts'
import type { E2eCluster } from '../../cluster/e2e-cluster.ts'
import { administrator } from './administrator.ts'
import { imageValues, mergeValues, type Values, variantValues } from './chart-values.ts'
import { e2eCluster, e2eEnvironment } from './environment.ts'
import { Kubectl } from './kubectl.ts'
import { Release } from './release.ts'
import { hostOf, simulatorName, simulatorObjects } from './simulator-objects.ts'
import { SimulatorRemote } from './simulator-remote.ts'

export interface E2eWorldOptions {
  /** A name in `test/chart/variants`. Default: `default`. */
  readonly variant?: string
  /** On top of the variant. */
  readonly values?: Values | ((world: E2eWorld) => Values)
  /** How many namespaces for Secrets, besides the release's own. Default 1. */
  readonly namespaces?: number
  /** How the cloud behaves. Default: `default`. */
  readonly profile?: ProfileName
  /** false: the test installs the release itself. */
  readonly install?: boolean
}

/** Marks the namespaces of worlds; a world's first one is its release's and has its name. */
export const worldLabel = 'e2e.tencent-cert-sync.io/world'

/** Everything that one test file has for itself on the cluster. */
export class E2eWorld {
  readonly cluster: E2eCluster
  readonly kubeconfig: string
  readonly admin: Admin
  readonly kubectl: Kubectl
  /** The operator. */
  readonly release: Release
  /** The simulated cloud, in a pod of the release's namespace. */
  readonly cloud: SimulatorRemote
  /** What the operator is told the cluster is called. */
  readonly clusterName: string
  /** Namespaces for Secrets. */
  readonly namespaces: readonly string[]
  readonly credentials = { secretId: 'AKIDe2e', secretKey: randomBytes(24).toString('hex') }
  readonly #options: E2eWorldOptions
  readonly #authority: TestCertificate

  private constructor(title: string, options: E2eWorldOptions, admin: Admin, authority: TestCertificate) {
    const { kubectl } = e2eEnvironment()
    const name = `e2e-${title}-${randomBytes(3).toString('hex')}`
    this.cluster = e2eCluster()
    this.kubeconfig = this.cluster.kubeconfig
    this.admin = admin
    this.kubectl = new Kubectl(kubectl, this.kubeconfig)
    this.clusterName = name
    const count = options.namespaces ?? 1
    this.namespaces = Array.from({ length: count }, (_, index) => `${name}-${index + 1}`)
    this.cloud = new SimulatorRemote(admin, name, simulatorName)
    this.#options = options
    this.#authority = authority
    const { kubeconfig } = this
    this.release = new Release({
      ...{ admin, kubectl: this.kubectl, kubeconfig, namespace: name, name, values: this.#values(name) },
    })
  }

  /** Namespaces, the cloud and the operator; resolves when all are ready. End it. @param title of lower-case letters */
  static async create(title: string, options: E2eWorldOptions = {}): Promise<E2eWorld> {
    const admin = await administrator(e2eCluster().kubeconfig)
    const world = new E2eWorld(title, options, admin, await createAuthority({ name: 'E2E cloud' }))
    try {
      await world.#prepare()
    } catch (error) {
      const explained = await world.explain()
      // What cannot be undone either must not hide why.
      await world.end().catch(() => undefined)
      throw new Error(`${error instanceof Error ? error.message : error}\n${explained}`)
    }
    return world
  }

  /** The first of `namespaces`. */
  get namespace(): string {
    return this.namespaces[0] ?? ''
  }

  /** Creates a Secret of type kubernetes.io/tls, opted in unless told otherwise. */
  async createSecret(name: string, spec: SecretSpec, namespace = this.namespace): Promise<void> {
    const content = { annotations: userAnnotations(spec), data: dataOf(spec) }
    await this.admin.createTlsSecret(namespace, name, content)
  }

  /** The operator's annotations on a Secret, read as the operator reads them. */
  async status(name: string, namespace = this.namespace): Promise<Status> {
    return readStatus(await this.admin.annotations(namespace, name))
  }

  /** Resolves with the status once it satisfies `holds`. */
  async eventuallyStatus(
    name: string,
    what: string,
    holds: (status: Status) => boolean,
    { namespace = this.namespace, timeoutMs = 60_000 } = {},
  ): Promise<Status> {
    const read = (annotations = {}) => readStatus(annotations)
    const seen = await this.admin.eventually(
      namespace,
      name,
      what,
      (secret) => secret !== undefined && holds(read(secret.metadata.annotations)),
      timeoutMs,
    )
    return read(seen?.metadata.annotations)
  }

  /** Resolves with the status once it is Synced, with an id other than `before`. */
  eventuallySynced(
    name: string,
    { before, ...options }: { before?: string | undefined; namespace?: string; timeoutMs?: number } = {},
  ): Promise<Status> {
    return this.eventuallyStatus(
      name,
      `Synced${before ? `, no more as ${before}` : ''}`,
      ({ phase, uploaded }) =>
        phase === 'Synced' && uploaded !== undefined && uploaded.certificateId !== before,
      options,
    )
  }

  /** What happened, for people who look at a red test: pods, Events, the ends of the logs. Never throws. */
  async explain(): Promise<string> {
    const { name, namespace } = this.release
    const ask = (...args: string[]) =>
      this.kubectl.run('--namespace', namespace, ...args).catch((error: Error) => error.message)
    return [
      `--- ${name}`,
      await ask('get', 'pods', '--output', 'wide'),
      await ask('get', 'events', '--sort-by', '.metadata.creationTimestamp'),
      await ask('logs', '--selector', this.release.selector, '--tail', '40', '--prefix'),
      await ask('logs', simulatorName, '--tail', '15'),
    ].join('\n')
  }

  /**
   * Uninstalls the release and gives the namespaces away for deletion, unless everything is to be kept. Resolves when no
   * Secret is left that the operator of another world could take for one of its own.
   */
  async end(): Promise<void> {
    const namespaces = [this.release.namespace, ...this.namespaces]
    try {
      if (e2eEnvironment().keep) return
      await this.release.uninstall()
      await Promise.all(namespaces.map((it) => this.#delete(it).catch(unless(404))))
    } finally {
      await this.admin.close()
    }
  }

  /** In a namespace that is being deleted, nobody makes a new Secret. */
  async #delete(namespace: string): Promise<void> {
    await this.admin.deleteNamespace(namespace)
    await this.admin.request('DELETE', `/api/v1/namespaces/${namespace}/secrets`)
  }

  async #prepare(): Promise<void> {
    const { namespace } = this.release
    const mark = { [worldLabel]: this.release.name }
    const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    await this.admin.createNamespace(namespace, { ...mark, ...restricted })
    await Promise.all(this.namespaces.map((it) => this.admin.createNamespace(it, mark)))
    await this.#startCloud(namespace)
    if (this.#options.install !== false) await this.release.install()
  }

  async #startCloud(namespace: string): Promise<void> {
    const { secretId, secretKey } = this.credentials
    const { profile = 'default' } = this.#options
    const host = hostOf(namespace)
    const certificate = await createLeaf({ commonName: host, issuer: this.#authority })
    const flags = ['--secret-id', secretId, '--secret-key', secretKey, '--profile', profile]
    const program = await simulatorBundle()
    const { image } = this.cluster
    const opaque = { apiVersion: 'v1', kind: 'Secret', type: 'Opaque' }
    const { certificatePem } = this.#authority
    await this.kubectl.apply(
      ...simulatorObjects({ namespace, image, program, certificate, flags }),
      {
        ...opaque,
        metadata: { name: 'tencent-cloud', namespace },
        stringData: { TENCENTCLOUD_SECRET_ID: secretId, TENCENTCLOUD_SECRET_KEY: secretKey },
      },
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'cloud-ca', namespace },
        data: { 'ca.crt': certificatePem },
      },
    )
    const pod = `pod/${simulatorName}`
    await this.kubectl.run('--namespace', namespace, 'wait', '--for=condition=Ready', '--timeout=60s', pod)
  }

  #values(namespace: string): Values {
    const { variant = 'default', values = {} } = this.#options
    const path = '/etc/cloud-ca'
    return mergeValues(
      variantValues(variant),
      imageValues(this.cluster.image),
      {
        clusterName: this.clusterName,
        credentials: { existingSecret: 'tencent-cloud' },
        endpoint: hostOf(namespace),
        extraEnv: [{ name: 'NODE_EXTRA_CA_CERTS', value: `${path}/ca.crt` }],
        extraVolumes: [{ name: 'cloud-ca', configMap: { name: 'cloud-ca' } }],
        extraVolumeMounts: [{ name: 'cloud-ca', mountPath: path, readOnly: true }],
      },
      typeof values === 'function' ? values(this) : values,
    )
  }
}
