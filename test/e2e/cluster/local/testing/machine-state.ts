import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { runProgram } from '../../../../programs/run-program.ts'
import { cgroup } from '../addresses.ts'
import { kernelSettings } from '../kubelet-config.ts'
import { clusterFolder } from '../layout.ts'
import { standardFolders } from '../standard-folders.ts'

/** Everything of the machine that a cluster could leave behind or change, in a form that can be compared. */
export async function machineState() {
  const lines = async (...command: [string, ...string[]]) => (await runProgram(command)).trim().split('\n')
  const links = JSON.parse(await runProgram(['ip', '-json', 'link'])) as { ifname: string }[]
  return {
    links: links.map(({ ifname }) => ifname),
    routes: await lines('ip', 'route', 'show', 'table', 'all'),
    // Without counters and times.
    firewall: (await lines('iptables-save')).filter((line) => /^(\*|-A|-N|:)/.test(line)).map(uncounted),
    mounts: readFileSync('/proc/self/mounts', 'utf8').trim().split('\n'),
    controlGroups: controlGroups(),
    kernelSettings: Object.keys(kernelSettings).map((name) => readFileSync(`/proc/sys/${name}`, 'utf8')),
    folders: [clusterFolder, ...standardFolders].filter((folder) => existsSync(folder)),
  }
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

function uncounted(line: string): string {
  return line.replace(/ \[\d+:\d+\]/, '')
}

function controlGroups(): string[] {
  const root = '/sys/fs/cgroup'
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const places = [root, ...folders.map(({ name }) => join(root, name))]
  return places.map((place) => join(place, cgroup)).filter((group) => existsSync(group))
}
