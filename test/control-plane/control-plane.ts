import { Agent } from 'undici'
import { type Binaries, findBinaries } from './binaries.ts'
import { atProcessEnd } from './cleanup.ts'
import { Cluster, type ClusterConnection } from './cluster.ts'
import { PortTakenError, Processes } from './processes.ts'
import { prepareSite } from './site.ts'
import { deleteFolder, sweepTemporaryFolders } from './temporary-folder.ts'

export interface ControlPlaneOptions {
  /** The programs to run; found by `findBinaries` when absent. */
  binaries?: Binaries
  /** More flags for kube-apiserver; a repeated flag wins over ours. */
  apiServerArguments?: string[]
}

/** A real etcd and a real kube-apiserver: our child processes, with their data in a temporary folder. */
export class ControlPlane extends Cluster {
  readonly #processes: Processes
  readonly #end: () => void
  #stopped = false

  /** Use `startControlPlane`. @param end undoes the preparations, once the processes have ended. */
  constructor(connection: ClusterConnection, processes: Processes, end: () => void) {
    super(connection)
    this.#processes = processes
    this.#end = end
  }

  /** Process ids, 0 for what does not run. SIGSTOP makes the API server hang with its connections open. */
  get pids(): { etcd: number; apiServer: number } {
    return this.#processes.pids
  }

  /** Ends the API server alone; etcd and the data stay. SIGTERM lets requests finish, SIGKILL cuts them. */
  async stopApiServer(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.#processes.stopApiServer(signal)
  }

  /** Starts the API server again, on the same port and data; resolves when it says that it is ready. */
  async startApiServer(): Promise<void> {
    await this.#processes.startApiServer()
  }

  /** `stopApiServer`, then `startApiServer`. */
  async restart(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.stopApiServer(signal)
    await this.startApiServer()
  }

  /** Ends everything and deletes the folder; a second call does nothing. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    await this.close()
    await this.#processes.stop()
    this.#end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/**
 * Starts a control plane of its own and resolves when it is ready, about four seconds later (minutes when the programs
 * have to be built first: see `findBinaries`). It ends with `stop()`, or with this process.
 * @throws Error with the last lines of the program that would not start.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const binaries = options.binaries ?? (await findBinaries())
  sweepTemporaryFolders()
  for (let tries = 1; ; tries++) {
    try {
      return await startOnce(binaries, options.apiServerArguments ?? [])
    } catch (error) {
      // Between finding a free port and listening on it, someone else may have been quicker.
      if (!(error instanceof PortTakenError) || tries === 3) throw error
    }
  }
}

async function startOnce(binaries: Binaries, extraArguments: string[]): Promise<ControlPlane> {
  const { layout, connection } = await prepareSite()
  const { folder, adminToken: token, caPem } = connection
  const agent = new Agent({ connect: { ca: caPem }, pipelining: 0 })
  const processes = new Processes(binaries, layout, extraArguments, { agent, token })
  const forget = atProcessEnd(() => {
    processes.killNow()
    deleteFolder(folder)
  })
  const end = () => {
    forget()
    deleteFolder(folder)
  }
  try {
    await processes.start()
  } catch (error) {
    await processes.stop()
    end()
    throw error
  }
  const controlPlane = new ControlPlane(connection, processes, end)
  await controlPlane.askVersion()
  return controlPlane
}
