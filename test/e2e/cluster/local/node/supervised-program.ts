import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from '../../../../programs/child.ts'
import type { Layout } from '../layout.ts'
import type { NodeProgram } from '../node-programs.ts'
import { isServing } from './is-serving.ts'

const startTimeoutMs = 120_000
/** An API server with clients would take a minute: it waits for their connections. */
const stopGraceMs = 5_000
const lookEveryMs = 50
const mournEveryMs = 500

/** A program of the node. Once told to keep it running, one that ends by itself is started again, as systemd would. */
export class SupervisedProgram {
  /** How often it ended without having been told to. */
  restarts = 0
  readonly #name: string
  readonly #program: NodeProgram
  readonly #files: Layout
  readonly #log: string
  #child: Child | undefined
  #wanted = false

  constructor(name: string, program: NodeProgram, files: Layout) {
    this.#name = name
    this.#program = program
    this.#files = files
    this.#log = join(files.logs, `${name}.log`)
  }

  /** The process id as the node sees it, 0 when it does not run. */
  get pid(): number {
    return this.#child?.running ? this.#child.pid : 0
  }

  /** Starts it unless it runs; resolves when it serves. @throws Error with its last lines when it does not */
  async start(): Promise<void> {
    if (this.pid === 0) await this.#spawn()
    this.#wanted = true
    const deadline = performance.now() + startTimeoutMs
    while (!(await isServing(this.#program.ready, this.#files.ca))) {
      if (this.pid === 0 || performance.now() > deadline) {
        const what = this.pid === 0 ? 'ended while starting' : `does not serve after ${startTimeoutMs} ms`
        throw new Error(`${this.#name} ${what}; its last lines:\n${this.#child?.lastLines()}`)
      }
      await passing(lookEveryMs)
    }
  }

  /** Ends it, after a grace with SIGKILL, and it stays away until `start`. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#wanted = false
    await this.#child?.stop(signal, stopGraceMs)
  }

  /** From now on. */
  keepRunning(): void {
    setInterval(() => {
      if (!this.#wanted || this.pid !== 0) return
      this.restarts++
      appendFileSync(this.#log, `--- ${this.#name} ended by itself and is started again\n`)
      void this.#spawn()
    }, mournEveryMs)
  }

  async #spawn(): Promise<void> {
    const [program, ...args] = this.#program.command
    this.#child = await Child.start(this.#name, program, args, this.#log)
  }
}

function passing(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
