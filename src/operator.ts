import { type Clock, systemClock } from './clock.ts'
import { type Config, version } from './config.ts'
import { createKubernetesClient, type KubernetesClient } from './kubernetes/client.ts'
import { KubernetesEventRecorder } from './kubernetes/event-recorder.ts'
import { Reflector } from './kubernetes/reflector.ts'
import { KubernetesSecretStore } from './kubernetes/secret-store.ts'
import { Controller } from './sync/controller.ts'
import type { HealthCheck, Log } from './sync/observability.ts'
import { type BoundAddresses, Endpoints } from './telemetry/endpoints.ts'
import { PrometheusMetrics } from './telemetry/prometheus-metrics.ts'
import { type CredentialsProvider, createCredentials } from './tencent/credentials.ts'
import { createSslService, type SslService } from './tencent/ssl-service.ts'

/** No worker needs so long for one key; no reflector is silent so long while it tries. */
const stuckMs = 180_000
/** Data older than this is not worth being called ready: two bookmarks and a reconnect were missed. */
const staleMs = 180_000
/** Calls in flight are aborted so long before the grace ends: time for the last status writes and Events. */
const abortBeforeMs = 5_000

/** The composition root: makes the adapters from the configuration and ties them to the controller. No logic. */
export class Operator {
  readonly #config: Config
  readonly #log: Log
  readonly #client: KubernetesClient
  readonly #service: SslService
  readonly #credentials: CredentialsProvider
  readonly #events: KubernetesEventRecorder
  readonly #controller: Controller
  readonly #reflectors: readonly Reflector[]
  readonly #endpoints: Endpoints
  readonly #stop = new AbortController()
  #running: Promise<unknown> = Promise.resolve()

  /** @throws Error in words for the user when the kubeconfig is unusable */
  constructor(config: Config, log: Log, clock: Clock = systemClock) {
    const metrics = new PrometheusMetrics({ version })
    this.#config = config
    this.#log = log
    this.#client = createKubernetesClient({ kubeconfig: config.kubeconfig, clock })
    this.#credentials = createCredentials(config.credentials, clock)
    this.#service = createSslService({ endpoint: config.endpoint, credentials: this.#credentials, clock })
    this.#events = new KubernetesEventRecorder({ client: this.#client, clock, log })
    this.#controller = new Controller({
      identity: {
        account: `${config.account}@${config.endpoint.host}`,
        cluster: config.clusterName,
        version,
      },
      clock,
      store: new KubernetesSecretStore(this.#client),
      service: this.#service,
      events: this.#events,
      metrics,
      log,
      dryRun: config.dryRun,
      workers: config.concurrency,
      slots: config.uploadSlots,
      uploadBudget: { count: config.uploadsPerHour, perMs: 3_600_000 },
      resyncMs: config.resyncMs,
    })
    const scopes = config.namespaces.length > 0 ? config.namespaces : [undefined]
    this.#reflectors = scopes.map(
      (namespace) =>
        new Reflector({
          client: this.#client,
          clock,
          log,
          metrics,
          onChange: (change) => this.#controller.onChange(change),
          ...(namespace === undefined ? {} : { namespace }),
          ...(config.labelSelector === undefined ? {} : { labelSelector: config.labelSelector }),
        }),
    )
    metrics.show({ ...this.#controller.gauges(), watchAgeMs: () => this.#watchAgeMs() })
    this.#endpoints = new Endpoints({
      healthAddress: config.healthAddress,
      metricsAddress: config.metricsAddress,
      liveness: this.#liveness(),
      readiness: this.#readiness(),
      metrics,
    })
  }

  /**
   * Serves health and metrics, then watches and works.
   *
   * @returns where health and metrics are served
   * @throws Error that names the flag when an address cannot be listened on
   */
  async start(): Promise<BoundAddresses> {
    const { signal } = this.#stop
    const addresses = await this.#endpoints.start()
    for (const [what, address] of Object.entries(addresses)) this.#log.info({ address }, `serving ${what}`)
    this.#log.info(
      { version, account: this.#config.account, address: this.#client.server, dryRun: this.#config.dryRun },
      'started',
    )
    this.#credentials.onChange(() => this.#controller.credentialsChanged())
    this.#controller.start()
    this.#running = Promise.all(this.#reflectors.map((it) => it.start(signal)))
    return addresses
  }

  /** Ends within the configured grace: no new work, calls in flight end or are aborted, then Events, then the rest. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopping'))
    this.#log.info({}, 'stopping')
    this.#credentials.stop()
    await this.#running
    await this.#controller.stop(Math.max(0, this.#config.shutdownGraceMs - abortBeforeMs))
    await this.#events.close(Math.min(2_000, abortBeforeMs))
    await this.#endpoints.stop()
    this.#service.close()
    this.#client.close()
    this.#log.info({}, 'stopped')
  }

  #watchAgeMs(): number {
    return Math.max(...this.#reflectors.map((it) => it.silenceMs()))
  }

  /** Liveness: our loops turn. A dead API server or cloud is no reason to be killed (I8). */
  #liveness(): HealthCheck[] {
    const check = (name: string, ageMs: () => number): HealthCheck => ({
      name,
      problem: () => (ageMs() > stuckMs ? `has not moved for ${Math.round(ageMs() / 1_000)} s` : undefined),
    })
    return [
      check('reflector', () => Math.max(...this.#reflectors.map((it) => it.attemptAgeMs()))),
      check('workers', () => this.#controller.idleMs()),
    ]
  }

  /** Readiness: the Secrets were listed, and what is known of them is fresh. */
  #readiness(): HealthCheck[] {
    return [
      {
        name: 'watch',
        problem: () => {
          if (!this.#reflectors.every((it) => it.hasSynced)) return 'the Secrets are not listed yet'
          const ageMs = this.#watchAgeMs()
          return ageMs > staleMs
            ? `the API server was last heard ${Math.round(ageMs / 1_000)} s ago`
            : undefined
        },
      },
    ]
  }
}
