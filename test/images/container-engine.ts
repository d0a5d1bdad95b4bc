import { NoContainerEngineError } from './no-container-engine-error.ts'
import { OwnEngine } from './own-engine.ts'
import { runDocker } from './run-docker.ts'

export { NoContainerEngineError }

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

/** Where a Docker comes from; other ones are for tests of `containerEngine`. */
export interface EngineSources {
  /** The Docker that there is, or why there is none that can be used. */
  readonly found: () => Promise<ContainerEngine | string>
  /** Starts one. @throws NoContainerEngineError where this machine lacks what it takes */
  readonly own: () => Promise<ContainerEngine>
}

/**
 * The Docker that DOCKER_HOST, the user's context or the default socket name, if it answers; otherwise, as root on
 * Linux, a dockerd of our own (see OwnEngine). Dispose of it.
 * @throws NoContainerEngineError where there is none and none can be started; Error where one should start and does not
 */
export async function containerEngine(
  { found, own }: EngineSources = { found: foundEngine, own: OwnEngine.start },
): Promise<ContainerEngine> {
  const there = await found()
  if (typeof there !== 'string') return there
  try {
    return await own()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    if (!(error instanceof NoContainerEngineError)) {
      const wayOut =
        'Start the Docker of this machine, which is then used; the last lines say why ours did not.'
      throw new Error(`No Docker answers (${there}), and our own does not start. ${wayOut}\n${why}`, {
        cause: error,
      })
    }
    throw new NoContainerEngineError(
      [
        'No Docker:',
        `- ${there}`,
        `- ${why}`,
        'Start Docker (Linux), or as root on Debian or Ubuntu "apt-get install docker.io": tests then start their own.',
      ].join('\n'),
    )
  }
}

async function foundEngine(): Promise<ContainerEngine | string> {
  const docker = (...args: string[]) => runDocker(args)
  let version: string
  try {
    version = (await docker('version', '--format', '{{.Server.Version}}')).trim()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const host =
    process.env['DOCKER_HOST'] ??
    (await docker('context', 'inspect', '--format', '{{.Endpoints.docker.Host}}')).trim()
  if (!host.startsWith('unix://')) return `Docker is at ${host}, not on this machine`
  // On a Mac or under Windows it is in a virtual machine, whose loopback address is not ours.
  if (process.platform !== 'linux') return 'Docker is not on a Linux machine'
  return { host, version, own: false, docker, [Symbol.asyncDispose]: async () => {} }
}
