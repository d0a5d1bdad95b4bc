import { statusPrefix } from '../../../../src/contract/annotation-keys.ts'
import { createKubernetesClient } from '../../../../src/kubernetes/client.ts'
import { metadataOnly } from '../../../../src/kubernetes/object-metadata.ts'
import { jsonLines } from '../../../../src/kubernetes/watch-stream.ts'
import type { ObjectMeta } from '../../../control-plane/api-objects.ts'

/** One state of a Secret as a watch told of it. */
export interface SecretState {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly annotations: Readonly<Record<string, string>>
}

/** Every state that one Secret went through from the start on, metadata only. Close it. */
export class SecretHistory {
  readonly #states: SecretState[] = []
  readonly #abort = new AbortController()
  readonly #ended: Promise<void>
  #failure: unknown

  /** Resolves at once; the state that is there already comes first. */
  constructor(kubeconfig: string, namespace: string, name: string) {
    this.#ended = this.#follow(kubeconfig, namespace, name).catch((error: unknown) => {
      if (!this.#abort.signal.aborted) this.#failure = error
    })
  }

  /** So far. @throws Error where the watch broke: something may be missing */
  get states(): readonly SecretState[] {
    if (this.#failure !== undefined) throw this.#failure
    return this.#states
  }

  /** How often somebody changed what is not ours, and how often our own annotations changed. */
  get writes(): { readonly foreign: number; readonly own: number } {
    const pairs = this.states.slice(1).map((state, index) => [this.states[index], state] as const)
    const differ = (pick: (key: string) => boolean) =>
      pairs.filter(([before, after]) => part(before, pick) !== part(after, pick)).length
    const own = differ((key) => key.startsWith(statusPrefix))
    return { own, foreign: pairs.length - own }
  }

  async close(): Promise<void> {
    this.#abort.abort()
    await this.#ended
  }

  async #follow(kubeconfig: string, namespace: string, name: string): Promise<void> {
    const client = createKubernetesClient({ kubeconfig })
    const { signal } = this.#abort
    try {
      const stream = await client.stream({
        method: 'GET',
        path: `/api/v1/namespaces/${namespace}/secrets`,
        query: { watch: true, fieldSelector: `metadata.name=${name}`, timeoutSeconds: 3_600 },
        accept: metadataOnly,
        signal,
      })
      for await (const line of jsonLines(stream)) {
        const { type, object } = line as { type: SecretState['type']; object: { metadata: ObjectMeta } }
        this.#states.push({ type, annotations: object.metadata.annotations ?? {} })
      }
      if (!signal.aborted) throw new Error('the watch ended')
    } finally {
      client.close()
    }
  }
}

function part(state: SecretState | undefined, pick: (key: string) => boolean): string {
  const entries = Object.entries(state?.annotations ?? {}).filter(([key]) => pick(key))
  return JSON.stringify(entries.sort(([a], [b]) => a.localeCompare(b)))
}
