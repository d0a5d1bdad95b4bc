import type { ApiClient } from '../control-plane/api-client.ts'
import { applyPatch } from '../control-plane/api-client.ts'
import type { KubernetesObject } from './kubernetes-object.ts'

interface ResourceList {
  readonly resources: readonly {
    readonly name: string
    readonly kind: string
    readonly namespaced: boolean
  }[]
}

/** Applies objects of any kind to an API server. */
export class Resources {
  readonly #client: ApiClient
  readonly #lists = new Map<string, Promise<ResourceList>>()

  constructor(client: ApiClient) {
    this.#client = client
  }

  /**
   * Applies the object (server-side apply, unknown fields are errors) and returns what the API server made of it.
   * @param dryRun everything happens, admission too, but nothing is kept
   * @throws ApiError
   */
  async apply(object: KubernetesObject, { dryRun = false } = {}): Promise<KubernetesObject> {
    const query = {
      fieldManager: 'test',
      force: true,
      fieldValidation: 'Strict',
      ...(dryRun && { dryRun: 'All' }),
    }
    const path = await this.pathOf(object)
    return this.#client.request('PATCH', path, { body: object, contentType: applyPatch, query })
  }

  /** Deletes the object. */
  async delete(object: KubernetesObject): Promise<void> {
    await this.#client.request('DELETE', await this.pathOf(object))
  }

  /** Where the API server keeps the object. @throws Error for a kind that it does not have. */
  async pathOf({ apiVersion, kind, metadata }: KubernetesObject): Promise<string> {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    const found = (await this.#list(root)).resources.find(
      (each) => each.kind === kind && !each.name.includes('/'),
    )
    if (found === undefined) throw new Error(`the API server has no ${kind} of ${apiVersion}`)
    const scope = found.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : ''
    return `${root}${scope}/${found.name}/${metadata.name}`
  }

  #list(root: string): Promise<ResourceList> {
    const known = this.#lists.get(root) ?? this.#client.request<ResourceList>('GET', root)
    this.#lists.set(root, known)
    return known
  }
}
