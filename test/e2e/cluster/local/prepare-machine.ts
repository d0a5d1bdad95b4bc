import { readFileSync } from 'node:fs'
import { runProgram } from '../../../programs/run-program.ts'
import { whatTheKernelLacks } from './kernel-check.ts'
import { type Missing, networkPluginFolder, thisMachine, whatIsMissing } from './machine-check.ts'
import { MachineError } from './machine-error.ts'
import { withSystemFolders } from './system-folders.ts'

/** What the cluster needs to know of the machine. */
export interface PreparedMachine {
  /** The folder with the network plugins (CNI). */
  readonly networkPlugins: string
}

/**
 * Makes sure that the machine has what the local cluster needs. On Debian and its relatives, packages that are missing
 * are installed, which is said; `E2E_INSTALL_PACKAGES=no` refuses. Our PATH gets the folders with root's programs.
 * @throws MachineError
 */
export async function prepareMachine(
  say: (text: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<PreparedMachine> {
  process.env['PATH'] = withSystemFolders(process.env['PATH'])
  const missing = whatIsMissing(thisMachine(env))
  if (missing.reasons.length > 0) throw explain(missing)
  if (missing.packages.length > 0) {
    if (env['E2E_INSTALL_PACKAGES'] === 'no' || !isDebian()) throw explain(missing)
    await install(missing.packages, say)
    const still = whatIsMissing(thisMachine(env))
    if (still.packages.length > 0) throw explain(still)
  }
  const networkPlugins = networkPluginFolder(thisMachine(env))
  if (networkPlugins === undefined) throw new MachineError(['the network plugins have vanished'])
  await loadKernelModules()
  const lacking = await whatTheKernelLacks()
  if (lacking.length > 0) throw new MachineError(lacking)
  return { networkPlugins }
}

/** What is missing, in words for the person who wants the cluster. */
export function explain({ reasons, programs, packages }: Missing): MachineError {
  const install = `apt-get install --no-install-recommends ${packages.join(' ')}`
  return new MachineError([
    ...reasons,
    ...(programs.length === 0
      ? []
      : [`missing: ${programs.join(', ')}. On Debian, Ubuntu and their relatives: ${install}`]),
  ])
}

/** Another apt-get may be at work. */
const patience = ['-o', 'DPkg::Lock::Timeout=300']
/** Nothing that somebody else installed goes: docker.io would remove docker-ce. */
const careful = ['--yes', '--no-install-recommends', '--no-remove']

async function install(packages: readonly string[], say: (text: string) => void): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  say(
    `Installing the Debian packages ${packages.join(', ')} (E2E_INSTALL_PACKAGES=no in the environment refuses) ...`,
  )
  try {
    await runProgram(['apt-get', ...patience, 'update'], { env })
    await runProgram(['apt-get', ...patience, 'install', ...careful, ...packages], { env })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new MachineError([`the packages ${packages.join(', ')} could not be installed: ${why}`])
  }
}

function isDebian(): boolean {
  try {
    return /^ID(_LIKE)?=.*\bdebian\b/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

/** Many kernels have these built in, or no modprobe: what is really missing shows at the start. */
async function loadKernelModules(): Promise<void> {
  for (const name of ['overlay', 'br_netfilter', 'veth']) {
    await runProgram(['modprobe', name]).catch(() => undefined)
  }
}
