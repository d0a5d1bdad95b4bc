import { join } from 'node:path'
import { requiredModule } from '../../programs/required-module.ts'
import type { Kubectl } from '../suite/harness/kubectl.ts'
import { certManagerProgram } from './program.ts'

/**
 * Puts cert-manager's custom resources into a cluster, from the module that go.mod pins, and resolves when they are
 * served. It needs server-side apply: they are longer than the annotation of kubectl's other way.
 * @throws Error that says what Go or kubectl said
 */
export async function applyCustomResources(kubectl: Kubectl): Promise<void> {
  const module = await requiredModule(certManagerProgram.module, 'github.com/cert-manager/cert-manager')
  const folder = join(module, 'deploy', 'crds')
  await kubectl.applyFolder(folder)
  const names = ['certificates', 'certificaterequests', 'issuers', 'clusterissuers']
  const resources = names.map((name) => `crd/${name}.cert-manager.io`)
  await kubectl.run('wait', '--for=condition=Established', '--timeout=60s', ...resources)
}
