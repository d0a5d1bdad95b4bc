import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lock } from 'proper-lockfile'
import { lineEveryMs } from './progress.ts'

/** A holder that was killed leaves its lock behind; after this many ms without a sign of life it counts for nothing. */
const staleMs = 10_000

/** Where the holder of `folder`'s lock writes how far it is. */
export function statusFile(folder: string): string {
  return join(folder, '.status')
}

/**
 * Runs `work` while no other process does so for the same folder (it is created). While another one does, waits
 * for it, and says so: at once and every 15 s, with the process id and how far it is.
 */
export async function exclusively<T>(
  folder: string,
  say: (text: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(folder, { recursive: true })
  const release = await acquire(folder, say)
  writeFileSync(holderFile(folder), String(process.pid))
  try {
    return await work()
  } finally {
    // Whoever took over a lock of ours that went stale has a name of its own there.
    if (read(holderFile(folder)) === String(process.pid)) rmSync(holderFile(folder), { force: true })
    await release().catch((error: NodeJS.ErrnoException) => {
      // It went stale meanwhile and is no longer ours; what was made is good all the same.
      if (error.code !== 'ERELEASED') throw error
    })
  }
}

async function acquire(folder: string, say: (text: string) => void): Promise<() => Promise<void>> {
  let saidAt = Number.NEGATIVE_INFINITY
  for (;;) {
    try {
      return await lock(folder, {
        lockfilePath: join(folder, '.lock'),
        stale: staleMs,
        update: staleMs / 4,
        // We were stopped for a while and another one has begun. Two at work are slower, not wrong: what they
        // make is renamed into place.
        onCompromised: () => undefined,
      })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error
    }
    if (performance.now() - saidAt >= lineEveryMs) {
      saidAt = performance.now()
      say(
        `Waiting for process ${read(holderFile(folder)) || '?'}, which prepares ${folder}. ${read(statusFile(folder))}`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

function holderFile(folder: string): string {
  return join(folder, '.holder')
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
