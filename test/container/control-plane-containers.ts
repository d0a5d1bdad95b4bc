import type { StartedTestContainer } from 'testcontainers'
import { apiServerArguments, etcdArguments } from '../control-plane/arguments.ts'
import { Cluster } from '../control-plane/cluster.ts'
import { prepareSite, type Site } from '../control-plane/site.ts'
import { deleteFolder } from '../control-plane/temporary-folder.ts'
import { eventually } from '../harness/eventually.ts'
import { containers, TestContainer } from './docker.ts'

/** A real etcd and a real kube-apiserver, each in a container. End it. */
export class ControlPlaneContainers extends Cluster implements AsyncDisposable {
  readonly #site: Site
  readonly #containers: StartedTestContainer[] = []

  private constructor(site: Site) {
    super(site.connection)
    this.#site = site
  }

  /** Resolves when the API server says that it is ready, after about four seconds. */
  static async start(): Promise<ControlPlaneContainers> {
    const started = new ControlPlaneContainers(await prepareSite())
    try {
      await started.#start()
    } catch (error) {
      await started[Symbol.asyncDispose]()
      throw error
    }
    return started
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    await Promise.all(this.#containers.map((each) => each.stop({ timeout: 0 })))
    deleteFolder(this.#site.layout.folder)
  }

  async #start(): Promise<void> {
    const { layout } = this.#site
    await this.#run('/etcd', etcdArguments(layout))
    await this.#run('/kube-apiserver', apiServerArguments(layout))
    const ready = () =>
      this.admin.request('GET', '/readyz').then(
        () => true,
        () => false,
      )
    await eventually('the API server is ready', ready, { timeoutMs: 60_000 })
    await this.askVersion()
  }

  async #run(program: string, args: string[]): Promise<void> {
    const { folder } = this.#site.layout
    const container = new TestContainer(containers().images.controlPlane)
      .withEntrypoint([program])
      .withCommand(args)
      // Its data and its logs are the tests' to read and to delete.
      .withUser(`${process.getuid?.()}:${process.getgid?.()}`)
      .withBindMounts([{ source: folder, target: folder }])
    this.#containers.push(await container.start())
  }
}
