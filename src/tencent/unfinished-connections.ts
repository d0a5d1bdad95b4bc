import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'

/** The connections of an agent that no request has yet. None of them takes too long, and none outlives the agent. */
export class UnfinishedConnections {
  readonly #clock: Clock
  readonly #setupMs: number
  readonly #connections = new Set<Duplex>()

  /** @param setupMs the longest time until a connection is open, ms */
  constructor(clock: Clock, setupMs: number) {
    this.#clock = clock
    this.#setupMs = setupMs
  }

  /** @returns says that the connection is open, or has failed; a second call does nothing */
  add(connection: Duplex): () => void {
    const cancel = this.#clock.after(this.#setupMs, () => connection.destroy(new Error('too slow')))
    const finish = () => {
      cancel()
      this.#connections.delete(connection)
    }
    this.#connections.add(connection)
    connection.once('close', finish)
    return finish
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy(new Error('closed'))
  }
}
