import { randomBytes } from 'node:crypto'
import type { EventRecorder } from '../ports/events.ts'

/** The Event to record. */
export type RecordedEvent = Parameters<EventRecorder['record']>[0]

/** One Event and its repetitions. Times in ms since the Unix epoch. */
export interface Occurrences {
  readonly event: RecordedEvent
  /** Of the Event object. */
  readonly objectName: string
  readonly firstAt: number
  readonly lastAt: number
  readonly count: number
}

const reportingController = 'tencent-cert-sync.io/operator'
/** The API server rejects longer notes (events.k8s.io/v1, field `note`; bytes of UTF-8). */
const longestNote = 1024
/** The limit of the field `reportingInstance`. */
const longestInstance = 128

/** The path of all Events of a namespace. */
export function eventsPath(namespace: string): string {
  return `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`
}

/** A unique name: the Secret's, truncated to leave room, and a random suffix. */
export function eventName(secretName: string): string {
  return `${secretName.slice(0, 200).replace(/[-.]+$/, '')}.${randomBytes(8).toString('hex')}`
}

/** The Event as it is created. @param instance which of the operator's pods reports it. */
export function eventObject(occurrences: Occurrences, instance: string) {
  const { event, objectName, firstAt } = occurrences
  const { namespace, name, uid } = event.secret
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: objectName, namespace },
    eventTime: microTime(firstAt),
    reportingController,
    reportingInstance: instance.slice(0, longestInstance),
    regarding: { apiVersion: 'v1', kind: 'Secret', namespace, name, uid },
    type: event.type,
    reason: event.reason,
    action: event.action,
    note: cutToBytes(event.message, longestNote),
    ...eventSeries(occurrences),
  }
}

/** The series of an Event that was observed more than once; also the patch that adds it later. */
export function eventSeries({ count, lastAt }: Occurrences) {
  return count > 1 ? { series: { count, lastObservedTime: microTime(lastAt) } } : {}
}

/** RFC 3339 with microseconds, as `MicroTime` requires. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}

/** The text, truncated with an ellipsis if it is longer. Never splits a character. */
export function cutToBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text)
  if (encoded.length <= bytes) return text
  const ellipsis = '…'
  const room = encoded.subarray(0, bytes - Buffer.byteLength(ellipsis))
  // In stream mode the decoder withholds an incomplete character.
  return new TextDecoder().decode(room, { stream: true }) + ellipsis
}
