import type { ObjectKey } from '../ports/secrets.ts'
import { isRecord, type StatusBody } from './kubernetes-error.ts'

/**
 * Requests only the metadata of one object. A PATCH needs it as well: it is otherwise answered with the whole Secret,
 * including the private key (I3).
 */
export const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
/** Requests only the metadata of a list of objects. */
export const metadataListOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

/** The metadata of an object that the operator reads. */
export interface ObjectMeta {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly resourceVersion: string
  readonly deletionTimestamp?: string | null
  readonly annotations?: Readonly<Record<string, string>> | null
}

/** One line of a watch. */
export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly metadata: ObjectMeta }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }
  | { readonly type: 'ERROR'; readonly status: StatusBody }

/** One page of a list. */
export interface MetadataPage {
  readonly items: readonly ObjectMeta[]
  readonly resourceVersion: string
  /** Undefined on the last page. */
  readonly continue: string | undefined
}

/** Parses one line of a watch; undefined if it is not an event of a known type. */
export function readWatchEvent(line: unknown): WatchEvent | undefined {
  if (!isRecord(line) || !isRecord(line['object'])) return undefined
  const { type, object } = line
  if (type === 'ERROR') return { type, status: object }
  if (type === 'BOOKMARK') {
    const metadata = isRecord(object['metadata']) ? object['metadata'] : {}
    const { resourceVersion, annotations } = metadata
    if (typeof resourceVersion !== 'string') return undefined
    const marked = isRecord(annotations) && annotations['k8s.io/initial-events-end'] === 'true'
    return { type, resourceVersion, initialEventsEnd: marked }
  }
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED') return undefined
  return isObjectMeta(object['metadata']) ? { type, metadata: object['metadata'] } : undefined
}

/** Parses a page of a list; undefined if it is not one. An empty metadata list has `"items": null`. */
export function readPage(body: unknown): MetadataPage | undefined {
  if (!isRecord(body) || !isRecord(body['metadata'])) return undefined
  const { resourceVersion, continue: token } = body['metadata']
  if (typeof resourceVersion !== 'string') return undefined
  const items: ObjectMeta[] = []
  for (const item of Array.isArray(body['items']) ? body['items'] : []) {
    if (!isRecord(item) || !isObjectMeta(item['metadata'])) return undefined
    items.push(item['metadata'])
  }
  return { items, resourceVersion, continue: typeof token === 'string' && token !== '' ? token : undefined }
}

/** `namespace/name`. */
export function keyOf(metadata: ObjectMeta): ObjectKey {
  return `${metadata.namespace}/${metadata.name}`
}

function isObjectMeta(value: unknown): value is ObjectMeta {
  return (
    isRecord(value) &&
    typeof value['name'] === 'string' &&
    typeof value['namespace'] === 'string' &&
    typeof value['uid'] === 'string' &&
    typeof value['resourceVersion'] === 'string'
  )
}
