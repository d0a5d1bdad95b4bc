import { randomBytes } from 'node:crypto'
import type { EventRecorder } from '../ports/events.ts'

/** What is to be recorded. */
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
/** The API server refuses longer ones (events.k8s.io/v1, field `note`; bytes of UTF-8). */
const longestNote = 1024
/** Likewise, field `reportingInstance`. */
const longestInstance = 128

/** The path of all Events of a namespace. */
export function eventsPath(namespace: string): string {
  return `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`
}

/** A name that no other Event has: the Secret's, cut to leave room, and something random. */
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

/** What says that an Event happened more than once; also the patch that says it afterwards. */
export function eventSeries({ count, lastAt }: Occurrences) {
  return count > 1 ? { series: { count, lastObservedTime: microTime(lastAt) } } : {}
}

/** RFC 3339 with microseconds, which `MicroTime` insists on. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}

/** The text, or as much of it as fits with an ellipsis. Never half a character. */
export function cutToBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text)
  if (encoded.length <= bytes) return text
  const ellipsis = '…'
  const room = encoded.subarray(0, bytes - Buffer.byteLength(ellipsis))
  // In stream mode the decoder holds an unfinished character back.
  return new TextDecoder().decode(room, { stream: true }) + ellipsis
}
