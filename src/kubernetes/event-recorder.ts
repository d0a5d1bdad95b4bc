import { hostname } from 'node:os'
import type { Clock } from '../clock.ts'
import type { EventRecorder } from '../ports/events.ts'
import type { Log } from '../ports/log.ts'
import { backoffMs } from './backoff.ts'
import type { KubernetesClient } from './client.ts'
import {
  eventName,
  eventObject,
  eventSeries,
  eventsPath,
  type Occurrences,
  type RecordedEvent,
} from './event-object.ts'
import { EventQueue } from './event-queue.ts'
import { KubernetesError } from './kubernetes-error.ts'

export interface EventRecorderOptions {
  readonly client: KubernetesClient
  readonly clock: Clock
  readonly log: Log
  /** Default: the host name. */
  readonly instance?: string
}

/** Repetitions within this time update the existing Event, as in client-go. */
const seriesLifeMs = 6 * 60_000
/** The count of a series is written at most this often. */
const seriesPaceMs = 10_000
const longestQueue = 1000
const mostSeries = 1000
const mostAttempts = 4

/** An Event that may still repeat. */
interface Series extends Occurrences {
  readonly key: string
  objectName: string
  lastAt: number
  count: number
  /** The count last written to the API server; 0 before the Event is created. */
  written: number
  writtenAt: number
  /** Cancels the timer that requeues it. */
  paced: (() => void) | undefined
}

/**
 * Records Events (events.k8s.io/v1) on Secrets, one at a time and in the background, on a best-effort basis. An Event is
 * dropped if the API server rejects it (missing permission, terminating namespace), after four failed attempts, or when more than
 * 1,000 wait and it is the oldest of the namespace that has most. Namespaces take turns. A repetition within six minutes only increases the count.
 */
export class KubernetesEventRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #instance: string
  readonly #closing = new AbortController()
  /** Least recently seen first. */
  readonly #series = new Map<string, Series>()
  readonly #queue = new EventQueue<Series>(longestQueue)
  #working: Promise<void> | undefined

  constructor(options: EventRecorderOptions) {
    this.#options = options
    this.#instance = options.instance ?? hostname()
  }

  record(event: RecordedEvent): void {
    if (this.#closing.signal.aborted) return
    const { clock } = this.#options
    const key = JSON.stringify([event.secret.uid, event.type, event.reason, event.action, event.message])
    const now = clock.now()
    const known = this.#series.get(key)
    const repeats = known !== undefined && now - known.lastAt < seriesLifeMs
    const series: Series = repeats
      ? known
      : {
          key,
          event,
          objectName: eventName(event.secret.name),
          firstAt: now,
          lastAt: now,
          count: 0,
          written: 0,
          writtenAt: 0,
          paced: undefined,
        }
    series.count += 1
    series.lastAt = now
    this.#series.delete(key)
    this.#series.set(key, series)
    if (this.#series.size > mostSeries) this.#forgetOldest()
    this.#schedule(series)
  }

  /** Resolves when all Events recorded so far are written or dropped. */
  async flush(): Promise<void> {
    for (const series of this.#series.values()) {
      if (series.paced === undefined) continue
      series.paced()
      series.paced = undefined
      this.#enqueue(series)
    }
    await this.#working
  }

  /** Flushes for at most `deadlineMs`, then drops the rest. Later Events are ignored. Never rejects. */
  async close(deadlineMs: number): Promise<void> {
    const cancel = this.#options.clock.after(deadlineMs, () => this.#closing.abort())
    await this.flush()
    cancel()
    this.#closing.abort()
    for (const series of this.#series.values()) series.paced?.()
    this.#series.clear()
    this.#queue.clear()
  }

  #schedule(series: Series): void {
    if (series.paced !== undefined || this.#queue.has(series, namespaceOf(series))) return
    const waitMs = series.written === 0 ? 0 : series.writtenAt + seriesPaceMs - this.#options.clock.elapsed()
    // The first repetition makes it a series and is written at once.
    if (waitMs <= 0 || series.written === 1) {
      this.#enqueue(series)
      return
    }
    series.paced = this.#options.clock.after(waitMs, () => {
      series.paced = undefined
      this.#enqueue(series)
    })
  }

  #enqueue(series: Series): void {
    const dropped = this.#queue.add(series, namespaceOf(series))
    if (dropped) this.#drop(dropped, 'too many Events are waiting')
    this.#working ??= this.#work()
  }

  async #work(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const series = this.#queue.take()
      if (!series) break
      await this.#write(series)
      if (series.count > series.written && this.#series.get(series.key) === series) this.#schedule(series)
    }
    // Synchronously after the queue was found empty: a later Event starts a new worker.
    this.#working = undefined
  }

  async #write(series: Series): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#closing
    for (let attempt = 1; ; attempt++) {
      const { count } = series
      try {
        await this.#send(series, signal)
        series.written = count
        series.writtenAt = clock.elapsed()
        return
      } catch (error) {
        if (signal.aborted) return
        const status = error instanceof KubernetesError ? error.status : 0
        if (status === 409 && series.written === 0) {
          // Created by an attempt whose response was lost.
          series.written = 1
          series.writtenAt = clock.elapsed()
          return
        }
        const refused = status >= 400 && status < 500 && ![401, 408, 429].includes(status)
        if (refused || attempt === mostAttempts) {
          this.#drop(series, error instanceof KubernetesError ? error.message : 'unexpected error')
          return
        }
        await clock.sleep(backoffMs(attempt + 2, error, Math.random()), signal).catch(() => {})
        if (signal.aborted) return
      }
    }
  }

  async #send(series: Series, signal: AbortSignal): Promise<void> {
    const { client } = this.#options
    const path = eventsPath(series.event.secret.namespace)
    if (series.written > 0) {
      try {
        await client.request({
          method: 'PATCH',
          path: `${path}/${series.objectName}`,
          contentType: 'application/merge-patch+json',
          body: eventSeries(series),
          signal,
        })
        return
      } catch (error) {
        if (!(error instanceof KubernetesError) || error.status !== 404) throw error
        // Events expire after an hour.
        series.objectName = eventName(series.event.secret.name)
        series.written = 0
      }
    }
    await client.request({ method: 'POST', path, body: eventObject(series, this.#instance), signal })
  }

  #drop(series: Series, why: string): void {
    series.paced?.()
    series.paced = undefined
    if (this.#series.get(series.key) === series) this.#series.delete(series.key)
    const { namespace, name } = series.event.secret
    this.#options.log.debug(
      { namespace, name, reason: series.event.reason, error: why },
      'failed to record an Event',
    )
  }

  #forgetOldest(): void {
    const [oldest] = this.#series.values()
    if (oldest === undefined) return
    oldest.paced?.()
    oldest.paced = undefined
    this.#series.delete(oldest.key)
  }
}

function namespaceOf({ event }: Series): string {
  return event.secret.namespace
}
