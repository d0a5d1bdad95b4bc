import { readFileSync } from 'node:fs'

/** Whether a process of that id runs; one that has ended and only waits for its parent to notice does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  try {
    // The state follows the program's name in parentheses (proc_pid_stat(5)).
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    // No /proc on this system, or the process has ended since.
    return process.platform !== 'linux'
  }
}
