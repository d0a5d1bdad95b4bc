import { userKeys } from '../../src/contract/annotation-keys.ts'
import type { AuditEvent, AuditFilter } from '../control-plane/audit.ts'
import type { Cluster } from '../control-plane/cluster.ts'
import type { ServiceAccount } from '../control-plane/service-accounts.ts'
import {
  chainFingerprint,
  createAuthority,
  createLeaf,
  type LeafOptions,
  type TestCertificate,
} from '../fixtures/certificates.ts'
import { eventually } from '../harness/eventually.ts'
import { OperatorProcess } from '../harness/operator-process.ts'
import { credentials, dataOf, operatorRules } from '../harness/world.ts'
import type { Progress } from '../programs/progress.ts'
import { IdWatch } from './id-watch.ts'
import { inParallel } from './in-parallel.ts'
import { SimulatorProcess } from './simulator-process.ts'

/** Under which name the operators of the benchmark tag what is theirs. */
export const clusterName = 'bench'

/** What all rows of one benchmark share. */
export interface BenchContext {
  readonly cluster: Cluster
  readonly progress: Progress
}

/** A chain as cert-manager writes it: a leaf with an RSA key, and an intermediate. */
export interface BenchChain {
  readonly chain: readonly TestCertificate[]
  readonly fingerprint: string
}

const root = createAuthority({ name: 'Benchmark root', keyType: 'rsa' })
const issuer = root.then((it) => createAuthority({ name: 'Benchmark issuer', issuer: it, keyType: 'rsa' }))

/**
 * What one row has for itself: a namespace, a cloud with an empty account, and operators that watch the whole cluster,
 * one after the other. Ended, it leaves nothing behind that the next row's operator would work on.
 */
export class BenchWorld {
  readonly cluster: Cluster
  readonly simulator: SimulatorProcess
  readonly namespace: string
  readonly ids: IdWatch
  readonly #progress: Progress
  readonly #account: ServiceAccount
  readonly #operators: OperatorProcess[] = []
  readonly #otherNamespaces: string[] = []

  private constructor(
    { cluster, progress }: BenchContext,
    simulator: SimulatorProcess,
    account: ServiceAccount,
    ids: IdWatch,
  ) {
    this.cluster = cluster
    this.simulator = simulator
    this.namespace = account.namespace
    this.ids = ids
    this.#progress = progress
    this.#account = account
  }

  static async create(context: BenchContext): Promise<BenchWorld> {
    const { cluster } = context
    const simulator = await SimulatorProcess.start()
    const namespace = await cluster.admin.newNamespace('bench')
    const account = await cluster.createServiceAccount({ namespace, name: 'operator', rules: operatorRules })
    return new BenchWorld(context, simulator, account, await IdWatch.open(cluster, namespace))
  }

  /** A further namespace, whose ids are not watched. */
  async otherNamespace(): Promise<string> {
    const namespace = await this.cluster.admin.newNamespace('bench')
    this.#otherNamespaces.push(namespace)
    return namespace
  }

  /** Starts the bundle with its defaults, for the whole cluster. */
  startOperator(): OperatorProcess {
    const { secretId, secretKey } = credentials
    const operator = OperatorProcess.start({
      args: [
        ...['--kubeconfig', this.#account.kubeconfig],
        ...['--cluster-name', clusterName],
        ...['--tencent-endpoint', this.simulator.url],
      ],
      env: { TENCENTCLOUD_SECRET_ID: secretId, TENCENTCLOUD_SECRET_KEY: secretKey },
    })
    this.#operators.push(operator)
    return operator
  }

  /** A certificate that nobody has seen yet. */
  async newChain(commonName: string, options: Partial<LeafOptions> = {}): Promise<BenchChain> {
    const signer = await issuer
    const leaf = await createLeaf({ ...options, issuer: signer, commonName, keyType: 'rsa' })
    return { chain: [leaf, signer], fingerprint: chainFingerprint('SVR', leaf, signer) }
  }

  /** Creates an opted-in Secret. Resolves with the time (ms, performance.now) at which it was written. */
  async create(name: string, { chain }: BenchChain, namespace = this.namespace): Promise<number> {
    const annotations = { [userKeys.upload]: 'true' }
    await this.cluster.admin.createTlsSecret(namespace, name, { annotations, data: dataOf({ chain }) })
    return performance.now()
  }

  /** Replaces the certificate as cert-manager does. Resolves as `create`. */
  async renew(name: string, { chain }: BenchChain): Promise<number> {
    await this.cluster.admin.updateSecret(this.namespace, name, { data: dataOf({ chain }) })
    return performance.now()
  }

  /** Creates `count` opted-in Secrets, each with a certificate of its own. */
  async createMany(count: number): Promise<void> {
    this.#progress.step('writing Secrets', 'Secrets', count)
    let done = 0
    await inParallel(count, 8, async (index) => {
      const name = `site-${index}`
      await this.create(name, await this.newChain(`${name}.example.com`))
      this.#progress.update(++done)
    })
    this.#progress.stop()
  }

  /** Resolves when `count` Secrets have their ids. */
  async allSynced(count: number, operator: OperatorProcess): Promise<void> {
    this.#progress.step('uploading', 'certificates', count)
    const synced = () => {
      this.#progress.update(this.ids.synced)
      return this.ids.synced >= count
    }
    await this.until(`${count} Secrets have their ids`, operator, synced, 60_000 + count * 1_000)
    this.#progress.stop()
  }

  /** Resolves with the time (ms, performance.now) at which the id of this chain could be read. */
  async readable(name: string, { fingerprint }: BenchChain, operator: OperatorProcess): Promise<number> {
    const at = () => this.ids.readableAt(name, fingerprint)
    await this.until(`${name} has its id`, operator, () => at() !== undefined)
    return at() as number
  }

  /** As eventually(), but gives up when the operator or the watch has ended. Times out late: slow is not broken. */
  until(
    what: string,
    operator: OperatorProcess,
    holds: () => boolean | Promise<boolean>,
    timeoutMs = 120_000,
  ): Promise<void> {
    return eventually(what, holds, {
      timeoutMs,
      details: () => operator.stdout.slice(-2_000) + operator.stderr,
      giveUp: () => {
        if (!operator.running) return 'the operator has exited'
        return this.ids.ended ? 'the watch has ended' : undefined
      },
    })
  }

  /** How many requests the operators of this world made so far, by verb. */
  async requests(verb: string | readonly string[], resource?: string): Promise<number> {
    return (await this.auditEvents({ verb, ...(resource === undefined ? {} : { resource }) })).length
  }

  /** What the audit log says of the operators of this world. */
  auditEvents(filter: Omit<AuditFilter, 'user'>): Promise<AuditEvent[]> {
    return this.cluster.auditEvents({ ...filter, user: this.#account.user })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#progress.stop()
    await Promise.all(this.#operators.filter((it) => it.running).map((it) => it.kill()))
    await Promise.all([this.ids.close(), this.simulator.stop()])
    for (const namespace of [this.namespace, ...this.#otherNamespaces]) {
      await this.cluster.admin.request('DELETE', `/api/v1/namespaces/${namespace}/secrets`)
    }
  }
}
