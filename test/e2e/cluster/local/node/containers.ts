import { runProgram } from '../../../../programs/run-program.ts'
import { containerdSocket } from '../containerd-config.ts'

/** The node's containers and images, by containerd's own tool: it works while the API server does not. */
export class Containers {
  /** Takes the images of a `docker save` archive in; those that are there already are no work. */
  async importImages(archive: string): Promise<void> {
    await ctr('images', 'import', archive)
  }

  /**
   * Sends a signal to the first process of each running container of a pod, the pause container aside.
   * @throws Error when there is none
   */
  async signal(namespace: string, pod: string, signal: NodeJS.Signals): Promise<void> {
    const labels = {
      'io.kubernetes.pod.namespace': namespace,
      'io.kubernetes.pod.name': pod,
      'io.cri-containerd.kind': 'container',
    }
    const filter = Object.entries(labels).map(([name, value]) => `labels."${name}"==${value}`)
    const ids = words(await ctr('containers', 'list', '--quiet', filter.join(',')))
    const processes = runningProcesses(await ctr('tasks', 'list')).filter(({ id }) => ids.includes(id))
    if (processes.length === 0) throw new Error(`no container of pod ${namespace}/${pod} runs`)
    for (const { pid } of processes) process.kill(pid, signal)
  }
}

/** Reads the table of `ctr tasks list`: id, process id and state of every container that has a process. */
export function runningProcesses(table: string): { id: string; pid: number }[] {
  const lines = table.trim().split('\n').slice(1)
  return lines.flatMap((line) => {
    const [id = '', pid = '', state = ''] = words(line)
    return state === 'RUNNING' || state === 'PAUSED' ? [{ id, pid: Number(pid) }] : []
  })
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

function ctr(...args: string[]): Promise<string> {
  return runProgram(['ctr', '--address', containerdSocket, '--namespace', 'k8s.io', ...args])
}
