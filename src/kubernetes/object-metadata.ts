import type { ObjectKey } from '../ports/secrets.ts'
import { isRecord, type StatusBody } from './kubernetes-error.ts'

/**
 * Asks for the metadata of one object only. A PATCH needs it as well: its answer is otherwise the whole Secret, private
 * key included (I3).
 */
export const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
/** Asks for the metadata of a list of objects only. */
export const metadataListOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'

/** The metadata of an object, as far as the operator reads it. */
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

/** Reads one line of a watch; undefined when it is none. Types that are not known are none. */
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

/** Reads a page of a list; undefined when it is none. An empty metadata list has `"items": null`. */
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
