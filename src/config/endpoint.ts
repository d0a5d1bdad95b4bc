import { isIPv4 } from 'node:net'
import type { Parsed } from './parsed.ts'

/** Where Tencent Cloud is asked. */
export interface Endpoint {
  readonly protocol: 'http' | 'https'
  /** `hostname` or `hostname:port`: the Host header. IPv6 addresses in brackets. */
  readonly host: string
  /** Without the port. IPv6 addresses in brackets. */
  readonly hostname: string
  /** Absent where it is the protocol's own. */
  readonly port?: number
  /** The two sites have separate accounts and differ in what they serve. The host says which one it is. */
  readonly site: 'china' | 'international'
}

const form = /^(?:(https?):\/\/)?([^/?#@\\\s]+)\/?$/i
const hostName =
  /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*$/
const expected = 'a host name, or a URL of scheme, host and port only'

/**
 * A host (`ssl.tencentcloudapi.com`, spoken to over https) or a URL. Plain http is for loopback addresses only:
 * the body of an upload holds the private key.
 */
export function endpoint(text: string): Parsed<Endpoint> {
  if (text.includes('@')) return { expected: `${expected}, without user name and password`, secret: true }
  const [, scheme = 'https', authority] = form.exec(text) ?? []
  const protocol = scheme.toLowerCase() === 'http' ? 'http' : 'https'
  const url = authority === undefined ? null : URL.parse(`${protocol}://${authority}`)
  if (url === null || url.port === '0' || !isHost(url.hostname)) return { expected }
  const { host, hostname } = url
  if (protocol === 'http' && !isLoopback(hostname)) {
    return {
      expected: 'https, because uploads carry private keys (plain http is for loopback addresses only)',
    }
  }
  return {
    value: {
      protocol,
      host,
      hostname,
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      site: hostname.includes('.intl.') ? 'international' : 'china',
    },
  }
}

function isHost(hostname: string): boolean {
  return hostname.startsWith('[') || isIPv4(hostname) || hostName.test(hostname)
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))
}
