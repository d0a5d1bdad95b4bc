import { OwnEngine } from './own-engine.ts'
import { runDocker } from './run-docker.ts'

/** A Docker that answers. Its containers use the machine's own network, so it has to be on this machine. */
export interface ContainerEngine extends AsyncDisposable {
  /** For DOCKER_HOST: `unix:///...`. */
  readonly host: string
  /** The server's version ("28.2.2"). */
  readonly version: string
  /** Whether it is ours alone and ends, with all that it holds, when it is disposed of. */
  readonly own: boolean
  /**
   * Runs the docker command on this engine and returns its stdout.
   * @throws Error with the last lines it wrote
   */
  docker(...args: string[]): Promise<string>
}

/** There is no Docker and none can be started; the message says why, and what to install. */
export class NoContainerEngineError extends Error {
  override readonly name = 'NoContainerEngineError'
}

/**
 * The Docker that DOCKER_HOST, the user's context or the default socket name, if it answers; otherwise, as root on
 * Linux, a dockerd of our own (see OwnEngine). Dispose of it.
 * @throws NoContainerEngineError
 */
export async function containerEngine(): Promise<ContainerEngine> {
  const reasons: string[] = []
  for (const find of [foundEngine, OwnEngine.start]) {
    try {
      return await find()
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error))
    }
  }
  throw new NoContainerEngineError(
    [
      'No Docker:',
      ...reasons.map((reason) => `- ${reason}`),
      'Start Docker (Linux), or as root on Debian or Ubuntu "apt-get install docker.io": tests then start their own.',
    ].join('\n'),
  )
}

async function foundEngine(): Promise<ContainerEngine> {
  const docker = (...args: string[]) => runDocker(args)
  const version = (await docker('version', '--format', '{{.Server.Version}}')).trim()
  const host =
    process.env['DOCKER_HOST'] ??
    (await docker('context', 'inspect', '--format', '{{.Endpoints.docker.Host}}')).trim()
  if (!host.startsWith('unix://')) throw new Error(`Docker is at ${host}, not on this machine`)
  // On a Mac or under Windows it is in a virtual machine, whose loopback address is not ours.
  if (process.platform !== 'linux') throw new Error('Docker is not on a Linux machine')
  return { host, version, own: false, docker, [Symbol.asyncDispose]: async () => {} }
}
