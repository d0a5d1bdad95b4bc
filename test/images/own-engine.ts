import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import { atProcessEnd } from '../control-plane/cleanup.ts'
import {
  createTemporaryFolder,
  deleteFolder,
  sweepTemporaryFolders,
} from '../control-plane/temporary-folder.ts'
import { eventually } from '../harness/eventually.ts'
import { dyingWithParent } from '../programs/child.ts'
import { isExecutable } from '../programs/is-executable.ts'
import { runProgram } from '../programs/run-program.ts'
import { removeCgroups, sweepCgroups } from './cgroups.ts'
import type { ContainerEngine } from './container-engine.ts'
import { NoContainerEngineError } from './no-container-engine-error.ts'
import { runDocker } from './run-docker.ts'

const folderPrefix = 'tencent-cert-sync-docker-'

/**
 * A dockerd of our own, for machines where none runs. It shares nothing with another one: data, socket and pid file are
 * in a temporary folder, it has a containerd of its own, and both live in mount and process namespaces of their own, so
 * that one SIGKILL ends every process and mount there is. It touches neither the firewall nor the interfaces: there is
 * no bridge, containers use the machine's network. Control groups alone outlive it; the next start removes those, and
 * the folder, of a process that was killed.
 */
export class OwnEngine implements ContainerEngine {
  readonly own = true
  readonly host: string
  readonly #folder: string
  readonly #process: ChildProcess
  readonly #forget: () => void
  #version = ''

  private constructor(folder: string) {
    this.#folder = folder
    this.host = `unix://${folder}/docker.sock`
    mkdirSync(join(folder, 'config'))
    writeFileSync(join(folder, 'daemon.json'), '{}')
    const log = openSync(join(folder, 'dockerd.log'), 'a')
    const [command, ...args] = dyingWithParent([...alone, 'dockerd', ...this.#arguments()])
    this.#process = spawn(command, args, { stdio: ['ignore', log, log], detached: true })
    closeSync(log)
    this.#forget = atProcessEnd(() => {
      this.#killNow()
      deleteFolder(folder)
    })
  }

  /**
   * Starts one, about two seconds.
   * @throws NoContainerEngineError that says what this machine lacks, or Error with the last lines of dockerd
   */
  static async start(): Promise<OwnEngine> {
    if (process.platform !== 'linux') throw new NoContainerEngineError('dockerd runs on Linux alone')
    if (process.getuid?.() !== 0) throw new NoContainerEngineError('only root can start a dockerd')
    const missing = programs.filter((program) => !isOnPath(program))
    if (missing.length > 0) throw new NoContainerEngineError(`not on the PATH: ${missing.join(', ')}`)
    await mayMakeNamespaces()
    sweepTemporaryFolders(undefined, folderPrefix)
    sweepCgroups(folderPrefix)
    const engine = new OwnEngine(createTemporaryFolder(folderPrefix))
    await engine.#answers().catch(async (error: unknown) => {
      await engine[Symbol.asyncDispose]()
      throw error
    })
    return engine
  }

  get version(): string {
    return this.#version
  }

  docker(...args: string[]): Promise<string> {
    // The user's contexts and credential helpers are no business of ours; the builder before BuildKit is in dockerd.
    const env = { ...process.env, DOCKER_CONFIG: join(this.#folder, 'config'), DOCKER_BUILDKIT: '0' }
    return runDocker(args, { ...env, DOCKER_HOST: this.host })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#forget()
    const ended = this.#running ? once(this.#process, 'exit') : undefined
    this.#killNow()
    await ended
    deleteFolder(this.#folder)
    await removeCgroups(basename(this.#folder))
  }

  get #running(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** The end of process 1 of a namespace is the end of all its processes; `unshare` then ends by itself. */
  #killNow(): void {
    if (!this.#running) return
    const { pid = 0 } = this.#process
    const first = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0])
    process.kill(first > 0 ? first : pid, 'SIGKILL')
  }

  #arguments(): string[] {
    const at = (name: string) => join(this.#folder, name)
    return [
      ...['--host', this.host, '--data-root', at('data'), '--exec-root', at('run'), '--pidfile', at('pid')],
      ...['--config-file', at('daemon.json')],
      ...[
        '--bridge',
        'none',
        '--iptables=false',
        '--ip6tables=false',
        '--ip-forward=false',
        '--ip-masq=false',
      ],
      '--userland-proxy=false',
      ...['--cgroup-parent', `/${basename(this.#folder)}`, '--exec-opt', 'native.cgroupdriver=cgroupfs'],
    ]
  }

  async #answers(): Promise<void> {
    const answers = () =>
      this.docker('version', '--format', '{{.Server.Version}}').then(
        (text) => {
          this.#version = text.trim()
          return true
        },
        () => false,
      )
    const log = () => readFileSync(join(this.#folder, 'dockerd.log'), 'utf8').trimEnd().split('\n')
    await eventually('dockerd answers', answers, {
      timeoutMs: 120_000,
      details: () => log().slice(-8).join('\n'),
      giveUp: () => (this.#running ? undefined : 'it has ended'),
    })
  }
}

const programs = ['docker', 'dockerd', 'containerd', 'runc', 'docker-init', 'unshare']

function isOnPath(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.some((folder) => isExecutable(join(folder, program)))
}

/** In a container without privileges, root is not what it is elsewhere. */
async function mayMakeNamespaces(): Promise<void> {
  await runProgram(['unshare', '--mount', '--pid', '--fork', 'true']).catch((error: Error) => {
    if (!/not permitted|denied/i.test(error.message)) throw error
    throw new NoContainerEngineError(`root here may make no namespaces: ${error.message}`)
  })
}

/** A containerd or settings of the machine's own Docker would be used where they are seen. */
const hideOthers = `
  for folder in /run/containerd /etc/docker; do mkdir -p $folder && mount -t tmpfs tmpfs $folder || exit 1; done
  exec docker-init -- "$@"`

/** In new namespaces; process 1 is one that collects the processes that others leave behind. */
const alone: [string, ...string[]] = [
  ...(['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'] as const),
  ...['sh', '-c', hideOthers, 'sh'],
]
