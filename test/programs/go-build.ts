import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { GoProgramSet } from './go-program-set.ts'
import { platform } from './platform.ts'
import type { Progress } from './progress.ts'
import { runProgram } from './run-program.ts'

/** From this version on, Go fetches the newer toolchain that a go.mod asks for. */
const oldestGo = '1.21'

/**
 * Builds the programs of a set into `folder` from the modules that its go.mod and go.sum pin. Go's own caches keep what
 * was done when this is interrupted.
 * @throws Error that says what is missing or what the Go command said.
 */
export async function buildWithGo(set: GoProgramSet, folder: string, progress: Progress): Promise<void> {
  const env = await goEnvironmentOf(set.module)
  const flags = ['-mod=readonly', '-buildvcs=false', '-trimpath']
  const packages = Object.values(set.programs)
  progress.say(
    `${set.title}: built from source, once: a few minutes. An interrupted build goes on where it was.`,
  )
  const run = (args: string[], onErrorLine: (line: string) => boolean) =>
    runProgram(['go', ...args], { cwd: set.module, env, onErrorLine })
  try {
    let modules = 0
    progress.step('Go modules', 'downloaded', 0)
    const format = '{{.ImportPath}}{{if .Stale}} stale{{end}}'
    const list = await run(['list', ...flags, '-deps', '-f', format, ...packages], (line) => {
      if (!line.startsWith('go: downloading ')) return false
      progress.update(++modules)
      return true
    })
    const { total, toBuild } = readPackageList(list)
    let done = total - toBuild.size
    progress.step('Go packages', 'built', total, done)
    mkdirSync(folder, { recursive: true })
    const linkerFlags = ['-s', '-w', ...(set.linkerFlags ?? [])].join(' ')
    const build = ['build', '-v', ...flags, '-ldflags', linkerFlags, '-o', `${folder}/`, ...packages]
    await run(build, (line) => {
      // With -v, Go names every package that it compiles.
      if (!toBuild.delete(line)) return line.startsWith('go: downloading ')
      progress.update(++done)
      return true
    })
    for (const [name, path] of Object.entries(set.programs)) {
      const named = goNameOf(path)
      if (named !== name) renameSync(join(folder, named), join(folder, name))
    }
  } finally {
    progress.stop()
  }
}

/** The file that `go build` makes of a main package: its last element, or the one before a major version. */
export function goNameOf(importPath: string): string {
  return basename(importPath.replace(/\/v\d+$/, ''))
}

/** Reads `go list`'s lines: how many packages there are in all, and which of them are not in Go's cache. */
export function readPackageList(list: string): { total: number; toBuild: Set<string> } {
  const lines = list.split('\n').filter((line) => line !== '' && line !== 'unsafe')
  const stale = lines.filter((line) => line.endsWith(' stale'))
  return { total: lines.length, toBuild: new Set(stale.map((line) => line.slice(0, -' stale'.length))) }
}

/** The oldest Go that can compile a module, as its `go` line says ("1.26.0"). */
export function requiredGoVersion(goMod: string): string {
  const version = /^go (\d+(?:\.\d+)*)/m.exec(goMod)?.[1]
  if (version === undefined) throw new Error('go.mod has no go line')
  return version
}

/**
 * The environment of the Go command: a static program for this machine whatever the user's settings for other work
 * are; and GOTOOLCHAIN=auto if the Go found is older than `required`, since many set it to `local`.
 * @throws Error when Go is older than 1.21.
 */
export function goEnvironment(env: NodeJS.ProcessEnv, version: string, required: string): NodeJS.ProcessEnv {
  if (isOlder(version, oldestGo))
    throw new Error(`the go on the PATH is ${version}; ${oldestGo} or newer is needed`)
  const { os, arch } = platform()
  return {
    ...env,
    CGO_ENABLED: '0',
    GOOS: os,
    GOARCH: arch,
    GOWORK: 'off',
    ...(isOlder(version, required) && { GOTOOLCHAIN: 'auto' }),
  }
}

/** The environment of the Go command for a module, by its go.mod. @throws Error when there is no Go, or an old one */
export async function goEnvironmentOf(module: string): Promise<NodeJS.ProcessEnv> {
  const goMod = readFileSync(join(module, 'go.mod'), 'utf8')
  return goEnvironment(process.env, await localGoVersion(), requiredGoVersion(goMod))
}

async function localGoVersion(): Promise<string> {
  // Outside any module, so that it answers for itself and fetches no other toolchain.
  const env = { ...process.env, GOTOOLCHAIN: 'local' }
  const text = await runProgram(['go', 'version'], { cwd: tmpdir(), env }).catch((error: unknown) => {
    throw new Error(`no working go on the PATH (${error instanceof Error ? error.message : error})`)
  })
  const version = /\bgo(\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1]
  if (version === undefined) throw new Error(`"go version" says ${text.trim()}`)
  return version
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((each) => each.split('.').map(Number))
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
