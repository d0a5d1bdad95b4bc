import { readFileSync } from 'node:fs'

/** The most memory that a running process ever had resident (VmHWM), MiB. Linux only. */
export function peakRssMiB(pid: number): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  if (kib === undefined) throw new Error(`/proc/${pid}/status tells no VmHWM`)
  return Number(kib) / 1_024
}
