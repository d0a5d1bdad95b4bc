import { Worker } from 'node:worker_threads'

/** Many connections to one HTTP address, each opened again when it is closed. */
export interface FloodOptions {
  readonly port: number
  /** How many connections are open at a time. */
  readonly connections: number
  /** What each of them sends, again and again. */
  readonly sends: string
  /** Between two sends on a connection, ms. */
  readonly everyMs: number
  /** Whether the connections read what is answered. */
  readonly reads: boolean
}

/** A hostile client on the loopback address, in a thread of its own so that it does not slow the one that measures. */
export class Flood {
  readonly #worker: Worker
  /** How many connections were opened so far. */
  opened = 0

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  /** Resolves when every connection has been opened once. */
  static async start(options: FloodOptions): Promise<Flood> {
    const worker = new Worker(new URL('./flood-worker.ts', import.meta.url), { workerData: options })
    const flood = new Flood(worker)
    await new Promise<void>((resolve, reject) => {
      worker.once('error', reject)
      worker.on('message', (opened: number) => {
        flood.opened = opened
        if (opened >= options.connections) resolve()
      })
    })
    return flood
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}
