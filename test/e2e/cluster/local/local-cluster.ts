import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { atProcessEnd } from '../../../control-plane/cleanup.ts'
import type { ArchivedImage } from '../../../images/archived-image.ts'
import type { E2eCluster, E2eClusterDescription } from '../e2e-cluster.ts'
import { writeAccessFiles } from './access-files.ts'
import { cgroup } from './addresses.ts'
import { bootNode } from './boot-node.ts'
import { cleanUp, killNode } from './clean-up.ts'
import { checkMayBeEnded, checkNotHeld } from './cluster-held-error.ts'
import { type ClusterRecord, isHeld, readRecord, writeRecord } from './cluster-record.ts'
import { writeConfigFiles } from './config-files.ts'
import { makeControlGroup } from './control-group.ts'
import { checkAddressesAreFree, plugIn } from './host-network.ts'
import { clusterFolder, layout } from './layout.ts'
import { startInNamespaces } from './namespaces.ts'
import type { NodePlan } from './node/plan.ts'
import { nodeIsUsable } from './node-is-usable.ts'
import { oneAtATime } from './one-at-a-time.ts'
import type { PreparedMachine } from './prepare-machine.ts'
import { prepareNodePrograms } from './prepare-node-programs.ts'
import { identityOf } from './process-identity.ts'
import { SocketFaults } from './socket-faults.ts'
import { makeStandardFolders } from './standard-folders.ts'

export interface LocalClusterOptions {
  /** What the chart installs. */
  readonly operatorImage: ArchivedImage
  /** What holds a pod's namespaces. */
  readonly pauseImage: ArchivedImage
  readonly machine: PreparedMachine
  /** Whether it goes on after our end; `stopLocalCluster` ends it. Default false. */
  readonly kept?: boolean
  /** Told of what takes long. */
  readonly say?: (text: string) => void
}

/**
 * Starts the local cluster of this machine: about ten seconds, once its programs are built. It ends with `stop()` or,
 * unless `kept`, with this process, however that ends.
 * @throws ClusterHeldError when the cluster is in use, Error with the last lines of the program that does not come up
 */
export async function startLocalCluster(options: LocalClusterOptions): Promise<E2eCluster> {
  const { say = () => undefined } = options
  const programs = await prepareNodePrograms()
  return oneAtATime(async () => {
    checkNotHeld(readRecord(layout().record))
    await cleanUp()
    await checkAddressesAreFree()
    const begun = performance.now()
    const start = new LocalStart(options)
    try {
      const cluster = await start.run(programs)
      say(`The local cluster is ready after ${((performance.now() - begun) / 1000).toFixed(1)} s.`)
      return cluster
    } catch (error) {
      start.forget()
      await cleanUp()
      throw error
    }
  })
}

/** The local cluster that "npm run cluster -- up" keeps, `undefined` when there is none. */
export function keptLocalCluster(): E2eClusterDescription | undefined {
  const record = readRecord(layout().record)
  return record?.kept && isHeld(record) ? record.cluster : undefined
}

/** @throws ClusterHeldError when somebody uses the local cluster of this machine */
export function checkNotInUse(): void {
  checkNotHeld(readRecord(layout().record))
}

/**
 * Ends the local cluster that is kept on this machine, and removes what is left of earlier ones. One that is only just
 * being started, or that a suite uses, is not ended.
 * @param force ends whichever there is
 * @throws ClusterHeldError
 */
export async function stopLocalCluster({ force = false } = {}): Promise<void> {
  const meant = readRecord(layout().record)
  if (!force) checkMayBeEnded(meant, meant)
  await oneAtATime(async () => {
    // We may have waited for another process that was starting one: that one was not meant.
    if (!force) checkMayBeEnded(readRecord(layout().record), meant)
    await cleanUp()
  })
}

/** One start, from an empty folder to a usable node. */
class LocalStart {
  readonly #options: LocalClusterOptions
  readonly #files = layout()
  #record: ClusterRecord | undefined
  readonly forget: () => void

  constructor(options: LocalClusterOptions) {
    this.#options = options
    this.forget = atProcessEnd(() => killNode(this.#record))
  }

  async run(programs: NodePlan['programs']): Promise<E2eCluster> {
    const { operatorImage, pauseImage, machine, kept = false } = this.#options
    mkdirSync(this.#files.logs, { recursive: true, mode: 0o700 })
    const begun: ClusterRecord = {
      owner: identityOf(process.pid),
      kept,
      startedAt: new Date().toISOString(),
      madeFolders: makeStandardFolders(),
    }
    this.#write(begun)
    makeControlGroup(cgroup)
    const access = await writeAccessFiles(this.#files)
    writeConfigFiles(this.#files, { ...machine, pauseImage: pauseImage.reference })
    const archives = [pauseImage.archive, operatorImage.archive]
    const plan: NodePlan = { folder: clusterFolder, programs, archives }
    writeFileSync(this.#files.plan, JSON.stringify(plan, null, 2))
    const processes = await startInNamespaces(this.#files.plan, join(this.#files.logs, 'node.log'), kept)
    this.#write({ ...begun, processes })
    await plugIn(processes.first.pid)
    await bootNode(this.#files.socket, processes.first)
    await nodeIsUsable(access, join(this.#files.logs, 'kubelet.log'))
    const cluster = {
      kind: 'local',
      kubeconfig: this.#files.kubeconfig('admin'),
      image: operatorImage.reference,
      controlSocket: this.#files.socket,
    } as const
    this.#write({ ...begun, processes, cluster })
    if (kept) this.forget()
    return new LocalCluster(cluster, this.forget)
  }

  #write(record: ClusterRecord): void {
    this.#record = record
    writeRecord(this.#files.record, record)
  }
}

class LocalCluster implements E2eCluster {
  readonly kind = 'local'
  readonly kubeconfig: string
  readonly image: string
  readonly faults: SocketFaults
  readonly #forget: () => void
  #stopped = false

  constructor(cluster: { kubeconfig: string; image: string; controlSocket: string }, forget: () => void) {
    this.kubeconfig = cluster.kubeconfig
    this.image = cluster.image
    this.faults = new SocketFaults(cluster.controlSocket)
    this.#forget = forget
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    await oneAtATime(cleanUp)
    this.#forget()
  }
}
