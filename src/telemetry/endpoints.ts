import { formatAddress, type ListenAddress } from '../config.ts'
import type { HealthCheck } from '../ports/health-check.ts'
import { HttpServer, type HttpTimeouts, type Route } from './http-server.ts'
import { probe } from './probe.ts'
import { SharedRendering } from './shared-rendering.ts'

export interface EndpointsOptions {
  /** Where /healthz and /readyz are served; undefined: nowhere. */
  readonly healthAddress: ListenAddress | undefined
  /** Where /metrics is served; undefined: nowhere. May be the same. */
  readonly metricsAddress: ListenAddress | undefined
  /** For /healthz: whether a restart would help. */
  readonly liveness: readonly HealthCheck[]
  /** For /readyz: whether what is known is fresh. */
  readonly readiness: readonly HealthCheck[]
  readonly metrics: { text(): Promise<string>; readonly contentType: string }
  readonly timeouts?: HttpTimeouts
}

/** The addresses that are served, as `host:port`. */
export interface BoundAddresses {
  readonly health: string | undefined
  readonly metrics: string | undefined
}

/** /healthz, /readyz and /metrics. */
export class Endpoints {
  readonly #health: HttpServer | undefined
  readonly #metrics: HttpServer | undefined

  constructor(options: EndpointsOptions) {
    const { healthAddress, metricsAddress, metrics, timeouts } = options
    const rendering = new SharedRendering(() => metrics.text())
    const metricsRoutes: Record<string, Route> = {
      '/metrics': async () => ({
        status: 200,
        body: await rendering.page(),
        contentType: metrics.contentType,
      }),
    }
    const shared =
      healthAddress !== undefined &&
      metricsAddress !== undefined &&
      formatAddress(healthAddress) === formatAddress(metricsAddress)
    this.#health =
      healthAddress &&
      new HttpServer(
        'health-address',
        healthAddress,
        {
          '/healthz': probe(options.liveness),
          '/readyz': probe(options.readiness),
          ...(shared && metricsRoutes),
        },
        timeouts,
      )
    this.#metrics = shared
      ? this.#health
      : metricsAddress && new HttpServer('metrics-address', metricsAddress, metricsRoutes, timeouts)
  }

  /** Serves them. Throws an Error that names the flag if it cannot listen on an address; then nothing is served. */
  async start(): Promise<BoundAddresses> {
    try {
      const health = await this.#health?.start()
      const metrics = this.#metrics === this.#health ? health : await this.#metrics?.start()
      return { health, metrics }
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** Drops all connections. */
  async stop(): Promise<void> {
    await Promise.all([this.#health?.stop(), this.#metrics?.stop()])
  }
}
