import type { NodeFaults } from '../e2e-cluster.ts'
import type { NodeProgramName } from './node-programs.ts'
import { type Order, sendOrder } from './order.ts'

/** The faults of a local cluster, from whichever process knows its socket. */
export class SocketFaults implements NodeFaults {
  readonly socket: string

  constructor(socket: string) {
    this.socket = socket
  }

  async restartApiServer({ downMs = 0 }: { downMs?: number } = {}): Promise<void> {
    await this.#stop('kube-apiserver', 'SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, downMs))
    await this.startApiServer()
  }

  killApiServer(): Promise<void> {
    return this.#stop('kube-apiserver', 'SIGKILL')
  }

  startApiServer(): Promise<void> {
    return this.#start('kube-apiserver')
  }

  restartKubelet(): Promise<void> {
    return this.#restart('kubelet')
  }

  restartContainerd(): Promise<void> {
    return this.#restart('containerd')
  }

  killContainer(namespace: string, pod: string): Promise<void> {
    return this.#order({ do: 'signal', namespace, pod, signal: 'SIGKILL' })
  }

  pauseContainer(namespace: string, pod: string): Promise<void> {
    return this.#order({ do: 'signal', namespace, pod, signal: 'SIGSTOP' })
  }

  resumeContainer(namespace: string, pod: string): Promise<void> {
    return this.#order({ do: 'signal', namespace, pod, signal: 'SIGCONT' })
  }

  async #restart(program: NodeProgramName): Promise<void> {
    await this.#stop(program, 'SIGTERM')
    await this.#start(program)
  }

  #stop(program: NodeProgramName, signal: NodeJS.Signals): Promise<void> {
    return this.#order({ do: 'stop', program, signal })
  }

  #start(program: NodeProgramName): Promise<void> {
    return this.#order({ do: 'start', program })
  }

  async #order(order: Order): Promise<void> {
    await sendOrder(this.socket, order)
  }
}
