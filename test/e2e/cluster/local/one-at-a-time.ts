import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { setTimeout as passing } from 'node:timers/promises'

/** A name in the kernel's list of sockets, not a file: it goes with the process that holds it, however that ends. */
const name = '\0tencent-cert-sync-e2e-cluster'
const patienceMs = 60_000

/**
 * Runs `work` while no other process of this machine runs such work: two starts at once would not see each other.
 * @throws Error when another one is at it for more than a minute
 */
export async function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patienceMs
  let holder = await hold()
  while (holder === undefined) {
    if (performance.now() > deadline) {
      throw new Error('another process has been starting or ending the local cluster for a minute')
    }
    await passing(50)
    holder = await hold()
  }
  try {
    return await work()
  } finally {
    holder.close()
  }
}

async function hold(): Promise<Server | undefined> {
  const server = createServer().listen(name)
  return once(server, 'listening').then(
    () => server,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') throw error
      return undefined
    },
  )
}
