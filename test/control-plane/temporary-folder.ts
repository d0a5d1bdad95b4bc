import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive } from './is-alive.ts'

const controlPlanes = 'tencent-cert-sync-control-plane-'

/** A new folder in the system's temporary folder, named after this process. */
export function createTemporaryFolder(prefix = controlPlanes): string {
  return mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
}

/** Deletes a folder with all in it, also while a killed process finishes its last write there. Never throws. */
export function deleteFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  } catch {
    // Left for `sweepTemporaryFolders` of a later start.
  }
}

/** Deletes the folders of processes that are no more: those killed with SIGKILL leave theirs behind. */
export function sweepTemporaryFolders(parent = tmpdir(), prefix = controlPlanes): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN
    if (pid > 0 && !isAlive(pid)) deleteFolder(join(parent, name))
  }
}
