import { Client } from 'undici'
import type { BootStep } from './node/machine-node.ts'
import type { NodeProgramName } from './node-programs.ts'

/** What the node can be told to do. Each is answered when it is done. */
export type Order =
  | { do: 'boot' }
  | { do: 'status' }
  | { do: 'start'; program: NodeProgramName }
  | { do: 'stop'; program: NodeProgramName; signal: NodeJS.Signals }
  | { do: 'signal'; namespace: string; pod: string; signal: NodeJS.Signals }
  | { do: 'import'; archive: string }

/** What the node says of itself. */
export interface NodeStatus {
  readonly steps: readonly BootStep[]
  readonly programs: Readonly<Record<string, { readonly pid: number; readonly restarts: number }>>
}

/**
 * Sends an order to the node and waits until it has been carried out.
 * @param socket the node's Unix socket
 * @throws Error with what the node says; or that it does not answer
 */
export async function sendOrder<T = unknown>(socket: string, order: Order): Promise<T> {
  const client = new Client('http://node', { socketPath: socket, headersTimeout: 0, bodyTimeout: 0 })
  try {
    const answer = await client.request({ method: 'POST', path: '/', body: JSON.stringify(order) })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) throw new Error(`the node could not ${order.do}: ${text}`)
    return JSON.parse(text) as T
  } finally {
    await client.destroy()
  }
}
