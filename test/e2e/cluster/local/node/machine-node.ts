import { mkdirSync } from 'node:fs'
import { type Layout, layout } from '../layout.ts'
import { type NodeProgramName, nodePrograms } from '../node-programs.ts'
import { Containers } from './containers.ts'
import { prepareMounts } from './mounts.ts'
import { prepareNetwork } from './network.ts'
import type { NodePlan } from './plan.ts'
import { SupervisedProgram } from './supervised-program.ts'

/** One step of the start and when it was done, ms after the beginning. */
export interface BootStep {
  readonly what: string
  readonly ms: number
}

/** A machine that is a Kubernetes node and its control plane: which programs run on it, in which order they start. */
export class MachineNode {
  readonly containers = new Containers()
  readonly #plan: NodePlan
  readonly #files: Layout
  readonly #programs: Record<NodeProgramName, SupervisedProgram>
  readonly #steps: BootStep[] = []
  #bootedAt = 0

  constructor(plan: NodePlan) {
    this.#plan = plan
    this.#files = layout(plan.folder)
    mkdirSync(this.#files.logs, { recursive: true })
    const specifications = Object.entries(nodePrograms(this.#files, plan.programs))
    const programs = specifications.map(([name, program]) => {
      return [name, new SupervisedProgram(name, program, this.#files)] as const
    })
    this.#programs = Object.fromEntries(programs) as Record<NodeProgramName, SupervisedProgram>
  }

  /**
   * From bare namespaces to a kubelet that runs; the interface to the machine is expected to be there.
   * @throws Error with the last lines of the program that does not come up
   */
  async boot(): Promise<readonly BootStep[]> {
    this.#bootedAt = performance.now()
    await prepareMounts(this.#files)
    await prepareNetwork()
    this.#done('mounts and network')
    const { etcd, containerd, kubelet, 'kube-apiserver': apiServer } = this.#programs
    await Promise.all([
      containerd.start().then(() => this.#importImages()),
      etcd.start().then(() => apiServer.start()),
    ])
    this.#done('API server')
    const others = ['kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'coredns'] as const
    // The kubelet comes after the images: it would start pods that were promised to have them.
    await Promise.all([...others.map((name) => this.#programs[name].start()), kubelet.start()])
    this.#done('kubelet and controllers')
    for (const program of Object.values(this.#programs)) program.keepRunning()
    return this.#steps
  }

  /** @throws Error for a name that is no program of the node */
  program(name: string): SupervisedProgram {
    const program = Object.hasOwn(this.#programs, name) && this.#programs[name as NodeProgramName]
    if (!program) throw new Error(`the node has no program ${name}`)
    return program
  }

  status(): { steps: readonly BootStep[]; programs: Record<string, { pid: number; restarts: number }> } {
    const programs = Object.entries(this.#programs).map(([name, { pid, restarts }]) => {
      return [name, { pid, restarts }] as const
    })
    return { steps: this.#steps, programs: Object.fromEntries(programs) }
  }

  async #importImages(): Promise<void> {
    for (const archive of this.#plan.archives) await this.containers.importImages(archive)
    this.#done('images')
  }

  #done(what: string): void {
    this.#steps.push({ what, ms: Math.round(performance.now() - this.#bootedAt) })
  }
}
