import { mkdirSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Progress } from './progress.ts'
import { runProgram } from './run-program.ts'
import { kubernetesVersion, moduleFolder, platform, requiredGoVersion } from './version.ts'

const packages = ['go.etcd.io/etcd/server/v3', 'k8s.io/kubernetes/cmd/kube-apiserver']

/** From this version on, Go fetches the newer toolchain that a go.mod asks for. */
const oldestGo = '1.21'

/**
 * Builds etcd and kube-apiserver into `folder` from the modules that go.mod and go.sum pin. Go's own caches keep what
 * was done when this is interrupted.
 * @throws Error that says what is missing or what the Go command said.
 */
export async function buildWithGo(folder: string, progress: Progress): Promise<void> {
  const env = goEnvironment(process.env, await localGoVersion())
  const flags = ['-mod=readonly', '-buildvcs=false', '-trimpath']
  progress.say(
    `etcd and kube-apiserver ${kubernetesVersion()} are built from source, once: a few minutes. An interrupted build goes on where it was.`,
  )
  const run = (args: string[], onErrorLine: (line: string) => boolean) =>
    runProgram(['go', ...args], { cwd: moduleFolder, env, onErrorLine })
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
    const build = ['build', '-v', ...flags, '-ldflags', linkerFlags(), '-o', `${folder}/`, ...packages]
    await run(build, (line) => {
      // With -v, Go names every package that it compiles.
      if (!toBuild.delete(line)) return line.startsWith('go: downloading ')
      progress.update(++done)
      return true
    })
    // Go names a program after its folder.
    renameSync(join(folder, 'server'), join(folder, 'etcd'))
  } finally {
    progress.stop()
  }
}

/** Reads `go list`'s lines: how many packages there are in all, and which of them are not in Go's cache. */
export function readPackageList(list: string): { total: number; toBuild: Set<string> } {
  const lines = list.split('\n').filter((line) => line !== '' && line !== 'unsafe')
  const stale = lines.filter((line) => line.endsWith(' stale'))
  return { total: lines.length, toBuild: new Set(stale.map((line) => line.slice(0, -' stale'.length))) }
}

/**
 * The environment of the Go command: a static program for this machine whatever the user's settings for other work
 * are; and GOTOOLCHAIN=auto if the Go found is older than go.mod wants, since many set it to `local`.
 * @throws Error when Go is older than 1.21.
 */
export function goEnvironment(env: NodeJS.ProcessEnv, version: string): NodeJS.ProcessEnv {
  if (isOlder(version, oldestGo))
    throw new Error(`the go on the PATH is ${version}; ${oldestGo} or newer is needed`)
  const { os, arch } = platform()
  return {
    ...env,
    CGO_ENABLED: '0',
    GOOS: os,
    GOARCH: arch,
    GOWORK: 'off',
    ...(isOlder(version, requiredGoVersion()) && { GOTOOLCHAIN: 'auto' }),
  }
}

/** The version stamp: without it the API server calls itself v0.0.0-master, and clients judge by that. */
function linkerFlags(version = kubernetesVersion()): string {
  const [major, minor] = version.split('.')
  const stamp = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' }
  const values = Object.entries(stamp).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  )
  return ['-s', '-w', ...values].join(' ')
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
