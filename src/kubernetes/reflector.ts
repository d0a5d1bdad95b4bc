import type { Clock } from '../clock.ts'
import type { Log } from '../ports/log.ts'
import type { Metrics } from '../ports/metrics.ts'
import type { SecretChange } from '../ports/secrets.ts'
import { backoffMs } from './backoff.ts'
import { ChangeDelivery } from './change-delivery.ts'
import type { KubernetesClient } from './client.ts'
import { KnownSecrets } from './known-secrets.ts'
import { isExpired, KubernetesError } from './kubernetes-error.ts'
import { listSecrets, type SecretSelection } from './secret-list.ts'
import { WatchListUnavailable, watchSecrets } from './secret-watch.ts'
import type { WatchState } from './watch-health.ts'

export interface ReflectorOptions extends SecretSelection {
  readonly client: KubernetesClient
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Pick<Metrics, 'relisted' | 'watchOpened'>
  /** Must return quickly. If it throws, it gets the newest change of that key again a second later. */
  readonly onChange: (change: SecretChange) => void
  /** Called when an attempt has failed, and when the data is current again after that. */
  readonly onOutcome?: () => void
  /** Secrets per page if the API server lacks WatchList. */
  readonly pageLimit?: number
  /** Between 0 and 1, for jitter. */
  readonly random?: () => number
}

/** A watch that lasted this long, or received an event, resets the back-off. */
const workedAfterMs = 5000
/** Relist after so many errors in a row: the resourceVersion may predate the restore of an etcd backup. */
const patience = 5

/**
 * Lists and watches the metadata of the TLS Secrets of one namespace, or of the cluster, and reports changes of those
 * with the opt-in annotation. Retries after any error, with a back-off of at most 10 s (60 s if the server asks for it).
 */
export class Reflector {
  readonly #options: ReflectorOptions
  readonly #known = new KnownSecrets()
  readonly #delivery: ChangeDelivery
  #hasSynced = false
  #resourceVersion: string | undefined
  #relistReason: 'Initial' | 'Expired' | 'Error' = 'Initial'
  #watchList = true
  #running = false
  #attemptedAt: number
  #heardAt: number
  /** When the data was last known to be complete; at first the start. */
  #currentAt: number
  #failure: WatchState['failure']
  #failures = 0
  #refusals = 0

  constructor(options: ReflectorOptions) {
    this.#options = options
    this.#delivery = new ChangeDelivery(options.onChange, options.clock, options.log)
    this.#attemptedAt = options.clock.elapsed()
    this.#heardAt = this.#attemptedAt
    this.#currentAt = this.#attemptedAt
  }

  /** Runs until the signal is aborted, and resolves then. Never rejects. Can be called once. */
  async start(signal: AbortSignal): Promise<void> {
    this.#running = true
    this.#heardAt = this.#options.clock.elapsed()
    this.#currentAt = this.#heardAt
    while (!signal.aborted) {
      const pauseMs = await this.#attempt(signal)
      if (pauseMs > 0) await this.#options.clock.sleep(pauseMs, signal).catch(() => {})
    }
    this.#running = false
    this.#delivery.stop()
  }

  /** Undefined: the whole cluster. */
  get namespace(): string | undefined {
    return this.#options.namespace
  }

  /** Why the last attempt failed; undefined when the data is current again. */
  get failure(): WatchState['failure'] {
    return this.#failure
  }

  /** The Secrets were listed at least once. */
  get hasSynced(): boolean {
    return this.#hasSynced
  }

  /**
   * Age of the data, ms: the time since a list was completed, or a watch that continues from it was opened or received
   * data. Before the first list: the time since the start.
   */
  silenceMs(): number {
    return this.#options.clock.elapsed() - this.#currentAt
  }

  /**
   * Time since the loop made progress, ms: since an attempt began or data was received. It stays below two and a half
   * minutes even if the API server is down; 0 before the start and after the end. For liveness (I8).
   */
  attemptAgeMs(): number {
    if (!this.#running) return 0
    return this.#options.clock.elapsed() - Math.max(this.#attemptedAt, this.#heardAt)
  }

  /** Where a watch would continue; undefined if a list is needed. */
  get resourceVersion(): string | undefined {
    return this.#resourceVersion
  }

  /** Lists if needed, watches until the watch ends, and returns how long to back off, ms. */
  async #attempt(signal: AbortSignal): Promise<number> {
    const { clock, random = Math.random } = this.#options
    this.#attemptedAt = clock.elapsed()
    try {
      if (this.#resourceVersion === undefined && !this.#watchList) await this.#list(signal)
      if (await this.#watch(signal)) return 0
      this.#failures += 1
      return backoffMs(this.#failures, undefined, random())
    } catch (error) {
      if (signal.aborted) return 0
      if (error instanceof WatchListUnavailable) {
        this.#options.log.info(this.#fields(), 'the API server does not support WatchList; listing in pages')
        this.#watchList = false
        return 0
      }
      this.#failures += 1
      const pauseMs = backoffMs(this.#failures, error, random())
      this.#learnFrom(error, pauseMs)
      return pauseMs
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, pageLimit = 500 } = this.#options
    this.#known.beginList()
    const resourceVersion = await listSecrets({
      ...this.#selection(),
      client,
      limit: pageLimit,
      signal,
      onPage: () => this.#heard(),
      onSecret: (metadata) => this.#report(this.#known.show(metadata, true)),
    })
    this.#listed(resourceVersion)
  }

  /** Resolves when the server ends the watch; with true if the watch worked. */
  async #watch(signal: AbortSignal): Promise<boolean> {
    const { client, clock, metrics, random = Math.random } = this.#options
    let openedAt = Number.POSITIVE_INFINITY
    let hasWorked = false
    const worked = () => {
      hasWorked = true
      this.#failures = 0
      this.#refusals = 0
    }
    if (this.#resourceVersion === undefined) this.#known.beginList()
    try {
      await watchSecrets({
        ...this.#selection(),
        client,
        clock,
        signal,
        random,
        resourceVersion: this.#resourceVersion,
        onOpen: () => {
          openedAt = clock.elapsed()
          metrics.watchOpened()
          this.#heard()
        },
        onHeard: () => this.#heard(),
        onEvent: (event) => {
          const listing = this.#resourceVersion === undefined
          if (event.type === 'BOOKMARK') {
            if (listing) return this.#listed(event.resourceVersion)
            this.#resourceVersion = event.resourceVersion
            return worked()
          }
          const { metadata } = event
          this.#report(
            event.type === 'DELETED' ? this.#known.remove(metadata) : this.#known.show(metadata, listing),
          )
          if (listing) return
          this.#resourceVersion = metadata.resourceVersion
          worked()
        },
      })
    } finally {
      if (clock.elapsed() - openedAt >= workedAfterMs) worked()
    }
    return hasWorked
  }

  #listed(resourceVersion: string): void {
    for (const change of this.#known.endList()) this.#report(change)
    this.#resourceVersion = resourceVersion
    this.#options.metrics.relisted(this.#relistReason)
    this.#options.log.info(
      { ...this.#fields(), reason: this.#relistReason, count: this.#known.size, resourceVersion },
      'listed the Secrets',
    )
    this.#hasSynced = true
    this.#isCurrent()
  }

  #learnFrom(error: unknown, pauseMs: number): void {
    const failed = error instanceof KubernetesError ? error : undefined
    const expired = isExpired(error)
    if (!isOutage(failed)) this.#refusals += 1
    if (expired || this.#refusals >= patience) {
      if (this.#resourceVersion !== undefined) this.#relistReason = expired ? 'Expired' : 'Error'
      // Either way of listing may be the cause: try the other.
      else if (!expired) this.#watchList = !this.#watchList
      this.#resourceVersion = undefined
      this.#refusals = 0
    }
    const forbidden = failed?.status === 403
    const message = failed?.message ?? (error instanceof Error ? error.name : 'not an Error')
    const stillForbidden = this.#failure?.forbidden ?? false
    // Permissions may be missing for long: one warning is enough.
    const level = forbidden && stillForbidden ? 'debug' : 'warn'
    // Another error in between, of an API server that restarts, says nothing about permissions.
    this.#failure = { forbidden: forbidden || stillForbidden, message }
    this.#options.log[level](
      {
        ...this.#fields(),
        reason: failed?.reason ?? 'Bug',
        ...(failed && failed.status > 0 && { status: failed.status }),
        attempt: this.#failures,
        durationMs: Math.round(pauseMs),
        error: message,
      },
      'the watch of the Secrets failed; retrying',
    )
    this.#options.onOutcome?.()
  }

  #report(change: SecretChange | undefined): void {
    if (change !== undefined) this.#delivery.deliver(change)
  }

  #heard(): void {
    this.#heardAt = this.#options.clock.elapsed()
    // An incomplete list is not current data.
    if (this.#resourceVersion !== undefined) this.#isCurrent()
  }

  #isCurrent(): void {
    this.#currentAt = this.#options.clock.elapsed()
    if (this.#failure === undefined) return
    this.#failure = undefined
    this.#options.onOutcome?.()
  }

  #selection(): SecretSelection {
    return { namespace: this.#options.namespace, labelSelector: this.#options.labelSelector }
  }

  #fields(): { readonly namespace?: string } {
    return this.#options.namespace === undefined ? {} : { namespace: this.#options.namespace }
  }
}

/** Whether an attempt failed for a reason that is independent of the request. */
function isOutage(error: KubernetesError | undefined): boolean {
  if (error === undefined) return false
  if (error.status === 0)
    return ['ConnectionFailed', 'Timeout', 'CredentialsUnreadable'].includes(error.reason)
  return [401, 403, 429].includes(error.status)
}
