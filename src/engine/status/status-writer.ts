import { createHash } from 'node:crypto'
import type { Outcome } from '../../capabilities/upload/outcomes.ts'
import type { Clock } from '../../clock.ts'
import { statusKeys } from '../../contract/annotation-keys.ts'
import type { Observed } from '../../contract/observe.ts'
import { type StatusChange, statusPatch } from '../../contract/status.ts'
import type { EventRecorder } from '../../ports/events.ts'
import type { Log } from '../../ports/log.ts'
import type { Metrics } from '../../ports/metrics.ts'
import type { ObjectKey, SecretReference, SecretStore } from '../../ports/secrets.ts'
import type { Reason } from '../../reasons.ts'
import { WriteBudget } from './write-budget.ts'

/** What became of an outcome. `retryMs`: look again after so long; `again`: the Secret moved on, look at once. */
export type WriteResult =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'written'; readonly resourceVersion: string }
  | { readonly kind: 'again' }
  | { readonly kind: 'later'; readonly retryMs: number }

/** What belongs to the log line and the Event, but not to the status. */
export interface Attempt {
  readonly code?: string
  readonly requestId?: string | undefined
  readonly attempt?: number
}

export interface StatusWriterParts {
  readonly clock: Clock
  readonly store: SecretStore
  readonly events: EventRecorder
  readonly metrics: Metrics
  readonly log: Log
  /** Nothing is written: it is counted. */
  readonly dryRun: boolean
}

const refusedRetryMs = 10 * 60_000
/** A fight over the status annotations is told again after so long, ms. */
const contestedAgainMs = 60 * 60_000

/** The one place that writes status: annotations first, then Event, metric and log line, and only on change. */
export class StatusWriter {
  readonly #clock: Clock
  /** Writes that the API server refused, and until when (ms, elapsed) they are not repeated as they were. */
  readonly #refused = new Map<ObjectKey, { attempt: string; until: number }>()
  readonly #store: SecretStore
  readonly #events: EventRecorder
  readonly #metrics: Metrics
  readonly #log: Log
  readonly #dryRun: boolean
  readonly #budget: WriteBudget
  /** Outcomes whose write was not answered: told when they turn out to be written. */
  readonly #untold = new Map<ObjectKey, { outcome: Outcome; attempt: Attempt }>()
  /** Secrets about whose refused or contested status somebody was told, and when (ms, elapsed). */
  readonly #told = new Map<ObjectKey, { reason: Reason; at: number }>()

  constructor(parts: StatusWriterParts) {
    const { clock, store, events, metrics, log, dryRun } = parts
    this.#clock = clock
    this.#dryRun = dryRun
    this.#store = store
    this.#events = events
    this.#metrics = metrics
    this.#log = log
    this.#budget = new WriteBudget(clock)
  }

  /** Writes an outcome down. Throws what the store throws: then nothing is known to be written. */
  async record(
    observed: Observed,
    outcome: Outcome,
    attempt: Attempt,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const { key } = observed
    const isNews = !says(observed, outcome)
    const untold = this.#untold.get(key)
    if (isNews) this.#untold.set(key, { outcome, attempt })
    const recording = await this.note(observed, outcome.change, signal)
    // A stale write may be our own, which the transport has sent again.
    if (recording.kind !== 'again') this.#untold.delete(key)
    if (recording.kind === 'written') {
      this.#logWritten(observed, outcome, attempt)
      if (isNews) this.#announce(observed, outcome, attempt)
    }
    if (recording.kind === 'unchanged' && untold && says(observed, untold.outcome)) {
      this.#logWritten(observed, untold.outcome, untold.attempt)
      this.#announce(observed, untold.outcome, untold.attempt)
    }
    return recording
  }

  /** Writes status annotations without telling anybody: book-keeping. */
  async note(observed: Observed, change: StatusChange, signal: AbortSignal): Promise<WriteResult> {
    const { key, secret } = observed
    const patch = statusPatch(secret.annotations, change)
    if (!patch) return { kind: 'unchanged' }
    if (this.#dryRun) {
      this.#metrics.wouldDo('WriteStatus')
      return { kind: 'unchanged' }
    }
    const refused = this.#refused.get(key)
    const waitMs = (refused?.until ?? 0) - this.#clock.elapsed()
    if (waitMs > 0 && refused?.attempt === fingerprintOf(secret.annotations, patch)) {
      return { kind: 'later', retryMs: waitMs }
    }
    const retryMs = this.#budget.take(key)
    if (retryMs > 0) {
      // Refused writes use the budget up too: that is no fight.
      if (refused) return { kind: 'later', retryMs }
      this.#metrics.statusWrite('contested')
      this.#tell(
        observed,
        'StatusContested',
        'Somebody else keeps rewriting the status annotations of this Secret.',
      )
      return { kind: 'later', retryMs }
    }
    const written = await this.#store.annotate(secret, patch, signal).catch((error: unknown) => {
      this.#metrics.statusWrite('failed')
      this.#budget.giveBack(key)
      throw error
    })
    this.#metrics.statusWrite(written.kind)
    if (written.kind === 'stale') return { kind: 'again' }
    if (written.kind === 'refused') {
      const attempt = fingerprintOf(secret.annotations, patch)
      this.#refused.set(key, { attempt, until: this.#clock.elapsed() + refusedRetryMs })
      this.#tell(
        observed,
        'StatusNotWritable',
        `The API server refused the status annotations: ${written.message}`,
      )
      return { kind: 'later', retryMs: refusedRetryMs }
    }
    // One write that got through does not end a fight.
    if (this.#told.get(key)?.reason === 'StatusNotWritable') this.#told.delete(key)
    this.#refused.delete(key)
    return written
  }

  /** The Secret is gone. */
  forget(key: ObjectKey): void {
    this.#budget.forget(key)
    this.#told.delete(key)
    this.#refused.delete(key)
    this.#untold.delete(key)
  }

  #logWritten(observed: Observed, outcome: Outcome, attempt: Attempt): void {
    const { secret, material } = observed
    const certificateId = idOf(observed, outcome)
    const { phase, reason, message } = outcome
    this.#log[phase === 'Failed' || phase === 'Rejected' ? 'warn' : 'info'](
      {
        namespace: secret.namespace,
        name: secret.name,
        reason,
        decision: phase,
        ...(material.chain ? { fingerprint: material.chain.fingerprint } : {}),
        ...(certificateId ? { certificateId } : {}),
        ...(attempt.code ? { code: attempt.code } : {}),
        ...(attempt.requestId ? { requestId: attempt.requestId } : {}),
        ...(attempt.attempt ? { attempt: attempt.attempt } : {}),
        resourceVersion: secret.resourceVersion,
      },
      message,
    )
  }

  /** Events on transitions only: a repaired annotation is none. */
  #announce(observed: Observed, outcome: Outcome, attempt: Attempt): void {
    const { secret } = observed
    const { phase, reason, message } = outcome
    const request = attempt.requestId ? ` Request id ${attempt.requestId}.` : ''
    this.#events.record({
      secret: referenceTo(secret),
      type: phase === 'Failed' || phase === 'Rejected' ? 'Warning' : 'Normal',
      reason,
      action: 'Sync',
      message:
        phase === 'Synced'
          ? `${message} CertificateId ${idOf(observed, outcome)}.${request}`
          : `${message}${request}`,
    })
  }

  #tell(observed: Observed, reason: 'StatusContested' | 'StatusNotWritable', message: string): void {
    const now = this.#clock.elapsed()
    const told = this.#told.get(observed.key)
    const over = reason === 'StatusContested' && now - (told?.at ?? now) >= contestedAgainMs
    if (told?.reason === reason && !over) return
    this.#told.set(observed.key, { reason, at: now })
    const { secret } = observed
    this.#log.warn({ namespace: secret.namespace, name: secret.name, reason }, message)
    this.#events.record({
      secret: referenceTo(secret),
      type: 'Warning',
      reason,
      action: 'WriteStatus',
      message,
    })
  }
}

/** The id that the status names after an outcome. */
function idOf({ status }: Observed, { change }: Outcome): string | undefined {
  return change.certificateId ?? status.uploaded?.certificateId
}

/** Whether the status says already what an outcome has to tell people. */
function says(observed: Observed, outcome: Outcome): boolean {
  const { status } = observed
  return (
    status.phase === outcome.phase &&
    status.reason === outcome.reason &&
    status.message === outcome.change.message &&
    status.uploaded?.certificateId === idOf(observed, outcome)
  )
}

/**
 * Tells whether a refused write would be made again just as it was: the times in it do not count. What else the Secret
 * is annotated with does, because the API server refuses the sum when it is too large.
 */
function fingerprintOf(
  annotations: Readonly<Record<string, string>>,
  patch: Readonly<Record<string, string | null>>,
): string {
  const timeless = { ...patch, [statusKeys.syncedAt]: undefined, [statusKeys.rejectedAt]: undefined }
  return createHash('sha256')
    .update(JSON.stringify([annotations, timeless]))
    .digest('hex')
}

/** Events wait in a queue: nothing but the reference may go there (I3). */
function referenceTo({ namespace, name, uid, resourceVersion }: SecretReference): SecretReference {
  return { namespace, name, uid, resourceVersion }
}
