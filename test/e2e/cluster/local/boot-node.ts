import { existsSync } from 'node:fs'
import { setTimeout as passing } from 'node:timers/promises'
import type { BootStep } from './node/machine-node.ts'
import { sendOrder } from './order.ts'
import { type ProcessIdentity, runs } from './process-identity.ts'

/**
 * Tells the node to start everything, and waits until it has.
 * @param first process 1 of the node
 * @returns what took how long
 */
export async function bootNode(socket: string, first: ProcessIdentity): Promise<readonly BootStep[]> {
  while (!existsSync(socket)) {
    if (!runs(first)) throw new Error('the first process of the node has ended')
    await passing(10)
  }
  return sendOrder<readonly BootStep[]>(socket, { do: 'boot' })
}
