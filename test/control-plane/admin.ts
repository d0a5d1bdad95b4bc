import { ApiClient, ApiError, applyPatch, mergePatch } from './api-client.ts'
import type { ClusterEvent, Secret, SecretContent } from './api-objects.ts'

/** The API server as a cluster administrator sees it, with the calls that tests make often. */
export class Admin extends ApiClient {
  /** Creates the namespace; one that is there already is fine. */
  async createNamespace(name: string, labels: Record<string, string> = {}): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
    await this.request('POST', '/api/v1/namespaces', { body }).catch(unless(409))
  }

  /** A namespace of a new name that starts with `prefix`. */
  async newNamespace(prefix = 'test'): Promise<string> {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { generateName: `${prefix}-` } }
    const made = await this.request<{ metadata: { name: string } }>('POST', '/api/v1/namespaces', { body })
    return made.metadata.name
  }

  /** Starts the deletion; no controller runs that would finish it, so the namespace stays in phase Terminating. */
  async deleteNamespace(name: string): Promise<void> {
    await this.request('DELETE', `/api/v1/namespaces/${name}`)
  }

  createSecret(namespace: string, name: string, content: SecretContent = {}): Promise<Secret> {
    return this.request('POST', secrets(namespace), { body: secret(namespace, name, content) })
  }

  /** A Secret of type kubernetes.io/tls (unless told otherwise); it needs `tls.crt` and `tls.key`, also empty ones. */
  createTlsSecret(namespace: string, name: string, content: SecretContent = {}): Promise<Secret> {
    const data = { 'tls.crt': '', 'tls.key': '', ...content.data }
    return this.createSecret(namespace, name, { ...content, data })
  }

  getSecret(namespace: string, name: string): Promise<Secret> {
    return this.request('GET', `${secrets(namespace)}/${name}`)
  }

  async listSecrets(namespace: string): Promise<Secret[]> {
    return (await this.request<{ items: Secret[] }>('GET', secrets(namespace))).items
  }

  /** Annotations alone, `{}` where there are none. */
  async annotations(namespace: string, name: string): Promise<Record<string, string>> {
    return (await this.getSecret(namespace, name)).metadata.annotations ?? {}
  }

  /** A merge patch as it goes out; `null` removes a key. Data must be base64 already: see `updateSecret`. */
  patchSecret(namespace: string, name: string, patch: unknown): Promise<Secret> {
    return this.request('PATCH', `${secrets(namespace)}/${name}`, { body: patch, contentType: mergePatch })
  }

  /** Sets the annotations, labels and data given and leaves the rest; `null` removes an annotation. */
  updateSecret(
    namespace: string,
    name: string,
    change: { annotations?: Record<string, string | null>; data?: Record<string, string | Uint8Array> },
  ): Promise<Secret> {
    return this.patchSecret(namespace, name, {
      ...(change.annotations && { metadata: { annotations: change.annotations } }),
      ...(change.data && { data: encode(change.data) }),
    })
  }

  /** Replaces the whole object (PUT), as someone does who knows nothing of others' annotations. */
  replaceSecret(namespace: string, name: string, content: SecretContent): Promise<Secret> {
    return this.request('PUT', `${secrets(namespace)}/${name}`, { body: secret(namespace, name, content) })
  }

  /** Server-side apply as `fieldManager`; `force` (default true) takes fields from other managers. */
  applySecret(
    namespace: string,
    name: string,
    content: SecretContent,
    { fieldManager, force = true }: { fieldManager: string; force?: boolean },
  ): Promise<Secret> {
    return this.request('PATCH', `${secrets(namespace)}/${name}`, {
      body: secret(namespace, name, content),
      contentType: applyPatch,
      query: { fieldManager, force },
    })
  }

  /** Deletes the Secret; one that is not there is fine. */
  async deleteSecret(namespace: string, name: string): Promise<void> {
    await this.request('DELETE', `${secrets(namespace)}/${name}`).catch(unless(404))
  }

  /** Events (events.k8s.io/v1) that regard the Secret, oldest first. */
  async listEvents(namespace: string, secretName: string): Promise<ClusterEvent[]> {
    const list = await this.request<{ items: ClusterEvent[] }>(
      'GET',
      `/apis/events.k8s.io/v1/namespaces/${namespace}/events`,
      { query: { fieldSelector: `regarding.kind=Secret,regarding.name=${secretName}` } },
    )
    return list.items.sort((a, b) => time(a).localeCompare(time(b)))
  }

  /**
   * Waits until `holds` says true of the Secret (`undefined` when it does not exist), looking every 25 ms.
   * @throws Error after `timeoutMs` (default 30 s) that names `what` and the annotations last seen; never data.
   */
  async eventually(
    namespace: string,
    name: string,
    what: string,
    holds: (secret: Secret | undefined) => boolean,
    timeoutMs = 30_000,
  ): Promise<Secret | undefined> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const seen = await this.getSecret(namespace, name).catch(unless(404))
      if (holds(seen)) return seen
      if (performance.now() > deadline) {
        const annotations = JSON.stringify(seen?.metadata.annotations, null, 2)
        throw new Error(
          `${namespace}/${name}: not within ${timeoutMs} ms: ${what}. Last seen: ${annotations}`,
        )
      }
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
}

/** For `.catch()`: turns an ApiError of that status into undefined and throws everything else. */
export function unless(status: number): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof ApiError && error.status === status) return undefined
    throw error
  }
}

function secrets(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/secrets`
}

function secret(namespace: string, name: string, content: SecretContent) {
  const { annotations, labels, data, type = 'kubernetes.io/tls' } = content
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, ...(annotations && { annotations }), ...(labels && { labels }) },
    type,
    ...(data && { data: encode(data) }),
  }
}

function encode(data: Record<string, string | Uint8Array>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  )
}

function time(event: ClusterEvent): string {
  return event.eventTime ?? event.metadata.creationTimestamp ?? ''
}
