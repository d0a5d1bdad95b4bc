import type http from 'node:http'
import type { Socket } from 'node:net'
import { SendingConnection } from './sending-connection.ts'

/** What every agent has and the declarations leave out: a request is given to it before it has a connection. */
interface Requested {
  addRequest(request: http.ClientRequest, ...rest: readonly unknown[]): void
}

/**
 * An agent's connections for one request. `onSending` is called when the request gets an open one, with the TLS
 * handshake behind it where there is one: before that, no byte of the request can have left.
 */
export function sendingAgent(
  agent: http.Agent,
  onSending: (connection: SendingConnection) => void,
): http.Agent {
  const pool = agent as http.Agent & Requested
  const own: http.Agent & Requested = Object.create(pool)
  own.addRequest = (request, ...rest) => {
    request.once('socket', (socket) => {
      const send = () => {
        const connection = new SendingConnection(socket)
        request.once('response', () => connection.answered())
        onSending(connection)
      }
      if (isOpen(socket)) send()
      else socket.once(isTls(socket) ? 'secureConnect' : 'connect', send)
    })
    pool.addRequest(request, ...rest)
  }
  return own
}

function isTls(socket: Socket): boolean {
  return 'encrypted' in socket
}

/** Node keeps `secureConnecting` on its TLS sockets and leaves it out of the declarations. */
function isOpen(socket: Socket): boolean {
  return !socket.connecting && !('secureConnecting' in socket && socket.secureConnecting === true)
}
