import { maxHeaderSize } from 'node:http'
import https from 'node:https'
import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import type { ProxyServer } from '../config.ts'
import { UnfinishedConnections } from './unfinished-connections.ts'

type Arguments = Parameters<https.Agent['createConnection']>

/**
 * Keeps connections to https hosts that lead through a proxy. TLS is spoken with the host, inside the tunnel: the proxy
 * learns the host's name and port. Where it refuses, requests fail with an Error whose `code` is `Proxy` and the status
 * it answered with, as in `Proxy407`; where its headers do not end within Node's usual bound, it is `ProxyMalformed`.
 *
 * The tunnel is Node's (`proxyEnv`). What Node leaves open for ever is closed here (24.21): a connection on which the
 * proxy refused, one on which the host behind a willing proxy stays silent, and all that are not yet set up at the end.
 * What Node collects without a bound gets one: the proxy's headers. And what Node does ever more often is done once: with
 * each piece of the proxy's answer it listens twice as often.
 */
export class TunnelAgent extends https.Agent {
  readonly #unfinished: UnfinishedConnections

  /** @param setupMs the longest time from the call to the proxy to the end of the TLS handshake with the host, ms */
  constructor(options: https.AgentOptions, proxy: ProxyServer, clock: Clock, setupMs: number) {
    super({ ...options, proxyEnv: { HTTPS_PROXY: proxy.url } })
    this.#unfinished = new UnfinishedConnections(clock, setupMs)
  }

  override createConnection(...[options, callback]: Arguments): Duplex | null | undefined {
    let finish = () => {}
    const connection = super.createConnection(options, (error, stream) => {
      finish()
      if (error !== null) connection?.destroy()
      callback?.(error === null ? null : (refusal(error) ?? error), stream)
    })
    if (connection) {
      finish = this.#unfinished.add(connection)
      listenOnce(connection)
      boundHeaders(connection)
    }
    return connection
  }

  override destroy(): void {
    this.#unfinished.destroy()
    super.destroy()
  }
}

/** A function that listens for bytes already is not added again. */
function listenOnce(connection: Duplex): void {
  const on = connection.on.bind(connection)
  connection.on = (event: string, listener: Parameters<typeof on>[1]) =>
    event === 'readable' && connection.listeners(event).includes(listener) ? connection : on(event, listener)
}

/**
 * Node reads from the connection until the proxy's headers end. The piece in which they do may be longer than all of
 * them, and is not counted. TLS with the host bypasses this: it reads from the connection's handle.
 */
function boundHeaders(connection: Duplex): void {
  const read = connection.read.bind(connection)
  let received = 0
  connection.read = (size) => {
    if (received > maxHeaderSize) {
      const error = new Error("the proxy's headers do not end")
      connection.destroy(Object.assign(error, { code: 'ProxyMalformed' }))
      return null
    }
    const piece: Buffer | null = read(size)
    received += piece?.length ?? 0
    return piece
  }
}

/** An error of our own words: Node's hold those of the proxy. */
function refusal(error: Error): Error | undefined {
  const status = 'statusCode' in error ? Number(error.statusCode) : Number.NaN
  if (!(status >= 100 && status <= 999)) return undefined
  return Object.assign(new Error('the proxy refused'), { code: `Proxy${status}` })
}
