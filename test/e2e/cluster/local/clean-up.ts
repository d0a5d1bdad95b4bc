import { existsSync, rmSync } from 'node:fs'
import { eventually } from '../../../harness/eventually.ts'
import { removeCgroups } from '../../../images/cgroups.ts'
import { cgroup } from './addresses.ts'
import { type ClusterRecord, readRecord } from './cluster-record.ts'
import { unplug } from './host-network.ts'
import { clusterFolder, layout } from './layout.ts'
import { kill, runs } from './process-identity.ts'
import { removeFolders } from './standard-folders.ts'

/**
 * Ends the node and removes everything of it: processes (and with them mounts, bridges, firewall rules), cable and
 * routes, control groups, folders. Works as well on what is left of one that was killed, or on nothing.
 */
export async function cleanUp(): Promise<void> {
  if (!existsSync(clusterFolder)) return
  const record = readRecord(layout().record)
  killNode(record)
  const { first, outer } = record?.processes ?? {}
  const ended = () => [first, outer].every((each) => each === undefined || !runs(each))
  await eventually('the processes of the node end', ended)
  await unplug()
  await removeCgroups(cgroup)
  removeFolders(record?.madeFolders ?? [])
  rmSync(clusterFolder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
}

/** SIGKILL alone, for the end of our own process: the next start finds the rest. */
export function killNode(record: ClusterRecord | undefined): void {
  if (record?.processes === undefined) return
  kill(record.processes.first)
  kill(record.processes.outer)
}
