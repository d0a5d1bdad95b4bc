import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { version } from '../../src/config/version.ts'
import type { Progress } from '../programs/progress.ts'
import { runProgram } from '../programs/run-program.ts'
import { type ArchivedImage, archivedImage } from './archived-image.ts'
import type { ContainerEngine } from './container-engine.ts'
import { hasStaticBusybox, importNodeBuild, nodeBuildImage } from './node-build-image.ts'
import { importNodeRuntime, nodeRuntimeImage } from './node-runtime-image.ts'

/** The root of the repository: the context of the build. */
export const contextFolder = fileURLToPath(new URL('../..', import.meta.url))

/** The bases of the Dockerfile; an empty text stands for its default. */
export interface BaseImages {
  readonly build: string
  readonly node: string
}

/**
 * The bases that BUILD_IMAGE and NODE_IMAGE name. `local`: made of this machine's Node, without any registry.
 * `default`: those that the Dockerfile names, from their registries. Without the variables: local ones, where this
 * machine has what it takes.
 */
export function baseImages(env: NodeJS.ProcessEnv = process.env): BaseImages {
  const unset = hasStaticBusybox() ? 'local' : 'default'
  const base = (name: string, local: string) => {
    const value = env[name] || unset
    return value === 'local' ? local : value === 'default' ? '' : value
  }
  return { build: base('BUILD_IMAGE', nodeBuildImage), node: base('NODE_IMAGE', nodeRuntimeImage) }
}

/**
 * The image of the operator: the real Dockerfile, built once for what it is made of. A first build takes half a minute
 * and needs npm's registry, unless npm's packages come from elsewhere.
 * @param engine to build it on; without one, see `archivedImage`
 * @throws NoContainerEngineError, or Error with the last lines of the build
 */
export function operatorImage(engine?: ContainerEngine): Promise<ArchivedImage> {
  const bases = baseImages()
  const tag = `${version}-${inputsHash(bases)}`
  const make = async (target: ContainerEngine, reference: string, progress: Progress) => {
    progress.say('The image of the operator is built, once for these sources: about a minute.')
    await buildOperatorImage(target, reference, bases)
  }
  return archivedImage({ name: 'tencent-cert-sync', tag, make }, engine)
}

/** Builds the Dockerfile. @throws Error with the last lines of the build */
export async function buildOperatorImage(
  engine: ContainerEngine,
  reference: string,
  bases: BaseImages,
): Promise<void> {
  if (bases.build === nodeBuildImage) await importNodeBuild(engine)
  if (bases.node === nodeRuntimeImage) await importNodeRuntime(engine)
  const values = {
    ...(bases.build !== '' && { BUILD_IMAGE: bases.build }),
    ...(bases.node !== '' && { NODE_IMAGE: bases.node }),
    VERSION: version,
    ...(await commit()),
  }
  const args = Object.entries(values).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`])
  // The network of the machine: there may be no other.
  await engine.docker('build', '--network', 'host', ...args, '--tag', reference, contextFolder)
}

/** What the build reads, as .dockerignore lists it: files, and the folder `src`. */
export function buildInputs(): string[] {
  const lines = readFileSync(join(contextFolder, '.dockerignore'), 'utf8').split('\n')
  return lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
}

/** Changes with every file that the build reads, with Node, and with the bases. */
function inputsHash(bases: BaseImages): string {
  const sources = globSync('src/**/*.ts', {
    cwd: contextFolder,
    exclude: (name) => /\.test\.ts$|^testing$/.test(name),
  })
  const files = buildInputs().filter((path) => path !== 'src')
  const all = ['Dockerfile', '.dockerignore', ...files, ...sources.sort()]
  const hash = createHash('sha256').update(JSON.stringify([bases, process.version, process.arch]))
  for (const file of all) hash.update(file).update(readFileSync(join(contextFolder, file)))
  return hash.digest('hex').slice(0, 12)
}

/** What is known of the commit that is checked out; nothing outside of a repository. */
async function commit(): Promise<Record<string, string>> {
  const show = (format: string) =>
    runProgram(['git', '-C', contextFolder, 'show', '-s', `--format=${format}`, 'HEAD'])
  try {
    return { REVISION: (await show('%H')).trim(), CREATED: (await show('%cI')).trim() }
  } catch {
    return {}
  }
}
