import { readFileSync } from 'node:fs'

/** A process that cannot be taken for another one that got its id later: also after a restart of the machine. */
export interface ProcessIdentity {
  readonly pid: number
  /** The machine's boot and the clock tick of it in which the process began. */
  readonly began: string
}

/** @throws Error when no process has that id */
export function identityOf(pid: number): ProcessIdentity {
  const began = beginning(pid)
  if (began === undefined) throw new Error(`there is no process ${pid}`)
  return { pid, began }
}

/** Whether that very process runs; one that has ended and waits for its parent to notice does not. */
export function runs({ pid, began }: ProcessIdentity): boolean {
  return beginning(pid) === began
}

/** SIGKILL to that very process, if it still runs. */
export function kill(identity: ProcessIdentity): void {
  if (runs(identity)) process.kill(identity.pid, 'SIGKILL')
}

function beginning(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // proc_pid_stat(5): the name in parentheses may hold anything; the state is field 3, the start time field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${boot} ${fields[19]}`
  } catch {
    return undefined
  }
}
