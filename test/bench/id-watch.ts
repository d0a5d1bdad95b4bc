import { createInterface } from 'node:readline'
import { Agent } from 'undici'
import { readStatus } from '../../src/contract/status.ts'
import type { ObjectMeta } from '../control-plane/api-objects.ts'
import type { Cluster } from '../control-plane/cluster.ts'

const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'

/** Watches the Secrets of a namespace, as a user would, and notes when the id of which chain could first be read. */
export class IdWatch {
  readonly #agent: Agent
  readonly #readable = new Map<string, number>()
  readonly #synced = new Set<string>()
  readonly #seen = new Map<string, number>()
  #ended = false

  private constructor(agent: Agent) {
    this.#agent = agent
  }

  /** Resolves when the watch is open. */
  static async open({ url, caPem, adminToken }: Cluster, namespace: string): Promise<IdWatch> {
    const agent = new Agent({ connect: { ca: caPem }, bodyTimeout: 0 })
    const { statusCode, body } = await agent.request({
      origin: url,
      path: `/api/v1/namespaces/${namespace}/secrets?watch=true&timeoutSeconds=7200`,
      method: 'GET',
      headers: { authorization: `Bearer ${adminToken}`, accept: metadataOnly },
    })
    if (statusCode !== 200) throw new Error(`the watch was answered with ${statusCode}`)
    const watch = new IdWatch(agent)
    const end = () => {
      watch.#ended = true
    }
    createInterface({ input: body })
      .on('line', (line) => watch.#take(line))
      .on('error', end)
      .on('close', end)
    return watch
  }

  /** When (ms, performance.now) the id of this chain could first be read in that Secret; undefined while it cannot. */
  readableAt(name: string, chain: string): number | undefined {
    return this.#readable.get(`${name} ${chain}`)
  }

  /** When (ms, performance.now) that Secret was seen for the first time; undefined while it was not. */
  seenAt(name: string): number | undefined {
    return this.#seen.get(name)
  }

  /** How many Secrets have had an id. */
  get synced(): number {
    return this.#synced.size
  }

  /** The watch has ended or broken: nothing more will be seen. */
  get ended(): boolean {
    return this.#ended
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  #take(line: string): void {
    const now = performance.now()
    const { object } = JSON.parse(line) as { object: { metadata?: ObjectMeta } }
    const { name = '', annotations = {} } = object.metadata ?? {}
    if (!this.#seen.has(name)) this.#seen.set(name, now)
    const { uploaded } = readStatus(annotations)
    if (!uploaded) return
    const change = `${name} ${uploaded.chainFingerprint}`
    if (!this.#readable.has(change)) this.#readable.set(change, now)
    this.#synced.add(name)
  }
}
