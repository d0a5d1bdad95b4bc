import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** Folders whose names are written into kubelet, containerd and the network plugins. The node has its own of each. */
export const standardFolders = [
  '/var/lib/kubelet',
  '/var/lib/cni',
  '/var/log/pods',
  '/var/log/containers',
] as const

/**
 * Makes those that the machine lacks, empty, since something can be mounted only where there is a folder.
 * @returns what was made, for `removeFolders`
 */
export function makeStandardFolders(folders: readonly string[] = standardFolders): string[] {
  const made: string[] = []
  const make = (folder: string) => {
    if (existsSync(folder)) return
    make(dirname(folder))
    mkdirSync(folder)
    made.push(folder)
  }
  for (const folder of folders) make(folder)
  return made
}

/** Removes folders that were made, unless somebody has put something there since. */
export function removeFolders(made: readonly string[]): void {
  for (const folder of made.toReversed()) {
    try {
      rmdirSync(folder)
    } catch {
      // In use by others now, or gone.
    }
  }
}
