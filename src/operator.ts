import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { type Clock, systemClock } from './clock.ts'
import { type Config, version } from './config.ts'
import { Controller } from './controller.ts'
import { createKubernetesClient, type KubernetesClient } from './kubernetes/client.ts'
import { KubernetesEventRecorder } from './kubernetes/event-recorder.ts'
import { FencedClient } from './kubernetes/fenced-client.ts'
import { LeaderElector } from './kubernetes/leader-elector.ts'
import { KubernetesLeaseStore } from './kubernetes/lease-store.ts'
import { Reflectors } from './kubernetes/reflectors.ts'
import { KubernetesSecretStore } from './kubernetes/secret-store.ts'
import type { HealthCheck } from './ports/health-check.ts'
import type { Log } from './ports/log.ts'
import { type BoundAddresses, Endpoints } from './telemetry/endpoints.ts'
import { PrometheusMetrics } from './telemetry/prometheus-metrics.ts'
import { type CredentialsProvider, createCredentials } from './tencent/credentials.ts'
import { createSslService, type SslService } from './tencent/ssl-service.ts'

/** A loop that has not moved for this time, ms, is stuck: no reconcile takes that long, and no attempt to watch or renew. */
const stuckMs = 180_000
/** Calls in flight are aborted this long, ms, before the grace ends: time for the last status writes and Events. */
const abortBeforeMs = 5_000
/** The longest time-out of one call for the Lease, ms, however long the times of the Lease are. */
const longestLeaseCallMs = 10_000
/** At the end, the last Events have this time, ms, and so has the release of the lease. */
const farewellMs = 2_000

/** The composition root: makes the adapters from the configuration and ties them to the controller. No logic. */
export class Operator {
  readonly #config: Config
  readonly #log: Log
  readonly #clock: Clock
  readonly #client: KubernetesClient
  /** For the Lease alone: a renewal must not wait for a connection behind calls for Secrets that hang. */
  readonly #leaseClient: KubernetesClient | undefined
  readonly #service: SslService
  readonly #credentials: CredentialsProvider
  readonly #events: KubernetesEventRecorder
  readonly #controller: Controller
  readonly #reflectors: Reflectors
  readonly #endpoints: Endpoints
  readonly #elector: LeaderElector | undefined
  readonly #stop = new AbortController()
  /** Resolves when this process had the lease and lost it: `stop` it, and exit with a failure. */
  readonly lost: Promise<void>
  #onLost = () => {}
  #running: Promise<unknown> = Promise.resolve()
  #seeking: Promise<void> | undefined

  /** @throws Error in words for the user when the kubeconfig is unusable */
  constructor(config: Config, log: Log, clock: Clock = systemClock) {
    const metrics = new PrometheusMetrics({ version })
    this.#config = config
    this.#log = log
    this.#clock = clock
    this.#client = createKubernetesClient({ kubeconfig: config.kubeconfig, clock })
    this.#credentials = createCredentials(config.credentials, clock)
    const { endpoint, proxy } = config
    this.lost = new Promise((resolve) => (this.#onLost = resolve))
    this.#leaseClient =
      config.leaderElection && createKubernetesClient({ kubeconfig: config.kubeconfig, clock })
    this.#elector = this.#createElector(clock)
    const fence = this.#elector
    this.#service = createSslService({ endpoint, proxy, credentials: this.#credentials, clock, fence })
    const client = fence ? new FencedClient(this.#client, fence) : this.#client
    this.#events = new KubernetesEventRecorder({ client, clock, log })
    this.#controller = new Controller({
      identity: {
        account: `${config.account}@${config.endpoint.host}`,
        cluster: config.clusterName,
        version,
      },
      clock,
      store: new KubernetesSecretStore(client),
      service: this.#service,
      fence,
      events: this.#events,
      metrics,
      log,
      dryRun: config.dryRun,
      workers: config.concurrency,
      slots: config.uploadSlots,
      uploadBudget: { count: config.uploadsPerHour, perMs: 3_600_000 },
      resyncMs: config.resyncMs,
      inventoryMs: config.inventoryMs,
      hasListed: () => this.#reflectors.health().problem === undefined,
    })
    this.#reflectors = new Reflectors({
      client: this.#client,
      clock,
      log,
      metrics,
      onChange: (change) => this.#controller.onChange(change),
      namespaces: config.namespaces,
      labelSelector: config.labelSelector,
    })
    metrics.show({
      ...this.#controller.gauges(),
      watchAgeMs: () => this.#reflectors.health().ageMs,
      unreadableNamespaces: () => this.#reflectors.health().unreadable.keys(),
      leading: () => this.#elector?.leading ?? true,
    })
    this.#endpoints = new Endpoints({
      healthAddress: config.healthAddress,
      metricsAddress: config.metricsAddress,
      liveness: this.#liveness(),
      readiness: this.#readiness(),
      metrics,
    })
  }

  /**
   * Serves health and metrics, starts to watch, and starts to work: at once, or with leader election when it is the leader.
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
    if (this.#config.proxy) {
      this.#log.info({ address: this.#config.proxy.address }, 'Tencent Cloud is reached through a proxy')
    }
    this.#credentials.onChange(() => this.#controller.credentialsChanged())
    if (!this.#elector) this.#controller.start()
    this.#running = this.#reflectors.start(signal)
    this.#seeking = this.#elector?.run()
    return addresses
  }

  /**
   * Ends within the configured grace: no new work, calls in flight end or are aborted, then Events, then the lease is
   * given away, then the rest. After the lease was lost, nothing is waited for and nothing written.
   */
  async stop(): Promise<void> {
    this.#log.info({}, 'stopping')
    await this.#elector?.stopSeeking()
    this.#stop.abort(new Error('stopping'))
    this.#credentials.stop()
    await this.#running
    await this.#controller.stop(Math.max(0, this.#config.shutdownGraceMs - abortBeforeMs))
    await Promise.all([this.#events.close(this.hasLost ? 0 : farewellMs), this.#drained()])
    await this.#release()
    await this.#endpoints.stop()
    this.#service.close()
    this.#client.close()
    this.#leaseClient?.close()
    this.#log.info({}, 'stopped')
  }

  /** Whether the lease was lost: then another process may be at work, and this one must do no more. */
  get hasLost(): boolean {
    return this.#elector?.lost ?? false
  }

  #createElector(clock: Clock): LeaderElector | undefined {
    const { leaderElection: election } = this.#config
    if (!election || !this.#leaseClient) return undefined
    const { leaseNamespace: namespace, leaseName: name, renewDeadlineMs } = election
    return new LeaderElector({
      ...election,
      store: new KubernetesLeaseStore({
        client: this.#leaseClient,
        namespace,
        name,
        // A renewal that is not answered leaves time for another.
        timeoutMs: Math.min(renewDeadlineMs / 2, longestLeaseCallMs),
      }),
      clock,
      log: this.#log,
      lease: `${namespace}/${name}`,
      identity: `${hostname()}_${randomUUID()}`,
      // Whoever gives the lease away has waited until no window of the service holds a call of its own (`drained`). Of one
      // that was killed, or of an operator without a lease, nobody knows: the lanes stay closed for a second (I2).
      onLeading: (how) => this.#controller.start({ quiet: how === 'released' }),
      onLost: () => {
        this.#controller.abandon()
        this.#onLost()
      },
    })
  }

  /** The lease may be given away: a successor that calls the service at once makes no eleventh call in any second. */
  async #drained(): Promise<void> {
    if (this.#elector?.leading) await Promise.race([this.#controller.drained(), this.lost])
  }

  async #release(): Promise<void> {
    const cancel = this.#clock.after(farewellMs, () => this.#elector?.close())
    await this.#elector?.release()
    cancel()
    this.#elector?.close()
    await this.#seeking
  }

  /** Liveness: the loops make progress. An API server or cloud that is down is not a reason to restart (I8). */
  #liveness(): HealthCheck[] {
    const check = (name: string, ageMs: () => number): HealthCheck => ({
      name,
      problem: () => (ageMs() > stuckMs ? `has not moved for ${Math.round(ageMs() / 1_000)} s` : undefined),
    })
    return [
      check('reflector', () => this.#reflectors.attemptAgeMs()),
      check('workers', () => this.#controller.idleMs()),
      check('election', () => this.#elector?.attemptAgeMs() ?? 0),
    ]
  }

  /** Readiness: the Secrets were listed, and what is known of them is fresh, wherever they can be read. */
  #readiness(): HealthCheck[] {
    return [{ name: 'watch', problem: () => this.#reflectors.health().problem }]
  }
}
