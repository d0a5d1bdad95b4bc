import { userKeys } from '../../contract/annotation-keys.ts'

/** A Secret's metadata as a list or a watch shows it, opted in unless said otherwise. */
export function partialSecret(name: string, resourceVersion: number, annotations?: Record<string, string>) {
  return {
    apiVersion: 'meta.k8s.io/v1',
    kind: 'PartialObjectMetadata',
    metadata: {
      namespace: 'shop',
      name,
      uid: `uid-of-${name}`,
      resourceVersion: String(resourceVersion),
      annotations: annotations ?? { [userKeys.upload]: 'true' },
    },
  }
}

export function added(name: string, resourceVersion: number, annotations?: Record<string, string>) {
  return { type: 'ADDED', object: partialSecret(name, resourceVersion, annotations) }
}

export function modified(name: string, resourceVersion: number, annotations?: Record<string, string>) {
  return { type: 'MODIFIED', object: partialSecret(name, resourceVersion, annotations) }
}

export function deleted(name: string, resourceVersion: number) {
  return { type: 'DELETED', object: partialSecret(name, resourceVersion) }
}

export function bookmark(resourceVersion: number) {
  const metadata = { resourceVersion: String(resourceVersion) }
  return { type: 'BOOKMARK', object: { kind: 'PartialObjectMetadata', metadata } }
}

/** The bookmark that closes the initial events of a WatchList. */
export function initialEventsEnd(resourceVersion: number) {
  const annotations = { 'k8s.io/initial-events-end': 'true' }
  const metadata = { resourceVersion: String(resourceVersion), annotations }
  return { type: 'BOOKMARK', object: { kind: 'PartialObjectMetadata', metadata } }
}

/** A `Status`, as an answer or inside a watch. */
export function status(code: number, reason: string, message = reason) {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message }
}

export function errorEvent(code: number, reason: string) {
  return { type: 'ERROR', object: status(code, reason) }
}

/** A page of a metadata list. */
export function page(resourceVersion: number, items: readonly unknown[] | null, token?: string) {
  return {
    kind: 'PartialObjectMetadataList',
    metadata: { resourceVersion: String(resourceVersion), ...(token && { continue: token }) },
    items,
  }
}
