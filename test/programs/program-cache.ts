import { accessSync, constants, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isAlive } from '../control-plane/is-alive.ts'
import { exclusively } from './exclusively.ts'
import { platform } from './platform.ts'
import type { Progress } from './progress.ts'

/** Puts every program into the folder, or throws an Error that says why not. */
export type Fill = (folder: string, progress: Progress) => Promise<void>

/** Where what was downloaded or built is kept for the next time: a folder for `room` in the user's cache folder. */
export function cacheFolder(room: string, env: NodeJS.ProcessEnv = process.env): string {
  const root = env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(root, 'tencent-cert-sync', room)
}

/** `NAME-VERSION-OS-ARCH`, as folders in the cache are called. */
export function onThisPlatform(name: string): string {
  const { os, arch } = platform()
  return `${name}-${os}-${arch}`
}

/**
 * The paths of programs in a folder.
 * @throws Error that names the first one that is not there
 */
export function programsIn<Name extends string>(
  folder: string,
  names: readonly Name[],
): Record<Name, string> {
  for (const name of names) {
    const program = join(folder, name)
    try {
      accessSync(program, constants.X_OK)
    } catch {
      throw new Error(`${program} is not there or not executable`)
    }
  }
  return Object.fromEntries(names.map((name) => [name, join(folder, name)])) as Record<Name, string>
}

/**
 * Programs in the folder `cache`: as they are, or made by the first of `ways` that works. Two processes at once share
 * the work; what is made is moved into place whole.
 * @throws Error of the last way
 */
export async function keptPrograms<Name extends string>(
  cache: string,
  names: readonly Name[],
  ways: readonly Fill[],
  progress: Progress,
): Promise<Record<Name, string>> {
  const kept = () => programsIn(cache, names)
  return attempt(kept) ?? exclusively(cache, (text) => progress.say(text), make)

  async function make(): Promise<Record<Name, string>> {
    // Someone else may have made them while we waited.
    const made = attempt(kept)
    if (made !== undefined) return made
    let failure: unknown
    for (const fill of ways) {
      try {
        await install(fill)
        return kept()
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  /** Lets `fill` put the programs into a folder beside their place, and moves them there. */
  async function install(fill: Fill): Promise<void> {
    sweep(cache)
    const folder = mkdtempSync(join(cache, `new-${process.pid}-`))
    try {
      await fill(folder, progress)
      programsIn(folder, names)
      for (const name of names) renameSync(join(folder, name), join(cache, name))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** Deletes what killed processes left half done. One whose lock went stale may still be at work on its own. */
function sweep(cache: string): void {
  for (const name of readdirSync(cache)) {
    const pid = /^new-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(cache, name), { recursive: true, force: true })
  }
}

function attempt<T>(find: () => T): T | undefined {
  try {
    return find()
  } catch {
    return undefined
  }
}
