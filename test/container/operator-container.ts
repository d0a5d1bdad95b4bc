import type { StartedTestContainer } from 'testcontainers'
import { freePorts } from '../control-plane/ports.ts'
import { eventually } from '../harness/eventually.ts'
import type { LogLine } from '../harness/operator-process.ts'
import { runProgram } from '../programs/run-program.ts'
import { containers, docker, TestContainer } from './docker.ts'

const MiB = 1_048_576

export interface OperatorContainerOptions {
  /** The operator's flags: nothing else has to be said to the image. */
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Folders of this machine by where the container sees them, read-only. */
  readonly mounts?: Readonly<Record<string, string>>
}

/** The image as the chart runs it: nothing may be written, no capability, 128 MiB of memory. */
export class OperatorContainer implements AsyncDisposable {
  readonly #container: StartedTestContainer
  readonly #urls: { readonly health: string; readonly metrics: string }

  private constructor(container: StartedTestContainer, healthPort: number, metricsPort: number) {
    this.#container = container
    this.#urls = { health: `http://127.0.0.1:${healthPort}`, metrics: `http://127.0.0.1:${metricsPort}` }
  }

  /** Resolves when it has been started. */
  static async start(options: OperatorContainerOptions): Promise<OperatorContainer> {
    const { args, environment = {}, mounts = {} } = options
    const [healthPort = 0, metricsPort = 0] = await freePorts(2)
    // The network is the machine's: nobody else is to reach it.
    const addresses = ['health', 'metrics'].map((what) => `--${what}-address`)
    const own = [
      addresses[0] ?? '',
      `127.0.0.1:${healthPort}`,
      addresses[1] ?? '',
      `127.0.0.1:${metricsPort}`,
    ]
    const container = await new TestContainer(containers().images.operator)
      .withCommand([...own, ...args])
      .withEnvironment(environment)
      .withDroppedCapabilities('ALL')
      .withSecurityOpt('no-new-privileges')
      .withMemoryLimit(128 * MiB)
      .withBindMounts(Object.entries(mounts).map(([target, source]) => ({ source, target, mode: 'ro' })))
      // It may end before anyone looks; its log and its exit code are still wanted then.
      .withAutoRemove(false)
      .start()
    return new OperatorContainer(container, healthPort, metricsPort)
  }

  /** Resolves when /readyz answers 200. */
  async ready(): Promise<this> {
    const answers = () =>
      fetch(`${this.#urls.health}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      )
    await eventually('the operator is ready', answers, { timeoutMs: 30_000 }).catch(async (error: Error) => {
      throw new Error(`${error.message} ${await this.stdout()} ${await this.stderr()}`)
    })
    return this
  }

  /** The metrics page. */
  async metrics(): Promise<string> {
    return (await fetch(`${this.#urls.metrics}/metrics`)).text()
  }

  /** Runs JavaScript in the container beside the operator, as `kubectl exec` would, and returns what it prints. */
  async evaluate(source: string): Promise<string> {
    const { output, exitCode } = await this.#container.exec(['/nodejs/bin/node', '-p', source])
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${output}`)
    return output.trim()
  }

  stdout(): Promise<string> {
    return docker('logs', this.#container.getId())
  }

  stderr(): Promise<string> {
    const env = { ...process.env, DOCKER_HOST: containers().host }
    const onlyStderr = 'docker logs "$1" 2>&1 >/dev/null'
    return runProgram(['sh', '-c', onlyStderr, 'sh', this.#container.getId()], { env })
  }

  /** The log so far. Throws where a line of stdout is no JSON. */
  async log(): Promise<LogLine[]> {
    const lines = (await this.stdout()).trimEnd().split('\n')
    return lines.map((line) => JSON.parse(line) as LogLine)
  }

  /** One field of what Docker knows: `.State.OOMKilled`. */
  async inspect(field: string): Promise<string> {
    return (await docker('inspect', '--format', `{{${field}}}`, this.#container.getId())).trim()
  }

  /** Sends a signal to the operator. */
  async signal(name: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await docker('kill', '--signal', name, this.#container.getId())
  }

  /** Resolves with the exit code once it has ended. */
  async exited(): Promise<number> {
    return Number(await docker('wait', this.#container.getId()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await docker('rm', '--force', this.#container.getId())
  }
}
