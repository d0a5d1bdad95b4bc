import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atProcessEnd } from '../../control-plane/cleanup.ts'
import { eventually } from '../../harness/eventually.ts'
import { Child } from '../../programs/child.ts'
import { goPrograms } from '../../programs/go-programs.ts'
import type { Kubectl } from '../suite/harness/kubectl.ts'
import { applyCustomResources } from './custom-resources.ts'
import { certManagerProgram } from './program.ts'

/** cert-manager's own control loops, as a process on this machine. */
export interface CertManager {
  /** What it logged so far. */
  log(): string
  /** Ends it (SIGTERM). What it made in the cluster stays. */
  stop(): Promise<void>
}

export interface CertManagerOptions {
  /** An administrator's. */
  readonly kubeconfig: string
  readonly kubectl: Kubectl
}

/**
 * Puts cert-manager's custom resources into the cluster and starts its controllers against it; resolves when they work.
 * They end with `stop()`, or with this process. The first start builds them, which takes minutes.
 * @throws Error with the last lines of a program that fails
 */
export async function startCertManager({ kubeconfig, kubectl }: CertManagerOptions): Promise<CertManager> {
  const { 'cert-manager': program } = await goPrograms(certManagerProgram)
  await applyCustomResources(kubectl)
  const folder = mkdtempSync(join(tmpdir(), 'tencent-cert-sync-cert-manager-'))
  const file = join(folder, 'log')
  const log = () => readFileSync(file, 'utf8')
  const child = await Child.start('cert-manager', program, ['--kubeconfig', kubeconfig], file)
  const tidy = () => {
    child.killNow()
    rmSync(folder, { recursive: true, force: true })
  }
  const forget = atProcessEnd(tidy)
  const stop = async () => {
    await child.stop('SIGTERM')
    forget()
    tidy()
  }
  try {
    await eventually('cert-manager is ready', () => /^ready$/m.test(log()), {
      timeoutMs: 60_000,
      details: () => child.lastLines(),
      giveUp: () => (child.running ? undefined : 'it has ended'),
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { log, stop }
}
