import type { Clock } from '../clock.ts'
import type { KubernetesClient } from './client.ts'
import { errorOfStatus, KubernetesError } from './kubernetes-error.ts'
import { metadataOnly, readWatchEvent, type WatchEvent } from './object-metadata.ts'
import { type SecretSelection, selectionQuery } from './secret-list.ts'
import { secretsPath } from './secret-path.ts'
import { jsonLines } from './watch-stream.ts'

export interface WatchRequest extends SecretSelection {
  readonly client: KubernetesClient
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Where the watch continues. Undefined: it begins with all existing Secrets (WatchList). */
  readonly resourceVersion: string | undefined
  /** Between 0 and 1. */
  readonly random: () => number
  readonly onOpen: () => void
  /** Called when data is received. */
  readonly onHeard: () => void
  readonly onEvent: (event: Exclude<WatchEvent, { readonly type: 'ERROR' }>) => void
}

/** An API server that supports WatchList sends all Secrets and the final bookmark without a pause this long. */
const initialSilenceMs = 10_000

/** The API server does not support WatchList: list in pages. */
export class WatchListUnavailable extends Error {
  override readonly name = 'WatchListUnavailable'
}

/**
 * Watches the metadata of the selected Secrets. Resolves when the server ends the watch, after 290 to 590 s:
 * random, so that not all watches end at once.
 *
 * Bookmarks are sent about once a minute, so after 80 to 90 s without data the connection is considered dead, even if it
 * is open.
 *
 * @throws KubernetesError, also for an ERROR event of the watch; WatchListUnavailable; the signal's reason when aborted.
 */
export async function watchSecrets(request: WatchRequest): Promise<void> {
  const { clock, signal, random } = request
  let initial = request.resourceVersion === undefined
  const silenceMs = 80_000 + random() * 10_000
  const connection = new AbortController()
  const abort = () => connection.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  let stopTimer = () => {}
  const expectBytes = () => {
    stopTimer()
    stopTimer = clock.after(initial ? initialSilenceMs : silenceMs, () =>
      connection.abort(initial ? new WatchListUnavailable('the initial events did not end') : silent()),
    )
  }
  try {
    signal.throwIfAborted()
    const chunks = await open(request, connection.signal)
    request.onOpen()
    expectBytes()
    const heard = async function* () {
      for await (const chunk of chunks) {
        expectBytes()
        request.onHeard()
        yield chunk
      }
    }
    for await (const line of jsonLines(heard())) {
      const event = readWatchEvent(line)
      if (event === undefined) continue
      if (event.type === 'ERROR') throw errorOfStatus(event.status.code ?? 500, event.status)
      if (initial && event.type === 'BOOKMARK') {
        // Before 1.27 the parameter is ignored: bookmarks are sent, but never the one that ends the initial events.
        if (!event.initialEventsEnd) throw new WatchListUnavailable('the initial events are not marked')
        initial = false
        expectBytes()
      }
      request.onEvent(event)
    }
  } finally {
    stopTimer()
    signal.removeEventListener('abort', abort)
    connection.abort()
  }
}

async function open(request: WatchRequest, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
  const { client, resourceVersion, random } = request
  const initial = resourceVersion === undefined
  try {
    return await client.stream({
      method: 'GET',
      path: secretsPath(request.namespace),
      query: {
        ...selectionQuery(request),
        watch: true,
        allowWatchBookmarks: true,
        timeoutSeconds: Math.round(290 + random() * 300),
        resourceVersion,
        ...(initial && { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }),
      },
      accept: metadataOnly,
      signal,
    })
  } catch (error) {
    const refused = error instanceof KubernetesError && [400, 405, 415, 422].includes(error.status)
    if (initial && refused) throw new WatchListUnavailable(error.message)
    throw error
  }
}

function silent(): KubernetesError {
  return new KubernetesError({ status: 0, reason: 'Timeout', message: 'the watch received no data' })
}
