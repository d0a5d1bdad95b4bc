import { Admin } from './admin.ts'
import type { PolicyRule } from './api-objects.ts'
import { type AuditEvent, type AuditFilter, AuditLog } from './audit.ts'
import { type ServiceAccount, ServiceAccounts } from './service-accounts.ts'

/** What it takes to use a running control plane, as plain data that can be handed to another process. */
export interface ClusterConnection {
  /** `https://127.0.0.1:PORT`, without a path. */
  url: string
  /** The Kubernetes version that the API server says it is ("v1.36.3"). */
  version: string
  caPem: string
  caFile: string
  adminToken: string
  /** A kubeconfig file of a cluster administrator, user "admin". */
  adminKubeconfig: string
  /** The audit log: a file of JSON lines. */
  auditLog: string
  /** `http://127.0.0.1:PORT` of etcd, for what is to be stored faster than the API server stores it. */
  etcdUrl: string
  /** Where files for this control plane may be written; it goes with the control plane. */
  folder: string
}

/** A control plane that runs somewhere, as tests use it. Close it, or its connections keep the process alive. */
export class Cluster {
  readonly connection: ClusterConnection
  readonly admin: Admin
  readonly serviceAccounts: ServiceAccounts
  readonly #audit: AuditLog

  constructor(connection: ClusterConnection) {
    this.connection = connection
    this.admin = new Admin(connection.url, connection.caPem, () => connection.adminToken)
    this.serviceAccounts = new ServiceAccounts(this.admin, connection.caPem, connection.folder)
    this.#audit = new AuditLog(connection.auditLog)
  }

  get url(): string {
    return this.connection.url
  }

  get caPem(): string {
    return this.connection.caPem
  }

  get caFile(): string {
    return this.connection.caFile
  }

  get adminKubeconfig(): string {
    return this.connection.adminKubeconfig
  }

  get adminToken(): string {
    return this.connection.adminToken
  }

  /**
   * A new ServiceAccount with these rights: `rules` in each of `namespaces`, or in the whole cluster without that.
   * For mixed rights and later changes see `serviceAccounts`.
   */
  createServiceAccount(account: {
    namespace: string
    name: string
    rules: PolicyRule[]
    namespaces?: string[]
  }): Promise<ServiceAccount> {
    const { namespace, name, rules, namespaces } = account
    const grants =
      namespaces === undefined
        ? { cluster: rules }
        : { namespaces: Object.fromEntries(namespaces.map((each) => [each, rules])) }
    return this.serviceAccounts.create(namespace, name, grants)
  }

  /** Puts on record which version the API server says it is. */
  async askVersion(): Promise<void> {
    this.connection.version = (await this.admin.request<{ gitVersion: string }>('GET', '/version')).gitVersion
  }

  /** See AuditLog.events. */
  auditEvents(filter: AuditFilter = {}): Promise<AuditEvent[]> {
    return this.#audit.events(filter)
  }

  async close(): Promise<void> {
    await this.admin.close()
  }
}
