import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = '/sys/fs/cgroup'

/** Which version of control groups the machine has under /sys/fs/cgroup, `undefined` when it has none there. */
export function controlGroupVersion(at = root): 1 | 2 | undefined {
  if (existsSync(join(at, 'cgroup.controllers'))) return 2
  return existsSync(join(at, 'memory', 'cgroup.procs')) ? 1 : undefined
}

/** Makes the control group that the kubelet is given as its root; the kubelet expects it to be there. */
export function makeControlGroup(name: string, at = root): void {
  if (controlGroupVersion(at) === 2) makeInOneTree(name, at)
  else for (const hierarchy of hierarchies(at)) makeInHierarchy(name, hierarchy)
}

/** Version 1: a tree for each controller. Names like `cpu,cpuacct` have links to them, which are the same tree. */
function hierarchies(at: string): string[] {
  const folders = readdirSync(at, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return folders.map(({ name }) => join(at, name)).filter((folder) => existsSync(join(folder, 'tasks')))
}

function makeInHierarchy(name: string, hierarchy: string): void {
  const group = join(hierarchy, name)
  mkdirSync(group, { recursive: true })
  // A new group of the controller cpuset has no processors and no memory, and takes no process until it has.
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (existsSync(join(group, file))) writeFileSync(join(group, file), readFileSync(join(hierarchy, file)))
  }
}

/** Version 2: one tree; a group has the controllers that its parent passes on. Written by the rules, not run by us. */
function makeInOneTree(name: string, at: string): void {
  const group = join(at, name)
  mkdirSync(group, { recursive: true })
  for (const folder of [at, group]) {
    const controllers = readFileSync(join(folder, 'cgroup.controllers'), 'utf8').trim().split(' ')
    const passedOn = controllers.map((controller) => `+${controller}`).join(' ')
    writeFileSync(join(folder, 'cgroup.subtree_control'), passedOn)
  }
}
