import type { Socket } from 'node:net'

/** Node's handle of a TCP connection, which the declarations leave out. */
interface TcpHandle {
  close(onClosed?: () => void): void
  /** Sends RST and forgets what was not sent. @returns 0, or the number of an error */
  reset(onClosed?: () => void): number
}

/**
 * A connection with a request on it that has no answer yet. However it is destroyed in that time, it is reset: the
 * kernel sends RST and forgets what it has not sent. A plain close would go on sending for minutes, and the request
 * could arrive when nobody counts it any more.
 *
 * `Socket.resetAndDestroy` does not do: it takes no TLS socket, and it waits until everything is written (Node 24).
 */
export class SendingConnection {
  readonly #socket: Socket
  readonly #handle: TcpHandle | undefined
  #isReset = false

  constructor(socket: Socket) {
    this.#socket = socket
    const handle = tcpHandleOf(socket)
    this.#handle = handle
    if (!handle) return
    handle.close = (onClosed) => {
      this.answered()
      this.#isReset = handle.reset(onClosed) === 0
      if (!this.#isReset) handle.close(onClosed)
    }
  }

  /** The answer has begun: from now on the connection is closed in the usual way. */
  answered(): void {
    // What the handle's class has comes back.
    if (this.#handle && Object.hasOwn(this.#handle, 'close')) Reflect.deleteProperty(this.#handle, 'close')
  }

  /** Destroys the connection. Whether it was reset, now or before: nothing of the request leaves this host any more. */
  reset(): boolean {
    this.#socket.destroy()
    return this.#isReset
  }
}

/** Undefined for a tunnel: the connection to the proxy is another one. */
function tcpHandleOf(socket: Socket): TcpHandle | undefined {
  const handle = '_handle' in socket ? socket._handle : undefined
  const isWrapped = 'encrypted' in socket
  const tcp = isWrapped ? parentOf(handle) : handle
  return isTcpHandle(tcp) ? tcp : undefined
}

/** TLS lies around the handle of its connection. */
function parentOf(handle: unknown): unknown {
  return typeof handle === 'object' && handle !== null && '_parent' in handle ? handle._parent : undefined
}

function isTcpHandle(handle: unknown): handle is TcpHandle {
  if (typeof handle !== 'object' || handle === null || !('close' in handle) || !('reset' in handle))
    return false
  return typeof handle.close === 'function' && typeof handle.reset === 'function'
}
