import type { Clock } from '../../src/clock.ts'
import { parseConfig } from '../../src/config.ts'
import { Operator } from '../../src/operator.ts'
import type { BoundAddresses } from '../../src/telemetry/endpoints.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { type LogLine, sumOf } from './operator-process.ts'
import { credentials, type World } from './world.ts'

/** The composition root itself, in this process: for tests of hours, which need a clock that is moved by hand. */
export class InProcessOperator {
  readonly #operator: Operator
  readonly #lines: string[]
  readonly #addresses: BoundAddresses

  private constructor(operator: Operator, lines: string[], addresses: BoundAddresses) {
    this.#operator = operator
    this.#lines = lines
    this.#addresses = addresses
  }

  /** Starts an operator in a world with options like those of `World.startOperator`. Stop it. */
  static async start(
    world: World,
    clock: Clock,
    overrides: Readonly<Record<string, string>> = {},
  ): Promise<InProcessOperator> {
    const own = { 'health-address': '127.0.0.1:0', 'metrics-address': '127.0.0.1:0' }
    const invocation = parseConfig(world.arguments({ ...own, ...overrides }), {
      TENCENTCLOUD_SECRET_ID: credentials.secretId,
      TENCENTCLOUD_SECRET_KEY: credentials.secretKey,
    })
    if (invocation.kind !== 'run') throw new Error('these options do not run an operator')
    const { config } = invocation
    const lines: string[] = []
    const log = createLogger({
      level: config.logLevel,
      format: 'json',
      clock,
      destination: { write: (line) => lines.push(line) },
    })
    const operator = new Operator(config, log, clock)
    return new InProcessOperator(operator, lines, await operator.start())
  }

  log(): LogLine[] {
    return this.#lines.map((line) => JSON.parse(line) as LogLine)
  }

  /** GET on the health address. */
  async health(path: '/healthz' | '/readyz'): Promise<number> {
    return (await fetch(`http://${this.#addresses.health}${path}`)).status
  }

  async metrics(): Promise<string> {
    return (await fetch(`http://${this.#addresses.metrics}/metrics`)).text()
  }

  /** The sum of the series of a metric whose labels hold all of `labels`; 0 when there is none. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return sumOf(await this.metrics(), name, labels)
  }

  /** As after SIGTERM. */
  stop(): Promise<void> {
    return this.#operator.stop()
  }
}
