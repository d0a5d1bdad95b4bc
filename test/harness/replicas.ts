import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { unless } from '../control-plane/admin.ts'
import type { PolicyRule } from '../control-plane/api-objects.ts'
import { type AuditEvent, writes } from '../control-plane/audit.ts'
import type { Cluster } from '../control-plane/cluster.ts'
import type { ServiceAccount } from '../control-plane/service-accounts.ts'
import type { Call } from '../simulator/call-log.ts'
import type { ApiProxy } from './api-proxy.ts'
import { eventually } from './eventually.ts'
import type { LogLine, OperatorProcess } from './operator-process.ts'
import { credentials, operatorRules, World, type WorldOptions } from './world.ts'

/** A lease short enough for a test, and long enough for a busy machine. */
export const shortLease = {
  'lease-duration': '6s',
  'renew-deadline': '5s',
  'retry-period': '500ms',
} as const

export const leaseName = 'tencent-cert-sync'

/** What an operator may do besides, in the namespace of the Lease, to elect a leader. */
export const leaseRules: PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    resourceNames: [leaseName],
    verbs: ['get', 'update'],
  },
]

/** The spec of a Lease as it is on the wire. */
export interface LeaseObject {
  readonly metadata: { readonly resourceVersion: string; readonly annotations?: Record<string, string> }
  readonly spec: {
    readonly holderIdentity?: string
    readonly leaseDurationSeconds?: number
    readonly leaseTransitions?: number
    readonly acquireTime?: string
    readonly renewTime?: string
  }
}

/** One of several operators that elect a leader, with names of its own at the API server and in the cloud. */
export class Replica {
  readonly process: OperatorProcess
  readonly #world: World
  readonly #account: ServiceAccount
  readonly #secretId: string

  constructor(world: World, account: ServiceAccount, secretId: string, process: OperatorProcess) {
    this.#world = world
    this.#account = account
    this.#secretId = secretId
    this.process = process
  }

  /** As the audit log names it. */
  get user(): string {
    return this.#account.user
  }

  /** The last log line with this message. */
  said(message: string): LogLine | undefined {
    return this.process.log().findLast(({ msg }) => msg === message)
  }

  /** Resolves with the log line that says so. */
  async eventuallyLeads(timeoutMs = 30_000): Promise<LogLine> {
    return this.eventuallySays('leading', timeoutMs)
  }

  async eventuallySays(message: string, timeoutMs = 30_000): Promise<LogLine> {
    await eventually(`a replica says "${message}"`, () => this.said(message) !== undefined, {
      timeoutMs,
      details: () => this.process.stdout.slice(-2_000) + this.process.stderr,
    })
    return this.said(message) as LogLine
  }

  /** Calls of the service that it made. */
  calls(): Call[] {
    return this.#world.simulator.calls().filter(({ secretId }) => secretId === this.#secretId)
  }

  /** What it changed, or tried to change, at the API server. */
  writes(): Promise<AuditEvent[]> {
    return this.#world.cluster.auditEvents({ user: this.#account.user, verb: writes })
  }

  /** SIGSTOP; resolves when it stands still. */
  async pause(): Promise<void> {
    process.kill(this.process.pid, 'SIGSTOP')
    const state = () => readFileSync(`/proc/${this.process.pid}/stat`, 'utf8').split(') ')[1]?.[0]
    await eventually('the process stands still', () => state() === 'T')
  }

  resume(): void {
    process.kill(this.process.pid, 'SIGCONT')
  }
}

type Flags = Readonly<Record<string, string>>

/** What a leader and a standby are started with. Only the leader is behind the proxy. */
export interface TwoReplicas {
  readonly proxy?: ApiProxy
  readonly lease?: Flags
  readonly options?: Flags
}

/** A world in which several operators may run at a time, one of them working. */
export class Replicas {
  readonly world: World
  readonly all: Replica[] = []

  private constructor(world: World) {
    this.world = world
  }

  static async create(cluster: Cluster, options: WorldOptions = {}): Promise<Replicas> {
    return new Replicas(await World.create(cluster, options))
  }

  /** Starts one more, over a proxy where one is given. It is ready when this resolves. */
  async start(
    overrides: Flags = {},
    { proxy, lease = shortLease }: { proxy?: ApiProxy; lease?: Flags } = {},
  ): Promise<Replica> {
    const { world } = this
    const name = `replica-${this.all.length + 1}`
    const account = await world.cluster.serviceAccounts.create(world.namespace, name, {
      namespaces: Object.fromEntries(
        world.namespaces.map((it) => [it, [...operatorRules, ...(it === world.namespace ? leaseRules : [])]]),
      ),
    })
    const secretId = `AKID${name.replace('-', '')}`
    const { secretKey } = credentials
    world.simulator.setCredentials(
      [...this.all.map((_, index) => `AKIDreplica${index + 1}`), secretId].map((it) => ({
        secretId: it,
        secretKey,
      })),
    )
    const kubeconfig = proxy ? proxy.kubeconfig(account) : account.kubeconfig
    const process = world.startOperator(
      { kubeconfig, 'lease-namespace': world.namespace, ...lease, ...overrides },
      { TENCENTCLOUD_SECRET_ID: secretId, TENCENT_CERT_SYNC_LEADER_ELECT: 'true' },
    )
    const replica = new Replica(world, account, secretId, process)
    this.all.push(replica)
    await process.ready()
    return replica
  }

  /** Starts one that leads, over a proxy where one is given, and one that stands by. */
  async startTwo({ proxy, lease, options }: TwoReplicas = {}): Promise<[leader: Replica, standby: Replica]> {
    const leader = await this.start(options, { ...(proxy && { proxy }), ...(lease && { lease }) })
    await leader.eventuallyLeads()
    const standby = await this.start(options, { ...(lease && { lease }) })
    await standby.eventuallySays('standing by')
    return [leader, standby]
  }

  /** The Lease, or undefined when there is none. */
  lease(): Promise<LeaseObject | undefined> {
    return this.world.cluster.admin.request<LeaseObject>('GET', this.leasePath).catch(unless(404))
  }

  get leasePath(): string {
    return `/apis/coordination.k8s.io/v1/namespaces/${this.world.namespace}/leases/${leaseName}`
  }

  /** What all replicas asked of the API server, watches apart. */
  async requests(): Promise<AuditEvent[]> {
    const users = this.all.map(({ user }) => user)
    return (await this.world.cluster.auditEvents()).filter(({ user }) => users.includes(user.username))
  }

  /** Resolves when the audit log tells of everything that was answered before. */
  async auditIsCurrent(): Promise<void> {
    const { cluster, namespace } = this.world
    const name = `marker-${randomUUID()}`
    await cluster.admin.getSecret(namespace, name).catch(unless(404))
    const seen = () => cluster.auditEvents({ namespace, resource: 'secrets', verb: 'get', name })
    await eventually('the audit log has the marker', async () => (await seen()).length > 0)
  }

  /** Kills what still runs, paused or not. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.world[Symbol.asyncDispose]()
  }
}
