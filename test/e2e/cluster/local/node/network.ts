import { readFileSync, writeFileSync } from 'node:fs'
import { runProgram } from '../../../../programs/run-program.ts'
import { addresses } from '../addresses.ts'

/** What the node's kernel is asked for, in its own network namespace, by file in /proc/sys/net. */
const settings = {
  'ipv4/ip_forward': '1',
  'bridge/bridge-nf-call-iptables': '1',
  'ipv4/conf/all/route_localnet': '0',
} as const

/** Gives the node its addresses. There is no default route, and none may come: nothing leaves the machine. */
export async function prepareNetwork(): Promise<void> {
  await ip('link', 'set', 'lo', 'up')
  await ip('address', 'add', `${addresses.node}/30`, 'dev', 'eth0')
  await ip('link', 'set', 'eth0', 'up')
  // A process of the node that calls a Service needs some route, before the firewall turns it to a pod.
  await ip('link', 'add', 'services', 'type', 'bridge')
  await ip('link', 'set', 'services', 'up')
  await ip('route', 'add', addresses.services, 'dev', 'services')
  for (const [name, value] of Object.entries(settings)) {
    const file = `/proc/sys/net/${name}`
    if (readFileSync(file, 'utf8').trim() !== value) writeFileSync(file, value)
  }
}

async function ip(...args: string[]): Promise<void> {
  await runProgram(['ip', ...args])
}
