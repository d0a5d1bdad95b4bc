import { createInterface } from 'node:readline'
import { Agent } from 'undici'
import type { ObjectMeta } from '../control-plane/api-objects.ts'
import type { Cluster } from '../control-plane/cluster.ts'

interface WatchLine {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: { readonly metadata?: ObjectMeta }
}

/**
 * Tells of every change of the Secrets of a namespace as anybody sees it who watches them, metadata only: this is
 * when an id is readable. A watch that ends is opened again; existing Secrets are then reported again.
 */
export class SecretFeed {
  readonly #agent: Agent
  readonly #abort = new AbortController()

  constructor(cluster: Cluster, namespace: string, onChange: (metadata: ObjectMeta) => void) {
    this.#agent = new Agent({ connect: { ca: cluster.caPem }, bodyTimeout: 0 })
    void this.#follow(cluster, namespace, onChange)
  }

  async close(): Promise<void> {
    this.#abort.abort()
    await this.#agent.destroy()
  }

  async #follow(
    cluster: Cluster,
    namespace: string,
    onChange: (metadata: ObjectMeta) => void,
  ): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      // A watch that breaks is no failure of the demo: the next one begins with the state of all Secrets.
      await this.#watch(cluster, namespace, onChange).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async #watch(cluster: Cluster, namespace: string, onChange: (metadata: ObjectMeta) => void): Promise<void> {
    const { statusCode, body } = await this.#agent.request({
      origin: cluster.url,
      path: `/api/v1/namespaces/${namespace}/secrets?watch=true`,
      method: 'GET',
      headers: {
        authorization: `Bearer ${cluster.adminToken}`,
        accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      },
      signal: this.#abort.signal,
    })
    if (statusCode !== 200) return body.dump()
    for await (const line of createInterface({ input: body })) {
      const { type, object } = JSON.parse(line) as WatchLine
      if (object.metadata !== undefined && type !== 'ERROR' && type !== 'BOOKMARK') onChange(object.metadata)
    }
  }
}
