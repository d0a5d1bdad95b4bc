import { BlockList, isIP, isIPv6 } from 'node:net'
import type { Endpoint } from './endpoint.ts'

/**
 * Whether a list as in `NO_PROXY` names the endpoint: `*`, a host with all its subdomains (`example.com`, `.example.com`
 * and `*.example.com` mean the same), an IP address, a range in CIDR form, each but the first perhaps with a port
 * (`example.com:443`). Entries are parted by commas or blanks; what is none of these names nothing.
 */
export function isExcepted(list: string, endpoint: Pick<Endpoint, 'hostname' | 'port'>): boolean {
  const host = endpoint.hostname.replace(/^\[|\]$/g, '')
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true
      const { name, port } = parts(entry)
      if (port !== undefined && port !== (endpoint.port ?? 443)) return false
      return isIP(host) === 0 ? isWithin(host, name) : isAddressOf(host, name)
    })
}

function parts(entry: string): { name: string; port?: number } {
  if (isIPv6(entry.split('/')[0] ?? '')) return { name: entry }
  const [, name = '', port] = /^\[?(.*?)\]?(?::(\d{1,5}))?$/.exec(entry) ?? []
  return { name, ...(port === undefined ? {} : { port: Number(port) }) }
}

function isWithin(host: string, name: string): boolean {
  const domain = name.replace(/^\*?\./, '')
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`))
}

function isAddressOf(host: string, name: string): boolean {
  const [address = '', bits] = name.split('/')
  const version = isIP(address)
  // A range of IPv6 would match the addresses of IPv4 that are mapped into it.
  if (version !== isIP(host)) return false
  const longest = version === 6 ? 128 : 32
  const prefix = bits === undefined ? longest : Number(bits)
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > longest) return false
  const family = version === 6 ? 'ipv6' : 'ipv4'
  const range = new BlockList()
  range.addSubnet(address, prefix, family)
  return range.check(host, family)
}
