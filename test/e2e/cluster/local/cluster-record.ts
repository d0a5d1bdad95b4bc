import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { E2eClusterDescription } from '../e2e-cluster.ts'
import type { NodeProcesses } from './namespaces.ts'
import { type ProcessIdentity, runs } from './process-identity.ts'

/** Who holds the local cluster of this machine and what it takes to end it; written as soon as there is anything. */
export interface ClusterRecord {
  /** The process that started it. */
  readonly owner: ProcessIdentity
  /** Whether it is to outlive its owner. */
  readonly kept: boolean
  /** RFC 3339. */
  readonly startedAt: string
  /** Folders that the machine lacked: see makeStandardFolders. */
  readonly madeFolders: readonly string[]
  readonly processes?: NodeProcesses
  /** There once it is ready for use. */
  readonly cluster?: E2eClusterDescription
}

/** The record in `file`, `undefined` when there is none, or none that was finished. */
export function readRecord(file: string): ClusterRecord | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ClusterRecord
  } catch {
    return undefined
  }
}

export function writeRecord(file: string, record: ClusterRecord): void {
  // Whole or not at all: we may be killed at any moment.
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** What is to be thought of a record: in use by somebody, or left behind by one who was killed. */
export function isHeld({ owner, kept, processes, cluster }: ClusterRecord): boolean {
  const lives = processes !== undefined && runs(processes.first)
  if (kept && cluster !== undefined) return lives
  return runs(owner)
}
