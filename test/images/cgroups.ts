import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../control-plane/is-alive.ts'
import { eventually } from '../harness/eventually.ts'

const root = '/sys/fs/cgroup'

/** Removes a control group wherever it is; resolves when the kernel has let go of it, or after five seconds. */
export async function removeCgroups(name: string): Promise<void> {
  const removed = () => {
    const folders = foldersOf(name)
    for (const folder of folders) removeTree(folder)
    return foldersOf(name).length === 0
  }
  // What is left is empty, and goes with the next start.
  await eventually(`${name} is removed`, removed, { timeoutMs: 5_000 }).catch(() => {})
}

/** Removes the control groups called PREFIX-pid-anything whose process is no more. */
export function sweepCgroups(prefix: string): void {
  for (const parent of parents()) {
    for (const name of namesIn(parent)) {
      const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN
      if (pid > 0 && !isAlive(pid)) removeTree(join(parent, name))
    }
  }
}

/** None where the folder has just gone: with version 2, systemd removes slices at any time. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Version 2 has one tree, version 1 one for each controller. */
function parents(): string[] {
  if (!existsSync(root)) return []
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [root, ...folders.map(({ name }) => join(root, name))]
}

function foldersOf(name: string): string[] {
  return parents()
    .map((parent) => join(parent, name))
    .filter((folder) => existsSync(folder))
}

/** The kernel's files in it cannot be deleted, and need not be. */
function removeTree(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) removeTree(join(folder, entry.name))
    }
    rmdirSync(folder)
  } catch {
    // A process is still on its way out.
  }
}
