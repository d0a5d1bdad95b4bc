import type { Fence } from '../ports/fence.ts'
import type { KubernetesClient, KubernetesRequest, KubernetesResponse } from './client.ts'

/**
 * A client through which only the leader changes anything: asks the fence right before each request that is not a GET.
 * `request` then also throws a NotLeadingError. Reading and watching are free: a standby does both.
 *
 * A write that slips through (the process is stopped between this look and the socket) does no harm: a status names the
 * resourceVersion that it was decided on, and fails when the next leader has written (I4).
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
