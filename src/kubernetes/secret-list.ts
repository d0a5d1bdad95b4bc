import type { KubernetesClient } from './client.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { metadataListOnly, type ObjectMeta, readPage } from './object-metadata.ts'
import { secretsPath } from './secret-path.ts'

/** The Secrets that a reflector lists and watches. */
export interface SecretSelection {
  /** Undefined: the whole cluster. */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
}

/** The query that restricts lists and watches to TLS Secrets (and to the label selector) on the server. */
export function selectionQuery(selection: SecretSelection) {
  return { fieldSelector: 'type=kubernetes.io/tls', labelSelector: selection.labelSelector }
}

export interface ListRequest extends SecretSelection {
  readonly client: KubernetesClient
  /** Secrets per page. */
  readonly limit: number
  readonly signal: AbortSignal
  /** Called for each Secret of a page. */
  readonly onSecret: (metadata: ObjectMeta) => void
  /** Called for each page, before its Secrets. */
  readonly onPage: () => void
}

/**
 * Lists the metadata of all selected Secrets in pages. Resolves with the resourceVersion from which a watch can
 * continue. The request has no resourceVersion: "0" would ignore the limit, and an API server that lags behind could
 * return older data than already seen.
 *
 * @throws KubernetesError; one that `isExpired` if the list took longer than its snapshot is kept: list again.
 */
export async function listSecrets(request: ListRequest): Promise<string> {
  const { client, signal } = request
  let limit = request.limit
  let token: string | undefined
  for (;;) {
    let body: unknown
    try {
      const query = { ...selectionQuery(request), limit, continue: token }
      const path = secretsPath(request.namespace)
      body = (await client.request({ method: 'GET', path, query, accept: metadataListOnly, signal })).body
    } catch (error) {
      // Large annotations of one tenant must not break the list for all: use smaller pages.
      if (!(error instanceof KubernetesError) || error.reason !== 'TooLarge' || limit === 1) throw error
      limit = Math.ceil(limit / 4)
      continue
    }
    const page = readPage(body)
    if (page === undefined) {
      throw new KubernetesError({
        status: 0,
        reason: 'MalformedResponse',
        message: 'the response is not a list',
      })
    }
    request.onPage()
    for (const metadata of page.items) request.onSecret(metadata)
    if (page.continue === undefined) return page.resourceVersion
    token = page.continue
  }
}
