import { splitKey } from '../contract/object-key.ts'
import type {
  ObjectKey,
  SecretReference,
  SecretSnapshot,
  SecretStore,
  WriteOutcome,
} from '../ports/secrets.ts'
import type { KubernetesClient } from './client.ts'
import { isRecord, KubernetesError } from './kubernetes-error.ts'
import { metadataOnly, type ObjectMeta } from './object-metadata.ts'
import { secretPath } from './secret-path.ts'

/** The operator's name in `managedFields`. */
export const fieldManager = 'tencent-cert-sync'

const dataKeys = ['tls.crt', 'tls.key', 'ca.crt'] as const

/** Reads and annotates Secrets through the API server. */
export class KubernetesSecretStore implements SecretStore {
  readonly #client: KubernetesClient

  constructor(client: KubernetesClient) {
    this.#client = client
  }

  async get(key: ObjectKey, signal: AbortSignal): Promise<SecretSnapshot | undefined> {
    const { namespace, name } = splitKey(key)
    try {
      const { body } = await this.#client.request<unknown>({
        method: 'GET',
        path: secretPath(namespace, name),
        signal,
      })
      return snapshotOf(body)
    } catch (error) {
      if (error instanceof KubernetesError && error.status === 404) return undefined
      throw error
    }
  }

  async annotate(
    reference: SecretReference,
    annotations: Readonly<Record<string, string | null>>,
    signal: AbortSignal,
  ): Promise<WriteOutcome> {
    const { namespace, name, uid, resourceVersion } = reference
    try {
      const { body } = await this.#client.request<{ metadata?: Partial<ObjectMeta> }>({
        method: 'PATCH',
        path: secretPath(namespace, name),
        query: { fieldManager },
        contentType: 'application/merge-patch+json',
        accept: metadataOnly,
        body: { metadata: { uid, resourceVersion, annotations } },
        signal,
      })
      const written = body?.metadata?.resourceVersion
      if (typeof written !== 'string') throw malformed()
      return { kind: 'written', resourceVersion: written }
    } catch (error) {
      const outcome = error instanceof KubernetesError ? outcomeOf(error) : undefined
      if (outcome === undefined) throw error
      return outcome
    }
  }
}

/**
 * What a failed write means; undefined if the failure is not about this write but about the API server or missing
 * permissions. A Secret that was recreated has another uid: the API server responds with 422 ("field is immutable").
 */
export function outcomeOf(error: KubernetesError): WriteOutcome | undefined {
  const { status, message, deniedByAuthorizer } = error
  if (status === 404 || status === 409) return { kind: 'stale' }
  if (status === 422 && error.fields.includes('metadata.uid')) return { kind: 'stale' }
  if (status < 400 || status >= 500 || [401, 408, 425, 429].includes(status)) return undefined
  // Permissions are missing, or not loaded yet after the API server's start. Every other 403 is about this write.
  if (deniedByAuthorizer) return undefined
  return { kind: 'refused', message }
}

function snapshotOf(body: unknown): SecretSnapshot {
  if (!isRecord(body) || !isRecord(body['metadata'])) throw malformed()
  const { namespace, name, uid, resourceVersion, annotations, deletionTimestamp } = body['metadata']
  if (
    typeof namespace !== 'string' ||
    typeof name !== 'string' ||
    typeof uid !== 'string' ||
    typeof resourceVersion !== 'string'
  ) {
    throw malformed()
  }
  const stored = isRecord(body['data']) ? body['data'] : {}
  const data: Record<string, Buffer | undefined> = {}
  for (const key of dataKeys) {
    const value = stored[key]
    if (typeof value === 'string') data[key] = Buffer.from(value, 'base64')
  }
  return {
    namespace,
    name,
    uid,
    resourceVersion,
    annotations: isRecord(annotations) ? (annotations as Record<string, string>) : {},
    data,
    deleting: deletionTimestamp !== undefined && deletionTimestamp !== null,
  }
}

function malformed(): KubernetesError {
  return new KubernetesError({
    status: 0,
    reason: 'MalformedResponse',
    message: 'the response is not a Secret',
  })
}
