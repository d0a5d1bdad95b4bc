import { join } from 'node:path'
import { isExecutable } from '../../../programs/is-executable.ts'
import { controlGroupProblems } from './control-group.ts'
import { withSystemFolders } from './system-folders.ts'

/** What the local cluster asks of a machine, as questions, so that tests can answer them. */
export interface Machine {
  readonly platform: string
  readonly userId: number | undefined
  /** Why no control group can be made, a sentence each. */
  readonly controlGroupProblems: readonly string[]
  /** Whether there is an executable file of that path. */
  isExecutable(path: string): boolean
  /** Folders in which programs are looked for. */
  readonly programFolders: readonly string[]
}

/** What is missing. `reasons` cannot be mended by installing something; `packages` are Debian's names. */
export interface Missing {
  readonly reasons: readonly string[]
  readonly programs: readonly string[]
  readonly packages: readonly string[]
}

/** By Debian package, the programs needed from it. */
const programsByPackage: Readonly<Record<string, readonly string[]>> = {
  containerd: ['containerd', 'ctr', 'containerd-shim-runc-v2'],
  runc: ['runc'],
  iptables: ['iptables', 'iptables-save', 'iptables-restore'],
  iproute2: ['ip'],
  'util-linux': ['unshare', 'nsenter', 'setpriv'],
  mount: ['mount'],
  // To build the operator's image.
  'docker.io': ['docker', 'dockerd', 'docker-init'],
  'busybox-static': ['busybox'],
}

/** Where distributions put the network plugins (CNI); Debian's are in the first. */
const networkPluginFolders = ['/usr/lib/cni', '/opt/cni/bin', '/usr/libexec/cni']
const networkPlugins = ['bridge', 'host-local', 'loopback', 'portmap']

export function thisMachine(env: NodeJS.ProcessEnv = process.env): Machine {
  return {
    platform: process.platform,
    userId: process.getuid?.(),
    controlGroupProblems: controlGroupProblems(),
    isExecutable,
    programFolders: withSystemFolders(env['PATH']).split(':'),
  }
}

/** Everything that is missing, at once. */
export function whatIsMissing(machine: Machine): Missing {
  const reasons = [
    ...(machine.platform === 'linux' ? [] : [`this is ${machine.platform}; it takes a Linux kernel`]),
    ...(machine.userId === 0 ? [] : ['only root may make namespaces, mounts and interfaces; run it as root']),
    // Who is not root may not write there either; that is no second reason.
    ...(machine.platform === 'linux' && machine.userId === 0 ? machine.controlGroupProblems : []),
  ]
  const has = (program: string) =>
    machine.programFolders.some((folder) => machine.isExecutable(join(folder, program)))
  const lacking = Object.entries(programsByPackage).map(([name, programs]) => {
    return { name, programs: programs.filter((program) => !has(program)) }
  })
  if (networkPluginFolder(machine) === undefined) {
    const programs = networkPlugins.map((plugin) => `CNI plugin ${plugin}`)
    lacking.push({ name: 'containernetworking-plugins', programs })
  }
  return {
    reasons,
    programs: lacking.flatMap(({ programs }) => programs),
    packages: lacking.filter(({ programs }) => programs.length > 0).map(({ name }) => name),
  }
}

/** The folder with all the network plugins that are needed. */
export function networkPluginFolder({ isExecutable }: Pick<Machine, 'isExecutable'>): string | undefined {
  return networkPluginFolders.find((folder) => {
    return networkPlugins.every((plugin) => isExecutable(join(folder, plugin)))
  })
}
