import { join } from 'node:path'
import { runProgram } from '../../programs/run-program.ts'
import type { Kubectl } from '../suite/harness/kubectl.ts'
import { certManagerProgram } from './program.ts'

/**
 * Puts cert-manager's custom resources into a cluster, from the module that go.mod pins, and resolves when they are
 * served. It needs server-side apply: they are longer than the annotation of kubectl's other way.
 * @throws Error that says what Go or kubectl said
 */
export async function applyCustomResources(kubectl: Kubectl): Promise<void> {
  const folder = join(await moduleFolder(), 'deploy', 'crds')
  await kubectl.applyFolder(folder)
  const names = ['certificates', 'certificaterequests', 'issuers', 'clusterissuers']
  const resources = names.map((name) => `crd/${name}.cert-manager.io`)
  await kubectl.run('wait', '--for=condition=Established', '--timeout=60s', ...resources)
}

/** Where Go keeps the module; it is fetched where it is not there. */
async function moduleFolder(): Promise<string> {
  const module = 'github.com/cert-manager/cert-manager'
  const command: [string, ...string[]] = ['go', 'mod', 'download', '-json', module]
  const told = await runProgram(command, { cwd: certManagerProgram.module })
  return (JSON.parse(told) as { Dir: string }).Dir
}
