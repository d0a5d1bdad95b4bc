import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

// Below the kernel's range for outgoing connections (from 32768): while the API server is down for a restart, no
// client's own socket can take its port.
const lowest = 20_000
const highest = 32_000

/** `count` different loopback ports that nobody listens on right now. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > 1_000) throw new Error(`no free port found on 127.0.0.1 between ${lowest} and ${highest}`)
    const port = randomInt(lowest, highest)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
