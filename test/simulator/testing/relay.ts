import { type AddressInfo, connect, createServer } from 'node:net'

export interface Relay {
  readonly port: number
  /** Texts that are exchanged on the way to the server; both have the same length in bytes. */
  tamper: { readonly from: string; readonly to: string } | undefined
  close(): Promise<void>
}

/**
 * Passes bytes on to one port, whatever target a CONNECT names: an HTTP proxy for clients that can only be sent to
 * the loopback address that way.
 */
export async function startRelay(targetPort: number): Promise<Relay> {
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1')
    client.on('error', () => target.destroy())
    target.on('error', () => client.destroy())
    target.on('data', (chunk) => client.write(chunk))
    target.on('close', () => client.destroy())
    client.on('close', () => target.destroy())
    client.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1')
      if (text.startsWith('CONNECT ')) {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      } else {
        const { from, to } = relay.tamper ?? { from: '', to: '' }
        target.write(from === '' ? chunk : Buffer.from(text.replace(from, to), 'latin1'))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const relay: Relay = {
    port: (server.address() as AddressInfo).port,
    tamper: undefined,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
  return relay
}
