import { accessSync, constants, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { downloadEnvtest } from './envtest.ts'
import { exclusively, statusFile } from './exclusively.ts'
import { buildWithGo } from './go-build.ts'
import { type Progress, StderrProgress } from './progress.ts'
import { runProgram } from './run-program.ts'
import { kubernetesVersion, platform } from './version.ts'

/** Paths of the two programs. */
export interface Binaries {
  etcd: string
  apiServer: string
}

/** The places where `findBinaries` looks, and its two ways to come by the programs. */
export interface BinarySearch {
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
  const wanted = { version: kubernetesVersion(), ...platform() }
  return {
    assets: env['KUBEBUILDER_ASSETS'] || undefined,
    cache,
    download: (folder, progress) => downloadEnvtest(folder, wanted, progress),
    build: buildWithGo,
    progress: new StderrProgress(statusFile(cache)),
  }
}

/** Where downloaded and built programs are kept for the next time. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const { os, arch } = platform()
  const root = env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(root, 'tencent-cert-sync', 'control-plane', `${kubernetesVersion()}-${os}-${arch}`)
}

/**
 * Finds etcd and kube-apiserver: in KUBEBUILDER_ASSETS, in the cache, as the official envtest archive, or by building
 * them with Go; in this order. The last two put them into the cache, where two processes at once share the work.
 * @throws NoBinariesError
 */
export async function findBinaries(search: BinarySearch = defaultSearch()): Promise<Binaries> {
  const { assets, cache, progress } = search
  const failures: string[] = []
  const attempt = async (way: string, find: () => Binaries | Promise<Binaries>) => {
    try {
      return await find()
    } catch (error) {
      failures.push(`${way}: ${error instanceof Error ? error.message : error}`)
      return undefined
    }
  }
  const fromAssets = await attempt('KUBEBUILDER_ASSETS', () => {
    if (assets === undefined) throw new Error('not set')
    return programsIn(assets)
  })
  if (fromAssets !== undefined) return fromAssets
  if (assets !== undefined) progress.say(`${failures[0]}; looking elsewhere.`)
  const cached = await attempt('cache', () => programsIn(cache))
  if (cached !== undefined) return cached

  // Someone else may have filled the cache while we waited.
  const ways = async () =>
    tryProgramsIn(cache) ??
    (await attempt('envtest archive', () => install(cache, (folder) => search.download(folder, progress)))) ??
    (await attempt('build with Go', () => install(cache, (folder) => search.build(folder, progress))))
  const made = await exclusively(cache, (text) => progress.say(text), ways).catch((error: Error) => {
    failures.push(`envtest archive and build with Go: the cache folder cannot be used: ${error.message}`)
    return undefined
  })
  if (made !== undefined) return made
  throw new NoBinariesError(
    [
      `etcd and kube-apiserver ${kubernetesVersion()} cannot be had:`,
      ...failures.map((failure) => `- ${failure}`),
      'Install Go 1.21 or newer (it fetches the toolchain it needs by itself; https://go.dev/dl, or "apt-get install golang" from Debian 13 on), or set KUBEBUILDER_ASSETS to a folder with both programs.',
    ].join('\n'),
  )
}

/** Lets `fill` put the programs into a folder beside their place, tries them, and moves them there. */
async function install(cache: string, fill: (folder: string) => Promise<void>): Promise<Binaries> {
  for (const left of readdirSync(cache).filter((name) => name.startsWith('new-'))) {
    rmSync(join(cache, left), { recursive: true, force: true })
  }
  const folder = mkdtempSync(join(cache, 'new-'))
  try {
    await fill(folder)
    const made = programsIn(folder)
    for (const program of Object.values(made)) await runProgram([program, '--version'])
    for (const name of ['etcd', 'kube-apiserver']) renameSync(join(folder, name), join(cache, name))
    return programsIn(cache)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function programsIn(folder: string): Binaries {
  const found = { etcd: join(folder, 'etcd'), apiServer: join(folder, 'kube-apiserver') }
  for (const program of Object.values(found)) {
    try {
      accessSync(program, constants.X_OK)
    } catch {
      throw new Error(`${program} is not there or not executable`)
    }
  }
  return found
}

function tryProgramsIn(folder: string): Binaries | undefined {
  try {
    return programsIn(folder)
  } catch {
    return undefined
  }
}
