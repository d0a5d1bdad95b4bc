/**
 * Addresses of the local cluster. They are fixed: there is one such cluster on a machine at a time, and whoever looks
 * at a log, a route or a certificate knows at once what an address belongs to.
 */
export const addresses = {
  /** The machine's end of the cable between it and the node; pods reach servers of the machine that listen here. */
  host: '172.31.253.1',
  /** The node's end: API server, kubelet and name server listen here. */
  node: '172.31.253.2',
  cable: '172.31.253.0/30',
  pods: '10.97.0.0/24',
  services: '10.98.0.0/24',
  /** The Service `kubernetes` in namespace `default`: always the first of the range. */
  apiService: '10.98.0.1',
  apiServer: 'https://172.31.253.2:6443',
} as const

/** Name of the network interface on the machine that leads to the node. */
export const cable = 'tcs-e2e'

export const nodeName = 'e2e-node'

/** The control group in which everything that the kubelet starts is counted. */
export const cgroup = 'tencent-cert-sync-e2e'

/** A route of the machine, as `ip -json route` says it. */
export interface Route {
  /** "default", "10.0.0.0/8", or a single address without a slash. */
  dst: string
  dev?: string
}

/**
 * What of the addresses above is in use by something else: one sentence each, none when all are free. The default
 * route does not count.
 */
export function takenAddresses(routes: readonly Route[]): string[] {
  const wanted = [addresses.cable, addresses.pods, addresses.services]
  return routes.flatMap(({ dst, dev = '?' }) => {
    if (dst === 'default') return []
    const ours = wanted.filter((range) => overlap(range, dst))
    return ours.map((range) => `${range} is needed for the cluster, but ${dst} leads to ${dev} already`)
  })
}

/** Whether two IPv4 ranges ("10.0.0.0/8", "10.1.2.3") have an address in common. */
export function overlap(one: string, other: string): boolean {
  const [a, b] = [range(one), range(other)]
  if (a === undefined || b === undefined) return false
  return a.first <= b.last && b.first <= a.last
}

function range(text: string): { first: number; last: number } | undefined {
  const parts = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(text)
  if (parts === null) return undefined
  const [a = 0, b = 0, c = 0, d = 0, bits = 32] = parts.slice(1).map((part) => Number(part ?? 32))
  const size = 2 ** (32 - bits)
  const address = ((a * 256 + b) * 256 + c) * 256 + d
  const first = address - (address % size)
  return { first, last: first + size - 1 }
}
