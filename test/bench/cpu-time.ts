import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Ticks of the kernel's accounting in a second. */
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** The processor time of a process so far, of all its threads, in user and kernel mode, ms. Linux only. */
export function cpuTimeMs(pid: number): number {
  return (ticksOf(readFileSync(`/proc/${pid}/stat`, 'utf8')) * 1_000) / ticksPerSecond
}

/** utime and stime of a line of /proc/PID/stat: fields 14 and 15 of proc(5). The name before them may hold anything. */
export function ticksOf(stat: string): number {
  const [utime, stime] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
  if (!/^\d+$/.test(utime ?? '') || !/^\d+$/.test(stime ?? '')) throw new Error('the line tells no CPU time')
  return Number(utime) + Number(stime)
}
