import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { credentials } from '../harness/world.ts'
import { dyingWithParent } from '../programs/child.ts'
import { ControlClient } from '../simulator/control-client.ts'

const program = fileURLToPath(new URL('../simulator/main.ts', import.meta.url))

/** The simulated cloud as a process of its own: what the benchmark does must not delay its clock or its answers. */
export class SimulatorProcess extends ControlClient {
  /** Where the API is. */
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, urls: { api: string; control: string }) {
    super(urls.control)
    this.#child = child
    this.url = urls.api
  }

  /** Resolves when it listens. Ends with `stop`, or with this process. */
  static async start(): Promise<SimulatorProcess> {
    const { secretId, secretKey } = credentials
    const options = ['--secret-id', secretId, '--secret-key', secretKey, '--json']
    const [command, ...args] = dyingWithParent([process.execPath, program, ...options])
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })
    const [first] = (await Promise.race([
      once(lines, 'line'),
      once(child, 'exit').then(([code]) => Promise.reject(new Error(`the simulator ended with ${code}`))),
    ])) as [string]
    // A line per call comes; unread, they would fill the pipe and stop it.
    lines.on('line', () => {})
    return new SimulatorProcess(child, JSON.parse(first))
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await gone
  }
}
