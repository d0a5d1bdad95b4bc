import { isIPv4, isIPv6 } from 'node:net'
import type { Parsed } from './parsed.ts'

/** Where to listen. Without a host: on every address of the machine. Port 0: one that is free. */
export interface ListenAddress {
  readonly host?: string
  readonly port: number
}

const form = /^(?:\[([^[\]]*)\]|([^:[\]]*)):(\d{1,5})$/
const hostName =
  /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*$/i

/** `HOST:PORT`, `:PORT`, `[::1]:PORT`; `off` yields undefined. */
export function listenAddress(text: string): Parsed<ListenAddress | undefined> {
  if (text === 'off') return { value: undefined }
  const [, six, host = '', digits] = form.exec(text) ?? []
  const port = Number(digits ?? Number.NaN)
  const known = six === undefined ? host === '' || isHost(host) : isIPv6(six)
  if (!known || !(port <= 65_535)) {
    return { expected: 'HOST:PORT, :PORT for every address of the machine, or the word off' }
  }
  const name = six ?? host
  return { value: name === '' ? { port } : { host: name, port } }
}

/** The address as the parser reads it. */
export function formatAddress({ host = '', port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

function isHost(text: string): boolean {
  // What is made of digits and dots was meant as an address: 10.0.0.256 is a mistake, not a name.
  return isIPv4(text) || (hostName.test(text) && !/^[\d.]+$/.test(text))
}
