import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chartFolder } from '../../../chart/chart.ts'
import type { Admin } from '../../../control-plane/admin.ts'
import type { ObjectMeta } from '../../../control-plane/api-objects.ts'
import { createTemporaryFolder } from '../../../control-plane/temporary-folder.ts'
import { eventually } from '../../../harness/eventually.ts'
import { type LogLine, sumOf } from '../../../harness/operator-process.ts'
import { mergeValues, type Values } from './chart-values.ts'
import { clusterHelm } from './helm.ts'
import type { Kubectl } from './kubectl.ts'

/** A pod of the operator, as far as tests look at it. */
export interface OperatorPod {
  readonly metadata: ObjectMeta
  readonly spec: { readonly nodeName: string; readonly serviceAccountName: string }
  readonly status: {
    readonly phase: string
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly lastTransitionTime?: string
    }[]
    readonly containerStatuses?: readonly { readonly restartCount: number }[]
  }
}

export interface ReleaseOptions {
  readonly admin: Admin
  readonly kubectl: Kubectl
  readonly kubeconfig: string
  /** The release's, which exists. */
  readonly namespace: string
  /** Unique in the cluster: objects outside the namespace are named after it. */
  readonly name: string
  /** What every revision is made of; `upgrade` adds to it. */
  readonly values: Values
}

/** The operator as the chart installs it: what a person does with Helm, and a look at its pods. */
export class Release {
  readonly name: string
  readonly namespace: string
  readonly #options: ReleaseOptions

  constructor(options: ReleaseOptions) {
    this.name = options.name
    this.namespace = options.namespace
    this.#options = options
  }

  /** `helm upgrade --install`; resolves when every pod is ready, unless told not to wait. */
  async install(overrides: Values = {}, { wait = true } = {}): Promise<void> {
    const folder = createTemporaryFolder()
    try {
      const file = join(folder, 'values.json')
      writeFileSync(file, JSON.stringify(mergeValues(this.#options.values, overrides)))
      const waiting = wait ? ['--wait', '--timeout', '120s'] : []
      await this.helm('upgrade', '--install', this.name, chartFolder, '--values', file, ...waiting)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  /** `helm rollback` to the revision before; resolves when every pod is ready. */
  async rollback(): Promise<void> {
    await this.helm('rollback', this.name, '--wait', '--timeout', '120s')
  }

  /** `helm uninstall`; resolves when objects and pods are gone. One that is not installed is fine. */
  async uninstall(): Promise<void> {
    await this.helm('uninstall', this.name, '--ignore-not-found', '--wait', '--timeout', '120s')
    // Helm does not wait for pods to end: until then they may still act.
    const gone = async () => (await this.#allPods()).length === 0
    await eventually(`the pods of ${this.name} are gone`, gone, { timeoutMs: 60_000 })
  }

  /** Helm in the release's namespace; its stdout. */
  helm(...args: readonly string[]): Promise<string> {
    const { kubeconfig, namespace } = this.#options
    return clusterHelm(kubeconfig, '--namespace', namespace, ...args)
  }

  /** The operator's pods that are not being deleted, oldest first. */
  async pods(): Promise<OperatorPod[]> {
    return (await this.#allPods())
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .sort((a, b) => createdAt(a).localeCompare(createdAt(b)))
  }

  /** Resolves with the pods once `count` of them are there, all ready. */
  async readyPods(count: number, timeoutMs = 60_000): Promise<OperatorPod[]> {
    let pods: OperatorPod[] = []
    const holds = async () => {
      pods = await this.pods()
      return pods.length === count && pods.every(isReady)
    }
    await eventually(`${count} pods of ${this.name} are ready`, holds, {
      timeoutMs,
      details: () => JSON.stringify(pods.map(({ metadata, status }) => [metadata.name, status])),
    })
    return pods
  }

  /** The pod that leads, by its own word (the metric); undefined while there is none, or more than one. */
  async leader(): Promise<OperatorPod | undefined> {
    const pods = (await this.pods()).filter(isReady)
    const leads = await Promise.all(
      pods.map(async (pod) =>
        this.metric(pod, 'tencent_cert_sync_leader').then(
          (value) => value === 1,
          () => false,
        ),
      ),
    )
    const leaders = pods.filter((_, index) => leads[index])
    return leaders.length === 1 ? leaders[0] : undefined
  }

  /** The metrics page of a pod. */
  metrics(pod: OperatorPod): Promise<string> {
    const port = this.#metricsPort
    const path = `/api/v1/namespaces/${this.namespace}/pods/${pod.metadata.name}:${port}/proxy/metrics`
    return this.#options.admin.request<string>('GET', path)
  }

  /** The sum of a metric's series whose labels hold all of `labels`. */
  async metric(
    pod: OperatorPod,
    name: string,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<number> {
    return sumOf(await this.metrics(pod), name, labels)
  }

  /** What a pod wrote so far. @param previous of the container before its last restart */
  logText(pod: OperatorPod, { previous = false } = {}): Promise<string> {
    const { name } = pod.metadata
    const { kubectl, namespace } = this.#options
    return kubectl.run('logs', '--namespace', namespace, name, ...(previous ? ['--previous'] : []))
  }

  /** Its log, line by line. Throws where a line is no log line. */
  async log(pod: OperatorPod): Promise<LogLine[]> {
    const lines = (await this.logText(pod)).split('\n').filter(Boolean)
    return lines.map((line) => JSON.parse(line) as LogLine)
  }

  /** What the chart calls its objects, and the Lease where no value says otherwise. */
  get fullName(): string {
    return `${this.name}-tencent-cert-sync`
  }

  /** The labels of the operator's pods, for kubectl. */
  get selector(): string {
    return `app.kubernetes.io/name=tencent-cert-sync,app.kubernetes.io/instance=${this.name}`
  }

  async #allPods(): Promise<OperatorPod[]> {
    const path = `/api/v1/namespaces/${this.namespace}/pods`
    const query = { labelSelector: this.selector }
    return (await this.#options.admin.request<{ items: OperatorPod[] }>('GET', path, { query })).items
  }

  get #metricsPort(): number {
    const { port = 9402 } = (this.#options.values['metrics'] ?? {}) as { port?: number }
    return port
  }
}

/** Whether a pod's readiness probe succeeds. */
export function isReady({ status }: OperatorPod): boolean {
  return status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true
}

function createdAt({ metadata }: OperatorPod): string {
  return `${metadata.creationTimestamp} ${metadata.name}`
}
