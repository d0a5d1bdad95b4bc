import type { Endpoint } from './endpoint.ts'
import type { Environment } from './environment.ts'
import { isExcepted } from './no-proxy.ts'

/** What stands between the operator and Tencent Cloud. May hold a password: never logged. */
export interface ProxyServer {
  /** Of scheme http or https, with the user and password that it wants. */
  readonly url: string
  /** Scheme, host and port alone: fit for the log. */
  readonly address: string
}

const expected =
  'expected the http or https URL of a proxy, for example: http://proxy.example.com:3128 (the value is not shown, it may hold a password)'

/**
 * The proxy that the environment names for an endpoint, under the names that curl made customary: `https_proxy` or
 * `HTTPS_PROXY`, and the hosts without one in `no_proxy` or `NO_PROXY`; the lower-case one wins. Nothing for plain http:
 * the operator speaks it with loopback addresses only. What is wrong is said also where the proxy would not be used.
 *
 * @param endpoint undefined where it has a problem of its own
 */
export function readProxy(
  environment: Environment,
  endpoint: Endpoint | undefined,
): { readonly proxy: ProxyServer | undefined } | { readonly problems: readonly string[] } {
  const [name, text] = firstSet(environment, 'https_proxy', 'HTTPS_PROXY')
  if (name === undefined) return { proxy: undefined }
  const url = URL.parse(text)
  if (url === null || !isProxy(url)) return { problems: [`${name}: ${expected}`] }
  const [, except] = firstSet(environment, 'no_proxy', 'NO_PROXY')
  const direct = endpoint?.protocol !== 'https' || isExcepted(except, endpoint)
  return { proxy: direct ? undefined : { url: url.href, address: url.origin } }
}

function firstSet(environment: Environment, ...names: string[]): [name: string | undefined, text: string] {
  const name = names.find((it) => environment[it]?.trim())
  return [name, name === undefined ? '' : (environment[name]?.trim() ?? '')]
}

function isProxy({ protocol, port, pathname, search, hash, username, password }: URL): boolean {
  if (protocol !== 'http:' && protocol !== 'https:') return false
  if (port === '0' || pathname !== '/' || search !== '' || hash !== '') return false
  try {
    // What stands for another character, as %40 does for @, must stand for one.
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}
