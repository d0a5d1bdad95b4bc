import type { KubernetesClient } from './client.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { type Lease, type LeaseSpec, readLease } from './lease.ts'

/**
 * One Lease. Every method throws an Error when the API server is unreachable or denies the request. The signal ends a
 * call at once; the server may have processed it or not.
 */
export interface LeaseStore {
  /** Undefined if it does not exist. */
  get(signal: AbortSignal): Promise<Lease | undefined>
  /** Undefined if it exists already. */
  create(spec: LeaseSpec, signal: AbortSignal): Promise<Lease | undefined>
  /** Replaces the spec; undefined if the Lease has changed since it was read. */
  update(read: Lease, spec: LeaseSpec, signal: AbortSignal): Promise<Lease | undefined>
}

export interface LeaseStoreOptions {
  readonly client: KubernetesClient
  readonly namespace: string
  readonly name: string
  /** For each call, ms. */
  readonly timeoutMs: number
}

const apiVersion = 'coordination.k8s.io/v1'

/** A Lease in the API server. Needs `create` on leases, and `get` and `update` on this one. */
export class KubernetesLeaseStore implements LeaseStore {
  readonly #client: KubernetesClient
  readonly #name: string
  readonly #path: string
  readonly #timeoutMs: number

  constructor({ client, namespace, name, timeoutMs }: LeaseStoreOptions) {
    this.#client = client
    this.#name = name
    this.#path = `/apis/${apiVersion}/namespaces/${encodeURIComponent(namespace)}/leases`
    this.#timeoutMs = timeoutMs
  }

  get(signal: AbortSignal): Promise<Lease | undefined> {
    return this.#request('GET', `${this.#path}/${this.#name}`, undefined, 404, signal)
  }

  create(spec: LeaseSpec, signal: AbortSignal): Promise<Lease | undefined> {
    return this.#request('POST', this.#path, { metadata: { name: this.#name }, spec }, 409, signal)
  }

  async update(read: Lease, spec: LeaseSpec, signal: AbortSignal): Promise<Lease | undefined> {
    // The metadata contains the resourceVersion: a Lease that has changed is not overwritten.
    const body = { metadata: read.metadata, spec }
    return this.#request('PUT', `${this.#path}/${this.#name}`, body, 409, signal).catch((error: unknown) => {
      if (error instanceof KubernetesError && error.status === 404) return undefined
      throw error
    })
  }

  /** Undefined if the response has the status `otherwise`. */
  async #request(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    object: object | undefined,
    otherwise: number,
    signal: AbortSignal,
  ): Promise<Lease | undefined> {
    const body = object && { apiVersion, kind: 'Lease', ...object }
    let answer: unknown
    try {
      answer = (await this.#client.request({ method, path, body, signal, timeoutMs: this.#timeoutMs })).body
    } catch (error) {
      if (error instanceof KubernetesError && error.status === otherwise) return undefined
      throw error
    }
    const lease = readLease(answer)
    if (lease) return lease
    throw new KubernetesError({
      status: 0,
      reason: 'MalformedResponse',
      message: 'the response is not a Lease',
    })
  }
}
