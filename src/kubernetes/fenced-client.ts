import type { Fence } from '../ports/fence.ts'
import type { KubernetesClient, KubernetesRequest, KubernetesResponse } from './client.ts'

/**
 * A client that allows writes only while this process leads: it checks the fence before each request that is not a GET.
 * `request` then also throws a NotLeadingError. A standby may read and watch.
 *
 * A write that slips through (the process is paused between this check and the socket) is harmless: a status write names
 * the resourceVersion it is based on, and conflicts once the next leader has written (I4).
 */
export class FencedClient implements KubernetesClient {
  readonly #client: KubernetesClient
  readonly #fence: Fence

  constructor(client: KubernetesClient, fence: Fence) {
    this.#client = client
    this.#fence = fence
  }

  get server(): string {
    return this.#client.server
  }

  async request<T>(request: KubernetesRequest): Promise<KubernetesResponse<T>> {
    if (request.method !== 'GET') this.#fence.check()
    return this.#client.request<T>(request)
  }

  stream(request: KubernetesRequest): Promise<AsyncIterable<Buffer>> {
    return this.#client.stream(request)
  }

  close(): void {
    this.#client.close()
  }
}
