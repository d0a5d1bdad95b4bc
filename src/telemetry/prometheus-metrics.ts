import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { Gauges, Metrics } from '../ports/metrics.ts'
import type { ObjectKey } from '../ports/secrets.ts'
import { SecretSeries } from './secret-series.ts'

type Parameter<Method extends keyof Metrics> = Parameters<Metrics[Method]>[0]

const prefix = 'tencent_cert_sync_'
const uploadBuckets = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30, 60]
const reconcileBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export interface PrometheusOptions {
  /** Of the operator; a label of `build_info`. */
  readonly version: string
  /** Also show memory, CPU and event loop of the process. They are sampled for as long as the process lives. */
  readonly processMetrics?: boolean
}

/** The metrics, shown in Prometheus' text format. */
export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry()
  readonly #secrets = new SecretSeries(this.#registry, prefix)
  readonly #uploads = this.#counter(
    'uploads_total',
    'Calls of UploadCertificate by result (success, or the class of the failure) and error code.',
    ['result', 'code'],
  )
  readonly #calls = this.#counter(
    'service_calls_total',
    'Calls of the SSL service by action, result and error code.',
    ['action', 'result', 'code'],
  )
  readonly #uploadDuration = this.#histogram(
    'upload_duration_seconds',
    'From request to answer of UploadCertificate, by success or failure.',
    uploadBuckets,
    ['result'],
  )
  readonly #reconciles = this.#counter(
    'reconcile_total',
    'Reconciles of a Secret, by the step that each capability took.',
    ['capability', 'step'],
  )
  readonly #reconcileDuration = this.#histogram(
    'reconcile_duration_seconds',
    'How long reconciles took.',
    reconcileBuckets,
    [],
  )
  readonly #statusWrites = this.#counter('status_writes_total', 'Writes of status annotations by result.', [
    'result',
  ])
  readonly #relists = this.#counter('relists_total', 'Lists from scratch by reason.', ['reason'])
  readonly #watches = this.#counter('watches_opened_total', 'Watches opened.', [])
  readonly #dryRun = this.#counter('dry_run_total', 'What would have been done without --dry-run.', ['step'])

  constructor({ version, processMetrics = true }: PrometheusOptions) {
    const build = this.#gauge('build_info', 'Always 1: the version of the operator.', ['version'])
    build.set({ version }, 1)
    // Shown from the start: a rate over a series that springs up at 1 misses the first event.
    for (const reason of ['Initial', 'Expired', 'Error'] as const) this.#relists.inc({ reason }, 0)
    for (const result of ['written', 'stale', 'refused', 'failed', 'contested'] as const) {
      this.#statusWrites.inc({ result }, 0)
    }
    this.#uploads.inc({ result: 'success', code: '' }, 0)
    // The library would wake up a hundred times a second to sample the event loop; ten are enough.
    if (processMetrics) collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 100 })
  }

  /** Shows these gauges from now on, read whenever somebody looks. Called once. */
  show(gauges: Gauges): void {
    this.#gauge('queue_depth', 'Keys waiting, by queue.', ['queue'], (gauge) => {
      gauge.reset()
      for (const [queue, depth] of Object.entries(gauges.queueDepths())) gauge.set({ queue }, depth)
    })
    this.#gauge(
      'oldest_unsynced_seconds',
      'How long a Secret has been waiting to be synced, at most; 0 when none is.',
      [],
      (gauge) => gauge.set(gauges.oldestUnsyncedMs() / 1000),
    )
    this.#gauge(
      'watch_age_seconds',
      'Longest time since a watch received anything from the API server.',
      [],
      (gauge) => gauge.set(gauges.watchAgeMs() / 1000),
    )
    this.#gauge(
      'namespace_unreadable',
      '1 for each watched namespace whose Secrets cannot be read.',
      ['namespace'],
      (gauge) => {
        gauge.reset()
        for (const namespace of gauges.unreadableNamespaces()) gauge.set({ namespace }, 1)
      },
    )
    this.#gauge('upload_slots', 'Uploads that may start within a second at present.', [], (gauge) =>
      gauge.set(gauges.slots()),
    )
    this.#gauge('leader', '1 in the process that does the work, 0 in one that stands by.', [], (gauge) =>
      gauge.set(gauges.leading() ? 1 : 0),
    )
    this.#gauge('account_held', '1 while calls wait for the account, by reason.', ['reason'], (gauge) => {
      gauge.reset()
      for (const reason of ['CredentialsRefused', 'NotAllowed', 'AccountChanged']) gauge.set({ reason }, 0)
      for (const reason of gauges.heldReasons()) gauge.set({ reason }, 1)
    })
    this.#gauge(
      'service_silent',
      '1 while Tencent Cloud does not answer and calls are slowed down.',
      [],
      (gauge) => gauge.set(gauges.serviceSilent() ? 1 : 0),
    )
    this.#gauge(
      'account_certificates',
      'Certificates of this cluster in the account, as of the last inventory, by state.',
      ['state'],
      (gauge) => {
        gauge.reset()
        for (const [state, count] of Object.entries(gauges.certificates() ?? {})) gauge.set({ state }, count)
      },
    )
    this.#gauge(
      'inventory_overdue',
      '1 in a leader that has completed no inventory for three intervals, and for at least an hour.',
      [],
      (gauge) => gauge.set(gauges.inventoryOverdue() ? 1 : 0),
    )
  }

  /** Everything, as /metrics serves it. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }

  /** The media type of `text()`. */
  get contentType(): string {
    return this.#registry.contentType
  }

  serviceCall({ action, result, code, durationMs }: Parameter<'serviceCall'>): void {
    const shown = codeLabel(code)
    this.#calls.inc({ action, result, code: shown })
    if (action !== 'UploadCertificate') return
    this.#uploads.inc({ result, code: shown })
    this.#uploadDuration.observe({ result: result === 'success' ? 'success' : 'failure' }, durationMs / 1000)
  }

  reconciled(capability: string, step: string): void {
    this.#reconciles.inc({ capability, step })
  }

  reconcileTook(durationMs: number): void {
    this.#reconcileDuration.observe(durationMs / 1000)
  }

  statusWrite(result: Parameter<'statusWrite'>): void {
    this.#statusWrites.inc({ result })
  }

  relisted(reason: Parameter<'relisted'>): void {
    this.#relists.inc({ reason })
  }

  watchOpened(): void {
    this.#watches.inc()
  }

  wouldDo(step: string): void {
    this.#dryRun.inc({ step })
  }

  secret(key: ObjectKey, facts: Parameters<Metrics['secret']>[1]): void {
    this.#secrets.show(key, facts)
  }

  forgetSecret(key: ObjectKey): void {
    this.#secrets.remove(key)
  }

  #counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Counter<Label> {
    return new Counter({ name: `${prefix}${name}`, help, labelNames, registers: [this.#registry] })
  }

  #histogram<Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly Label[],
  ): Histogram<Label> {
    return new Histogram({ name: `${prefix}${name}`, help, buckets, labelNames, registers: [this.#registry] })
  }

  #gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    read?: (gauge: Gauge<Label>) => void,
  ): Gauge<Label> {
    return new Gauge({
      name: `${prefix}${name}`,
      help,
      labelNames,
      registers: [this.#registry],
      ...(read && {
        collect(this: Gauge<Label>) {
          read(this)
        },
      }),
    })
  }
}

/** The service's code as a label: what does not look like one (a proxy's words, say) must not grow the series. */
function codeLabel(code: string): string {
  return /^[\w.]{0,100}$/.test(code) ? code : 'Malformed'
}
