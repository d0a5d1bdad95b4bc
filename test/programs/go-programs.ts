import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { statusFile } from './exclusively.ts'
import { buildWithGo } from './go-build.ts'
import type { GoProgramSet } from './go-program-set.ts'
import { cacheFolder, keptPrograms, onThisPlatform } from './program-cache.ts'
import { type Progress, StderrProgress } from './progress.ts'

/**
 * The programs of a set, by name: from the cache, or built with Go, once for these sources. Two processes at once share
 * the build.
 * @throws Error that says what is missing or what the Go command said
 */
export async function goPrograms<Name extends string>(
  set: GoProgramSet<Name>,
  progress?: Progress,
): Promise<Record<Name, string>> {
  const cache = cacheFolder(join('programs', onThisPlatform(`${set.name}-${sourcesHash(set)}`)))
  const names = Object.keys(set.programs) as Name[]
  const build = (folder: string, told: Progress) => buildWithGo(set, folder, told)
  return keptPrograms(cache, names, [build], progress ?? new StderrProgress(statusFile(cache))).catch(
    (error: Error) => {
      throw new Error(
        `${set.title} cannot be had: ${error.message}\nInstall Go 1.21 or newer (it fetches the toolchain it needs by itself; https://go.dev/dl).`,
      )
    },
  )
}

/** Changes when any file of the module's folder does: versions, checksums, programs of our own. */
function sourcesHash(set: GoProgramSet): string {
  const hash = createHash('sha256').update(JSON.stringify([set.programs, set.linkerFlags ?? []]))
  for (const name of readdirSync(set.module).sort()) {
    if (/^go\.(mod|sum)$|\.go$/.test(name)) hash.update(name).update(readFileSync(join(set.module, name)))
  }
  return hash.digest('hex').slice(0, 12)
}
