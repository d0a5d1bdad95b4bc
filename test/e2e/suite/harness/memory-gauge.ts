import type { Admin } from '../../../control-plane/admin.ts'
import { eventually } from '../../../harness/eventually.ts'
import type { OperatorPod } from './release.ts'

/** Every sample that the kubelet makes, which is one in ten seconds at most. */
const everyMs = 2_000
const mebibyte = 1_048_576

interface Summary {
  readonly pods: readonly {
    readonly podRef: { readonly name: string; readonly namespace: string }
    readonly containers: readonly {
      readonly memory?: { readonly time: string; readonly workingSetBytes?: number }
    }[]
  }[]
}

/**
 * Follows what pods need of their memory limits, as the kubelet reads it from their control groups: the working set,
 * by which pods are judged, evicted and shown in `kubectl top`. Close it.
 */
export class MemoryGauge {
  readonly #admin: Admin
  readonly #pods: readonly OperatorPod[]
  /** By the name of the pod: the time of each sample, RFC 3339, and its bytes. */
  readonly #samples = new Map<string, Map<string, number>>()
  readonly #sampling: NodeJS.Timeout
  /** Of the last look. One may well fail: the next one is two seconds later. */
  #failure: unknown

  constructor(admin: Admin, pods: readonly OperatorPod[]) {
    this.#admin = admin
    this.#pods = pods
    this.#sampling = setInterval(() => void this.#try(), everyMs)
  }

  /**
   * The largest working set so far, MiB, after one more sample of now.
   * @throws Error when the kubelet tells nothing
   */
  async peakMiB(pod: OperatorPod): Promise<number> {
    const count = () => this.#samples.get(pod.metadata.name)?.size ?? 0
    const before = count()
    await eventually('the kubelet has looked at the pod once more', () => count() > before, {
      timeoutMs: 60_000,
      details: () => (this.#failure === undefined ? '' : `The last look failed: ${this.#failure}`),
    })
    return Math.max(...(this.#samples.get(pod.metadata.name)?.values() ?? [])) / mebibyte
  }

  close(): void {
    clearInterval(this.#sampling)
  }

  async #try(): Promise<void> {
    this.#failure = await this.#sample().catch((error: unknown) => error)
  }

  async #sample(): Promise<void> {
    for (const node of new Set(this.#pods.map(({ spec }) => spec.nodeName))) {
      const path = `/api/v1/nodes/${node}/proxy/stats/summary`
      const { pods } = await this.#admin.request<Summary>('GET', path)
      for (const { podRef, containers } of pods) {
        const { namespace } = this.#pods.find(({ metadata }) => metadata.name === podRef.name)?.metadata ?? {}
        if (namespace === podRef.namespace) this.#keep(podRef.name, containers)
      }
    }
  }

  #keep(name: string, containers: Summary['pods'][number]['containers']): void {
    const samples = this.#samples.get(name) ?? new Map<string, number>()
    this.#samples.set(name, samples)
    const newest = containers
      .map(({ memory }) => memory?.time ?? '')
      .sort()
      .at(-1)
    const bytes = containers.reduce((sum, { memory }) => sum + (memory?.workingSetBytes ?? 0), 0)
    if (newest && bytes > 0) samples.set(newest, bytes)
  }
}
