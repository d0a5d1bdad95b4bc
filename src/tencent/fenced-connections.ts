import type http from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import type { Fence } from '../ports/fence.ts'
import { TunnelAgent } from './tunnel-agent.ts'
import { UnfinishedConnections } from './unfinished-connections.ts'

export interface FencedConnectionsOptions {
  readonly protocol: 'http' | 'https'
  readonly fence: Fence
  readonly clock: Clock
  /** The longest time until a connection is open, ms. */
  readonly setupMs: number
}

/**
 * Lets an agent give a request its new connection only when that is open and the fence is too. Node would take the
 * request at once and send it as soon as the handshake is over: perhaps long after the process was stopped, and before
 * any timer is looked at.
 */
export function fenceConnections(agent: http.Agent, options: FencedConnectionsOptions): void {
  const { protocol, fence, clock, setupMs } = options
  const create = agent.createConnection.bind(agent)
  const unfinished = new UnfinishedConnections(clock, setupMs)

  agent.createConnection = (target, callback) => {
    const open = (connection: Duplex) => {
      try {
        fence.check()
      } catch (error) {
        connection.destroy()
        return callback?.(error as Error, connection)
      }
      callback?.(null, connection)
    }
    // A tunnel is handed out when it is open.
    if (agent instanceof TunnelAgent) {
      create(target, (error, connection) => (error ? callback?.(error, connection) : open(connection)))
      return undefined
    }
    const connection = create(target)
    if (!connection) return connection
    const finish = unfinished.add(connection)
    const settle = () => {
      finish()
      connection.off(opened, onOpen).off('error', onError)
    }
    const onOpen = () => {
      settle()
      open(connection)
    }
    const onError = (error: Error) => {
      settle()
      callback?.(error, connection)
    }
    const opened = protocol === 'https' ? 'secureConnect' : 'connect'
    connection.once(opened, onOpen).once('error', onError)
    return undefined
  }

  const destroy = agent.destroy.bind(agent)
  agent.destroy = () => {
    unfinished.destroy()
    destroy()
  }
}
