import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { MachineError } from './machine-error.ts'

const root = '/sys/fs/cgroup'

/** Which version of control groups the machine has under /sys/fs/cgroup, `undefined` when it has none there. */
export function controlGroupVersion(at = root): 1 | 2 | undefined {
  if (existsSync(join(at, 'cgroup.controllers'))) return 2
  return existsSync(join(at, 'memory', 'cgroup.procs')) ? 1 : undefined
}

/**
 * Makes the control group that the kubelet is given as its root; the kubelet expects it to be there.
 * @throws MachineError when the machine does not allow it
 */
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

/**
 * Version 2: one tree; a group has the controllers that its parent passes on. Written by the rules, not run by us.
 * @throws MachineError when the kernel refuses, as it does in many containers
 */
function makeInOneTree(name: string, at: string): void {
  const group = join(at, name)
  try {
    mkdirSync(group, { recursive: true })
    for (const folder of [at, group]) passOn(folder)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const reason = refusals(at)[code]
    throw reason === undefined ? error : new MachineError([reason])
  }
}

/** What the kernel's refusal means, by its code. */
function refusals(at: string): Readonly<Record<string, string>> {
  return {
    EBUSY: holdsProcesses(at),
    EROFS: notWritable(at),
    EACCES: notWritable(at),
    EPERM: notWritable(at),
  }
}

/** What the kubelet counts and limits by. */
const wanted = ['cpu', 'cpuset', 'memory', 'hugetlb', 'pids', 'io']

function passOn(folder: string): void {
  const missing = notPassedOn(folder)
  if (missing.length === 0) return
  writeFileSync(join(folder, 'cgroup.subtree_control'), missing.map((name) => `+${name}`).join(' '))
}

/** Of what the kubelet wants, what this group has and does not pass on. */
function notPassedOn(folder: string): string[] {
  const has = words(join(folder, 'cgroup.controllers'))
  const passedOn = words(join(folder, 'cgroup.subtree_control'))
  return wanted.filter((name) => has.includes(name) && !passedOn.includes(name))
}

/** Why no control group for the kubelet can be made here, told without making one: a sentence each. */
export function controlGroupProblems(at = root): string[] {
  const version = controlGroupVersion(at)
  if (version === undefined) {
    return ['there are no control groups under /sys/fs/cgroup (neither version 1 nor 2)']
  }
  const places = version === 2 ? [at] : hierarchies(at)
  const refused = places.filter((place) => !isWritable(place))
  if (refused.length > 0) return refused.slice(0, 1).map(notWritable)
  if (version === 1) return []
  const lacking = ['cpu', 'memory', 'pids'].filter(
    (name) => !words(join(at, 'cgroup.controllers')).includes(name),
  )
  if (lacking.length > 0) {
    const way = 'the group above it must pass them on, or the kernel is told to keep them for version 1'
    return [`the control group ${at} lacks the controllers ${lacking.join(', ')}: ${way}`]
  }
  // The root of all groups may hold processes; only the others have a type.
  const isRoot = !existsSync(join(at, 'cgroup.type'))
  const busy = !isRoot && notPassedOn(at).length > 0 && words(join(at, 'cgroup.procs')).length > 0
  return busy ? [holdsProcesses(at)] : []
}

function notWritable(at: string): string {
  return `${at} cannot be written, so there can be no control groups; in a container, give it more rights (--privileged)`
}

function holdsProcesses(at: string): string {
  const leaf = join(at, 'init')
  const move = `mkdir -p ${leaf}; for p in $(cat ${at}/cgroup.procs); do echo $p > ${leaf}/cgroup.procs; done`
  return `the control group ${at} holds processes, so it cannot pass controllers on. Move them into a group of their own: ${move}`
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** The words of a file, none where there is no such file. */
function words(file: string): string[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split(/\s+/)
    .filter((word) => word !== '')
}
