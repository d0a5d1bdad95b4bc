import type { KubernetesClient } from './client.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { metadataListOnly, type ObjectMeta, readPage } from './object-metadata.ts'
import { secretsPath } from './secret-path.ts'

/** Which Secrets a reflector is about. */
export interface SecretSelection {
  /** Undefined: the whole cluster. */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
}

/** The query that narrows lists and watches to TLS Secrets (and to the labels asked for) on the server. */
export function selectionQuery(selection: SecretSelection) {
  return { fieldSelector: 'type=kubernetes.io/tls', labelSelector: selection.labelSelector }
}

export interface ListRequest extends SecretSelection {
  readonly client: KubernetesClient
  /** Secrets a page. */
  readonly limit: number
  readonly signal: AbortSignal
  /** Called for each Secret as its page arrives. */
  readonly onSecret: (metadata: ObjectMeta) => void
  /** Called as each page has arrived. */
  readonly onPage: () => void
}

/**
 * Lists the metadata of all selected Secrets page by page. Resolves with the resourceVersion that a watch can go on
 * from. Asked without a resourceVersion: "0" would ignore the limit, and an API server that lags behind
 * could show an older world than the one already seen.
 *
 * @throws KubernetesError; one that `isExpired` when the list took longer than its snapshot lives: list again.
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
      // Somebody filled their annotations: smaller pages, or they could stop the list for everybody.
      if (!(error instanceof KubernetesError) || error.reason !== 'TooLarge' || limit === 1) throw error
      limit = Math.ceil(limit / 4)
      continue
    }
    const page = readPage(body)
    if (page === undefined) {
      throw new KubernetesError({ status: 0, reason: 'MalformedResponse', message: 'the answer is no list' })
    }
    request.onPage()
    for (const metadata of page.items) request.onSecret(metadata)
    if (page.continue === undefined) return page.resourceVersion
    token = page.continue
  }
}
