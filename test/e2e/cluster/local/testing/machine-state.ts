import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from '../../../../programs/run-program.ts'
import { addresses, cable, cgroup, overlap, type Route } from '../addresses.ts'
import { kernelSettings } from '../kubelet-config.ts'
import { clusterFolder } from '../layout.ts'
import { standardFolders } from '../standard-folders.ts'

/** Interfaces that the machine has only when the cluster put them there, or when a namespace of the node leaks. */
const interfaces = [cable, 'cni0', 'services']
const ranges = [addresses.cable, addresses.pods, addresses.services]

/**
 * Everything of the machine that a cluster could leave behind or change, in a form that can be compared. Only that: a
 * machine changes by itself, too, by what systemd and Docker do, and routes have times that run out.
 */
export async function machineState() {
  const links = JSON.parse(await runProgram(['ip', '-json', 'link'])) as { ifname: string }[]
  const routes = await runProgram(['ip', '-json', 'route', 'show', 'table', 'all'])
  return {
    links: links.map(({ ifname }) => ifname).filter((name) => interfaces.includes(name)),
    routes: ourRoutes(JSON.parse(routes || '[]') as Route[]),
    firewall: ourRules(await runProgram(['iptables-save'])),
    mounts: ourMounts(readFileSync('/proc/self/mounts', 'utf8')),
    controlGroups: controlGroups(),
    kernelSettings: Object.keys(kernelSettings).map((name) => readFileSync(`/proc/sys/${name}`, 'utf8')),
    folders: [clusterFolder, ...standardFolders].filter((folder) => existsSync(folder)),
  }
}

/** Of these routes, those through the cluster's interfaces or into its addresses: "destination interface". */
export function ourRoutes(routes: readonly Route[]): string[] {
  const ours = ({ dst, dev = '' }: Route) => interfaces.includes(dev) || isOurs(dst)
  return routes.filter(ours).map(({ dst, dev }) => `${dst} ${dev}`)
}

/** Of what iptables-save says, the rules for the cluster's addresses and its cable, without counters. */
export function ourRules(saved: string): string[] {
  const rules = saved.split('\n').filter((line) => line.startsWith('-A'))
  return rules.filter((rule) => rule.split(' ').some((word) => word === cable || isOurs(word)))
}

/** Of /proc/self/mounts, the mount points that the node has and the machine does not. */
export function ourMounts(mounts: string): string[] {
  const points = mounts.split('\n').map((line) => line.split(' ')[1] ?? '')
  const settings = Object.keys(kernelSettings).map((name) => join('/proc/sys', name))
  const known: readonly string[] = [clusterFolder, ...standardFolders, ...settings]
  return points.filter((point) => known.includes(point) || point.startsWith(`${clusterFolder}/`))
}

function isOurs(address: string): boolean {
  return ranges.some((range) => overlap(range, address))
}

/** The network namespace of a process, as the kernel names it ("net:[4026532288]"). */
export function networkOf(pid: number): string {
  return readlinkSync(`/proc/${pid}/ns/net`)
}

/** How many processes of the machine are in that network namespace. */
export function processesIn(network: string): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.filter((pid) => {
    try {
      return networkOf(Number(pid)) === network
    } catch {
      return false
    }
  }).length
}

function controlGroups(): string[] {
  const root = '/sys/fs/cgroup'
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const places = [root, ...folders.map(({ name }) => join(root, name))]
  return places.map((place) => join(place, cgroup)).filter((group) => existsSync(group))
}
