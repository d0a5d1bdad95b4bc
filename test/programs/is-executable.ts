import { accessSync, constants } from 'node:fs'

/** Whether there is an executable file of that path, for us. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
