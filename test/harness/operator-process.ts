import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { atProcessEnd } from '../control-plane/cleanup.ts'
import { dyingWithParent } from '../programs/child.ts'
import { eventually } from './eventually.ts'

/** The production bundle: `npm run build` makes it. */
export const bundleFile = fileURLToPath(new URL('../../dist/tencent-cert-sync.js', import.meta.url))

/** Node's flags in the image; the Dockerfile says why. */
export const nodeFlags = [
  '--max-semi-space-size=1',
  '--optimize-for-size',
  '--report-exclude-env',
  '--disable-sigusr1',
  '--permission',
  '--allow-fs-read=*',
]

/** One line of the operator's log. */
export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

export interface OperatorProcessOptions {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Told of what it writes, as it writes it. */
  readonly onOutput?: (text: string) => void
  /** Flags for Node besides `nodeFlags`. */
  readonly extraNodeFlags?: readonly string[]
  /** Where Node would put what it writes of its own accord. Default: this process' directory. */
  readonly cwd?: string
}

/** The bundle as a child process. Ends with `kill` or `stop`, at the latest with this process. */
export class OperatorProcess {
  readonly #child: ChildProcess
  readonly #output = { stdout: '', stderr: '' }
  readonly #exited: Promise<number | null>

  private constructor(child: ChildProcess, onOutput?: (text: string) => void) {
    this.#child = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output.stdout += text
      onOutput?.(text)
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output.stderr += text
      onOutput?.(text)
    })
    const hasEnded = atProcessEnd(() => child.kill('SIGKILL'))
    this.#exited = once(child, 'close').then(([code]) => {
      hasEnded()
      return code as number | null
    })
  }

  /** Starts the bundle; resolves at once. Health and metrics are served on free ports. */
  static start(options: OperatorProcessOptions): OperatorProcess {
    const own = ['--health-address', '127.0.0.1:0', '--metrics-address', '127.0.0.1:0']
    const { args, env, onOutput, extraNodeFlags = [], cwd = process.cwd() } = options
    const flags = [...nodeFlags, ...extraNodeFlags]
    const [command, ...rest] = dyingWithParent([process.execPath, ...flags, bundleFile, ...own, ...args])
    const child = spawn(command, rest, {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return new OperatorProcess(child, onOutput)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get stdout(): string {
    return this.#output.stdout
  }

  get stderr(): string {
    return this.#output.stderr
  }

  /** The log so far. Throws where a line of stdout is not a log line. */
  log(): LogLine[] {
    const lines = this.#output.stdout.split('\n')
    return lines.slice(0, -1).map((line) => JSON.parse(line) as LogLine)
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves with the exit code; null after a signal. */
  get exited(): Promise<number | null> {
    return this.#exited
  }

  /** Resolves when /readyz answers 200. */
  async ready(timeoutMs = 20_000): Promise<this> {
    await eventually('the operator is ready', async () => (await this.health('/readyz')).status === 200, {
      timeoutMs,
      details: () => this.#output.stdout.slice(-2_000) + this.#output.stderr,
      giveUp: () => (this.running ? undefined : 'it has exited'),
    })
    return this
  }

  /** GET on the health address. */
  async health(path: '/healthz' | '/readyz'): Promise<{ status: number; text: string }> {
    return get(await this.#address('serving health'), path)
  }

  /** The metrics page. */
  async metrics(): Promise<string> {
    return (await get(await this.#address('serving metrics'), '/metrics')).text
  }

  /** The sum of the series of a metric whose labels hold all of `labels`; 0 when there is none. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return sumOf(await this.metrics(), name, labels)
  }

  /** SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.#exited
  }

  async #address(message: string): Promise<string> {
    let address: string | undefined
    await eventually(
      `the log says "${message}"`,
      () => {
        // In either format of the log.
        const line = this.#output.stdout.split('\n').find((it) => it.includes(message))
        address = /"address":"([^"]+)"/.exec(line ?? '')?.[1]
        return address !== undefined
      },
      { giveUp: () => (this.running ? undefined : `it has exited: ${this.#output.stderr}`) },
    )
    return address as string
  }
}

async function get(address: string, path: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://${address}${path}`).catch(() => undefined)
  return answer ? { status: answer.status, text: await answer.text() } : { status: 0, text: '' }
}

/** Adds up the series of a page in Prometheus' text format. */
export function sumOf(page: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
  return page
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
}
