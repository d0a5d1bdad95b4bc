import { type Agent, request } from 'undici'
import { Child } from '../programs/child.ts'
import { apiServerArguments, type ControlPlaneLayout, etcdArguments, files } from './arguments.ts'
import type { Binaries } from './binaries.ts'

/** How to ask whether the API server is ready. */
export interface ReadyCheck {
  agent: Agent
  token: string
}

const startTimeoutMs = 90_000

/** etcd and kube-apiserver of one control plane. */
export class Processes {
  readonly #binaries: Binaries
  readonly #layout: ControlPlaneLayout
  readonly #extraArguments: string[]
  readonly #ready: ReadyCheck
  #etcd: Child | undefined
  #apiServer: Child | undefined

  constructor(
    binaries: Binaries,
    layout: ControlPlaneLayout,
    extraApiServerArguments: string[],
    ready: ReadyCheck,
  ) {
    this.#binaries = binaries
    this.#layout = layout
    this.#extraArguments = extraApiServerArguments
    this.#ready = ready
  }

  /** Process ids, 0 for what does not run. */
  get pids(): { etcd: number; apiServer: number } {
    return { etcd: pidOf(this.#etcd), apiServer: pidOf(this.#apiServer) }
  }

  /** Resolves when the API server is ready. @throws Error with the last lines of the program that gave up. */
  async start(): Promise<void> {
    const { etcdLog } = files(this.#layout.folder)
    this.#etcd = await Child.start('etcd', this.#binaries.etcd, etcdArguments(this.#layout), etcdLog)
    const health = `http://127.0.0.1:${this.#layout.etcdPort}/health`
    await until(this.#etcd, async () => (await request(health)).statusCode === 200)
    await this.startApiServer()
  }

  async startApiServer(): Promise<void> {
    if (this.#apiServer?.running) return
    const args = [...apiServerArguments(this.#layout), ...this.#extraArguments]
    const { apiServerLog } = files(this.#layout.folder)
    this.#apiServer = await Child.start('kube-apiserver', this.#binaries.apiServer, args, apiServerLog)
    await until(this.#apiServer, () => this.#isReady())
  }

  async stopApiServer(signal: NodeJS.Signals): Promise<void> {
    await this.#apiServer?.stop(signal)
  }

  /** Ends both at once: nobody needs their data. */
  async stop(): Promise<void> {
    await Promise.all([this.#apiServer?.stop('SIGKILL'), this.#etcd?.stop('SIGKILL')])
  }

  /** As `stop`, for the end of our own process: does not wait. */
  killNow(): void {
    this.#apiServer?.killNow()
    this.#etcd?.killNow()
  }

  async #isReady(): Promise<boolean> {
    const { agent: dispatcher, token } = this.#ready
    const url = `https://127.0.0.1:${this.#layout.apiPort}/readyz`
    const answer = await request(url, { dispatcher, headers: { authorization: `Bearer ${token}` } })
    await answer.body.dump()
    return answer.statusCode === 200
  }
}

/** A program ended while it was starting because another one has its port. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError'
}

async function until(child: Child, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + startTimeoutMs
  // A refused connection is the normal case here.
  while (!(await holds().catch(() => false))) {
    if (!child.running) {
      const output = child.lastLines()
      const message = `${child.name} ended while starting; its last lines:\n${output}`
      throw output.includes('address already in use') ? new PortTakenError(message) : new Error(message)
    }
    if (performance.now() > deadline) {
      throw new Error(
        `${child.name} is not ready after ${startTimeoutMs} ms; its last lines:\n${child.lastLines()}`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function pidOf(child: Child | undefined): number {
  return child?.running ? child.pid : 0
}
