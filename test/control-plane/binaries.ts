import { join } from 'node:path'
import { statusFile } from '../programs/exclusively.ts'
import { buildWithGo } from '../programs/go-build.ts'
import { controlPlanePrograms } from '../programs/kubernetes.ts'
import { platform } from '../programs/platform.ts'
import {
  cacheFolder as cacheFolderFor,
  type Fill,
  keptPrograms,
  onThisPlatform,
  programsIn,
} from '../programs/program-cache.ts'
import { type Progress, StderrProgress } from '../programs/progress.ts'
import { runProgram } from '../programs/run-program.ts'
import { downloadEnvtest } from './envtest.ts'
import { controlPlaneVersion } from './version.ts'

const names = ['etcd', 'kube-apiserver'] as const

/** Paths of the two programs. */
export interface Binaries {
  etcd: string
  apiServer: string
}

/** The places where `findBinaries` looks, and its two ways to come by the programs. */
export interface BinarySearch {
  /** The Kubernetes version that is looked for. */
  version: string
  /** The value of KUBEBUILDER_ASSETS. */
  assets: string | undefined
  /** The folder where downloaded or built programs are kept. */
  cache: string
  /** Both put `etcd` and `kube-apiserver` into the folder, or throw an Error that says why not. */
  download(folder: string, progress: Progress): Promise<void>
  build(folder: string, progress: Progress): Promise<void>
  progress: Progress
}

/** None of the four ways led to the programs; the message says for each why, and what to install. */
export class NoBinariesError extends Error {
  override readonly name = 'NoBinariesError'
}

/** The search as it is on this machine. */
export function defaultSearch(env: NodeJS.ProcessEnv = process.env): BinarySearch {
  const cache = cacheFolder(env)
  const version = controlPlaneVersion(env)
  const wanted = { version, ...platform() }
  return {
    version,
    assets: env['KUBEBUILDER_ASSETS'] || undefined,
    cache,
    download: (folder, progress) => downloadEnvtest(folder, wanted, progress),
    build: async (folder, progress) => {
      for (const set of controlPlanePrograms(version)) await buildWithGo(set, folder, progress)
    },
    progress: new StderrProgress(statusFile(cache)),
  }
}

/** The programs of the newest Kubernetes version, whatever KUBERNETES_VERSION says. @throws NoBinariesError */
export function findNewestBinaries(): Promise<Binaries> {
  return findBinaries(defaultSearch({ ...process.env, KUBERNETES_VERSION: '' }))
}

/** Where downloaded and built programs are kept for the next time. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return cacheFolderFor(join('control-plane', onThisPlatform(controlPlaneVersion(env))), env)
}

/**
 * Finds etcd and kube-apiserver: in KUBEBUILDER_ASSETS, in the cache, as the official envtest archive, or by building
 * them with Go; in this order. The last two put them into the cache, where two processes at once share the work.
 * @throws NoBinariesError
 */
export async function findBinaries(search: BinarySearch = defaultSearch()): Promise<Binaries> {
  const { version, assets, cache, progress } = search
  const failures: string[] = []
  const note = (way: string, error: unknown) => {
    failures.push(`${way}: ${error instanceof Error ? error.message : error}`)
  }
  try {
    if (assets === undefined) throw new Error('not set')
    return named(programsIn(assets, names))
  } catch (error) {
    note('KUBEBUILDER_ASSETS', error)
  }
  if (assets !== undefined) progress.say(`${failures[0]}; looking elsewhere.`)
  try {
    return named(programsIn(cache, names))
  } catch (error) {
    note('cache', error)
  }
  const tried = failures.length
  const way =
    (what: string, fill: Fill): Fill =>
    async (folder) => {
      try {
        await fill(folder, progress)
        // Programs of another machine are found out here.
        for (const program of Object.values(programsIn(folder, names)))
          await runProgram([program, '--version'])
      } catch (error) {
        note(what, error)
        throw error
      }
    }
  const ways = [way('envtest archive', search.download), way('build with Go', search.build)]
  try {
    return named(await keptPrograms(cache, names, ways, progress))
  } catch (error) {
    if (failures.length === tried)
      note('envtest archive and build with Go: the cache folder cannot be used', error)
  }
  throw new NoBinariesError(
    [
      `etcd and kube-apiserver ${version} cannot be found, downloaded or built:`,
      ...failures.map((failure) => `- ${failure}`),
      'Install Go 1.21 or newer (it fetches the toolchain it needs by itself; https://go.dev/dl, or "apt-get install golang" from Debian 13 on), or set KUBEBUILDER_ASSETS to a folder with both programs.',
    ].join('\n'),
  )
}

function named(found: Record<(typeof names)[number], string>): Binaries {
  return { etcd: found.etcd, apiServer: found['kube-apiserver'] }
}
