import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'

/** A program of the control plane that runs as a child process, its output going to a file. */
export class Child {
  readonly name: string
  readonly #process: ChildProcess
  readonly #log: string
  readonly #ended: Promise<void>

  /** Resolves once the program has been started; a program that cannot be executed rejects. */
  static async start(name: string, program: string, args: string[], log: string): Promise<Child> {
    const child = new Child(name, program, args, log)
    await new Promise<void>((resolve, reject) => {
      child.#process.once('spawn', resolve)
      child.#process.once('error', reject)
    })
    return child
  }

  private constructor(name: string, program: string, args: string[], log: string) {
    this.name = name
    this.#log = log
    const out = openSync(log, 'a')
    const [command, ...rest] = dyingWithParent([program, ...args])
    // A process group of its own: Ctrl-C in a terminal reaches us alone, and we say in which order things end.
    this.#process = spawn(command, rest, { stdio: ['ignore', out, out], detached: true })
    closeSync(out)
    this.#ended = new Promise((resolve) => this.#process.once('exit', () => resolve()))
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  get running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Sends `signal` and waits for the end; after `graceMs` comes SIGKILL. */
  async stop(signal: NodeJS.Signals, graceMs = 15_000): Promise<void> {
    if (!this.running) return
    this.#process.kill(signal)
    const timer = setTimeout(() => this.killNow(), graceMs)
    await this.#ended
    clearTimeout(timer)
  }

  /** SIGKILL without waiting, for the end of our own process. */
  killNow(): void {
    if (this.running) this.#process.kill('SIGKILL')
  }

  /** The last lines that the program wrote. */
  lastLines(count = 15): string {
    return readFileSync(this.#log, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
  }
}

/**
 * A command line that the kernel ends with its parent even when the parent is killed with SIGKILL, where util-linux's
 * setpriv is there (it needs no rights for this); otherwise the command line as it is.
 */
export function dyingWithParent(command: [string, ...string[]]): [string, ...string[]] {
  return hasSetpriv() ? ['setpriv', '--pdeathsig', 'KILL', '--', ...command] : command
}

let setpriv: boolean | undefined

function hasSetpriv(): boolean {
  setpriv ??= spawnSync('setpriv', ['--pdeathsig', 'KILL', '--', 'true'], { stdio: 'ignore' }).status === 0
  return setpriv
}
