import { createHash } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { statusKeys, statusPrefix } from '../../contract/annotation-keys.ts'
import type { EventRecorder } from '../../ports/events.ts'
import type { Log } from '../../ports/log.ts'
import type { Metrics } from '../../ports/metrics.ts'
import type { ObjectKey, SecretReference, SecretSnapshot, SecretStore } from '../../ports/secrets.ts'
import type { Reason } from '../../reasons.ts'
import type { Outcome, StatusSlice } from '../step.ts'
import { RefusedWrites } from './refused-writes.ts'
import { statusPatch } from './status-patch.ts'
import { WriteBudget } from './write-budget.ts'

/** What became of a write. `later`: reconcile again after `retryMs`; `stale`: the Secret moved on, reconcile at once. */
export type WriteResult =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'written'; readonly resourceVersion: string }
  | { readonly kind: 'stale' }
  | { readonly kind: 'later'; readonly retryMs: number }

export interface StatusWriterParts {
  readonly clock: Clock
  readonly store: SecretStore
  readonly events: EventRecorder
  readonly metrics: Metrics
  readonly log: Log
  /** Nothing is written: it is counted. */
  readonly dryRun: boolean
  /** Asks for a reconcile of keys whose refused write may be accepted now. */
  readonly wake: (keys: Iterable<ObjectKey>) => void
}

/** All that is to be written down of one reconcile: outcomes to report, and slices that are book-keeping only. */
export interface StatusWrite {
  readonly outcomes: readonly Outcome[]
  readonly slices: readonly StatusSlice[]
}

/** A fight over the status annotations is reported again after so long, ms. */
const contestedAgainMs = 60 * 60_000

/**
 * The only writer of status: merges the slices of all capabilities into one patch, then the Event, the log line and the
 * metric, and only on change.
 */
export class StatusWriter {
  readonly #parts: StatusWriterParts
  readonly #budget: WriteBudget
  readonly #refused: RefusedWrites
  /** Outcomes whose write was not answered: reported when they turn out to be written. */
  readonly #unconfirmed = new Map<ObjectKey, readonly Outcome[]>()
  /** Secrets whose refused or contested status was reported, and when (ms, elapsed). */
  readonly #reported = new Map<ObjectKey, { readonly reason: Reason; readonly at: number }>()
  /** A hash of the status annotations as this process left them: who finds others there is contested. */
  readonly #left = new Map<ObjectKey, string>()

  constructor(parts: StatusWriterParts) {
    this.#parts = parts
    this.#budget = new WriteBudget(parts.clock)
    this.#refused = new RefusedWrites(parts.clock, parts.wake)
  }

  /** Throws what the store throws: then nothing is known to be written. */
  async write(
    key: ObjectKey,
    secret: SecretSnapshot,
    { outcomes, slices }: StatusWrite,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const merged: StatusSlice = Object.assign({}, ...slices, ...outcomes.map((it) => it.slice))
    const news = outcomes.filter((it) => isNews(secret.annotations, it))
    const unconfirmed = this.#unconfirmed.get(key) ?? []
    if (news.length > 0) this.#unconfirmed.set(key, news)
    const result = await this.#patch(key, secret, merged, signal)
    // A stale write may be our own, which the transport has sent again.
    if (result.kind !== 'stale') this.#unconfirmed.delete(key)
    if (result.kind === 'written') {
      for (const outcome of outcomes)
        if (changes(secret.annotations, outcome.slice)) this.#logWritten(secret, outcome)
      for (const outcome of news) this.#announce(secret, outcome)
    }
    if (result.kind === 'unchanged' && outcomes.length > 0) this.#refused.forget(key)
    if (result.kind === 'unchanged') {
      for (const outcome of unconfirmed.filter((it) => !changes(secret.annotations, pick(it)))) {
        this.#logWritten(secret, outcome)
        this.#announce(secret, outcome)
      }
    }
    return result
  }

  /** The Secret is gone or opted out. The budget stays: opting out and in again must not renew it. */
  forget(key: ObjectKey): void {
    this.#reported.delete(key)
    this.#refused.forget(key)
    this.#unconfirmed.delete(key)
    this.#left.delete(key)
  }

  async #patch(
    key: ObjectKey,
    secret: SecretSnapshot,
    merged: StatusSlice,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const { metrics, store, dryRun } = this.#parts
    const patch = statusPatch(secret.annotations, merged)
    if (!patch) return { kind: 'unchanged' }
    if (dryRun) {
      metrics.wouldDo('WriteStatus')
      return { kind: 'unchanged' }
    }
    const wasRefused = this.#refused.has(key)
    const waitMs = wasRefused ? this.#refused.waitMs(key, attemptOf(secret.annotations, patch)) : 0
    if (waitMs > 0) return { kind: 'later', retryMs: waitMs }
    const left = this.#left.get(key)
    const contested = left !== undefined && left !== statusHash(secret.annotations)
    const retryMs = this.#budget.take(key)
    if (retryMs > 0) {
      // Refused writes and quick changes of our own use the budget up too: neither is a fight.
      if (wasRefused || !contested) return { kind: 'later', retryMs }
      metrics.statusWrite('contested')
      this.#report(
        key,
        secret,
        'StatusContested',
        'Something else keeps rewriting the status annotations of this Secret.',
      )
      return { kind: 'later', retryMs }
    }
    const written = await store.annotate(secret, patch, signal).catch((error: unknown) => {
      metrics.statusWrite('failed')
      this.#budget.giveBack(key)
      throw error
    })
    metrics.statusWrite(written.kind)
    if (written.kind === 'stale') {
      this.#budget.giveBack(key)
      return { kind: 'stale' }
    }
    if (written.kind === 'refused') {
      const refusedForMs = this.#refused.refused(key, attemptOf(secret.annotations, patch))
      const message = `The API server refused the status annotations: ${written.message}`
      this.#report(key, secret, 'StatusNotWritable', message)
      return { kind: 'later', retryMs: refusedForMs }
    }
    // One write that got through does not end a fight.
    if (this.#reported.get(key)?.reason === 'StatusNotWritable') this.#reported.delete(key)
    this.#refused.accepted(key)
    this.#left.set(key, statusHash(applied(secret.annotations, patch)))
    return written
  }

  #logWritten(secret: SecretSnapshot, { severity, reason, message, fields }: Outcome): void {
    const { namespace, name, resourceVersion } = secret
    const level = severity === 'Warning' ? 'warn' : 'info'
    this.#parts.log[level]({ namespace, name, reason, ...fields, resourceVersion }, message)
  }

  /** Events on transitions only: a repaired annotation is none. */
  #announce(secret: SecretSnapshot, { severity, reason, message, aside }: Outcome): void {
    this.#parts.events.record({
      secret: referenceTo(secret),
      type: severity,
      reason,
      action: 'Sync',
      message: aside ? `${message} ${aside}` : message,
    })
  }

  #report(
    key: ObjectKey,
    secret: SecretSnapshot,
    reason: 'StatusContested' | 'StatusNotWritable',
    message: string,
  ): void {
    const now = this.#parts.clock.elapsed()
    const before = this.#reported.get(key)
    const isOver = reason === 'StatusContested' && now - (before?.at ?? now) >= contestedAgainMs
    if (before?.reason === reason && !isOver) return
    this.#reported.set(key, { reason, at: now })
    const { namespace, name } = secret
    this.#parts.log.warn({ namespace, name, reason }, message)
    this.#parts.events.record({
      secret: referenceTo(secret),
      type: 'Warning',
      reason,
      action: 'WriteStatus',
      message,
    })
  }
}

type Annotations = Readonly<Record<string, string>>

function changes(annotations: Annotations, slice: StatusSlice): boolean {
  return statusPatch(annotations, slice) !== undefined
}

function isNews(annotations: Annotations, outcome: Outcome): boolean {
  return changes(annotations, pick(outcome))
}

/** What of an outcome is news for people. */
function pick({ slice, newsworthy }: Outcome): StatusSlice {
  return Object.fromEntries(
    newsworthy.flatMap((key) => (slice[key] === undefined ? [] : [[key, slice[key] ?? null]])),
  )
}

function applied(annotations: Annotations, patch: StatusSlice): Annotations {
  const result: Record<string, string> = { ...annotations }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = value
  }
  return result
}

/** Tells the operator's annotations in one state from those in another. */
function statusHash(annotations: Annotations): string {
  const status = Object.entries(annotations).filter(([key]) => key.startsWith(statusPrefix))
  return hashOf(status.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * Says whether a refused write would be made again just as it was: the times in it do not count. What else the Secret is
 * annotated with does, because the API server refuses the sum when it is too large.
 */
function attemptOf(annotations: Annotations, patch: StatusSlice): string {
  return hashOf([
    annotations,
    { ...patch, [statusKeys.syncedAt]: undefined, [statusKeys.rejectedAt]: undefined },
  ])
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}

/** Events wait in a queue: nothing but the reference may go there (I3). */
function referenceTo({ namespace, name, uid, resourceVersion }: SecretReference): SecretReference {
  return { namespace, name, uid, resourceVersion }
}
