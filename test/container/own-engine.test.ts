import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { OwnEngine } from '../images/own-engine.ts'
import { runDocker } from '../images/run-docker.ts'
import { containers, noDocker } from './docker.ts'

/** On the Docker of the machine it would be a guest, and not every user may start one. */
const notOurs = noDocker !== undefined || !containers().own
const module = fileURLToPath(new URL('../images/own-engine.ts', import.meta.url))

/** A process that starts an engine, tells its host, and waits to be ended. */
async function holder(): Promise<{ child: ChildProcess; folder: string; host: string }> {
  const source = `
    const { OwnEngine } = await import(${JSON.stringify(module)})
    const engine = await OwnEngine.start()
    console.log(engine.host)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [host] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { child, host, folder: dirname(host.slice('unix://'.length)) }
}

/** Processes that have the engine's folder on their command line: dockerd, containerd and what holds containers. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)
    } catch {
      return false
    }
  })
}

function cgroupsOf(folder: string): string[] {
  return globSync([`/sys/fs/cgroup/${basename(folder)}`, `/sys/fs/cgroup/*/${basename(folder)}`])
}

async function runContainer(host: string): Promise<void> {
  const env = { ...process.env, DOCKER_HOST: host }
  const archive = `${dirname(host.slice('unix://'.length))}/operator.tar`
  await runDocker(['save', '--output', archive, containers().images.operator], {
    ...process.env,
    DOCKER_HOST: containers().host,
  })
  await runDocker(['load', '--input', archive], env)
  const wait = [
    '--entrypoint',
    '/nodejs/bin/node',
    containers().images.operator,
    '-e',
    'setInterval(() => {}, 1000)',
  ]
  await runDocker(['run', '--detach', '--network', 'host', ...wait], env)
}

describe.skipIf(notOurs)('a Docker of our own', () => {
  test('is gone with all its containers when it is disposed of', async () => {
    const engine = await OwnEngine.start()
    const folder = dirname(engine.host.slice('unix://'.length))
    await runContainer(engine.host)
    expect(processesOf(folder).length).toBeGreaterThanOrEqual(3)
    expect(cgroupsOf(folder)).not.toEqual([])

    await engine[Symbol.asyncDispose]()
    expect(processesOf(folder)).toEqual([])
    expect(cgroupsOf(folder)).toEqual([])
    expect(existsSync(folder)).toBe(false)
  })

  test('ends with the process that started it, even by SIGKILL; the next start removes what is left', async () => {
    const { child, host, folder } = await holder()
    await runContainer(host)
    child.kill('SIGKILL')
    await eventually('every process of it has ended', () => processesOf(folder).length === 0)

    await using _next = await OwnEngine.start()
    expect(cgroupsOf(folder)).toEqual([])
    expect(existsSync(folder)).toBe(false)
  })

  test('makes no network of its own, and mounts nothing where others see it', async () => {
    await using engine = await OwnEngine.start()
    await runContainer(engine.host)
    const networks = await engine.docker('network', 'ls', '--format', '{{.Driver}}')
    expect(networks.trim().split('\n').sort()).toEqual(['host', 'null'])
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(dirname(engine.host.slice('unix://'.length)))
  })
})
