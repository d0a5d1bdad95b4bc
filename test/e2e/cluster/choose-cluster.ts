import { operatorImage } from '../../images/operator-image.ts'
import { pauseImage } from '../../images/pause-image.ts'
import { attachTo } from './attach.ts'
import type { E2eCluster } from './e2e-cluster.ts'
import { existingCluster } from './existing.ts'
import { checkPrograms, startKindCluster } from './kind.ts'
import { checkNotInUse, keptLocalCluster, startLocalCluster } from './local/local-cluster.ts'
import { sendOrder } from './local/order.ts'
import { prepareMachine } from './local/prepare-machine.ts'

export interface ChooseOptions {
  readonly env?: NodeJS.ProcessEnv
  /** Told of what takes long. */
  readonly say?: (text: string) => void
  /** `local` only: start one that outlives us. Default false. */
  readonly kept?: boolean
}

/**
 * Whether the cluster that E2E_CLUSTER names can be had, for those who have long work to do before they need it.
 * @throws as `chooseCluster`
 */
export async function checkPlace(options: ChooseOptions = {}): Promise<void> {
  const { env = process.env, say = () => undefined } = options
  switch (placeOf(env)) {
    case 'local':
      await prepareMachine(say, env)
      if (keptLocalCluster()?.controlSocket === undefined) checkNotInUse()
      return
    case 'kind':
      return checkPrograms()
    case 'existing':
      await existingCluster(env)
  }
}

/** @throws Error for what is no place */
function placeOf(env: NodeJS.ProcessEnv): E2eCluster['kind'] {
  const kind = env['E2E_CLUSTER'] || 'local'
  if (kind === 'local' || kind === 'kind' || kind === 'existing') return kind
  throw new Error(`E2E_CLUSTER is ${kind}; it may be local, kind or existing`)
}

/**
 * The cluster that E2E_CLUSTER names (`local`, which is the default, `kind` or `existing`), ready for use and with the
 * operator's image. A local cluster that "npm run cluster -- up" keeps is used as it is.
 * @throws MachineError, ClusterHeldError (`local`), or Error that says what to set or what did not start
 */
export async function chooseCluster(options: ChooseOptions = {}): Promise<E2eCluster> {
  const { env = process.env, say = () => undefined } = options
  switch (placeOf(env)) {
    case 'local':
      return localCluster(env, say, options.kept ?? false)
    case 'kind':
      return startKindCluster(say)
    case 'existing':
      return existingCluster(env)
  }
}

async function localCluster(
  env: NodeJS.ProcessEnv,
  say: (text: string) => void,
  kept: boolean,
): Promise<E2eCluster> {
  // What can fail at once fails before anything is built.
  const machine = await prepareMachine(say, env)
  const running = keptLocalCluster()
  if (running?.controlSocket === undefined) {
    checkNotInUse()
    const images = { pauseImage: await pauseImage(), operatorImage: await operatorImage() }
    return startLocalCluster({ ...images, machine, kept, say })
  }
  say(`Using the local cluster that "npm run cluster -- up" started.`)
  const { reference, archive } = await operatorImage()
  await sendOrder(running.controlSocket, { do: 'import', archive })
  return attachTo({ ...running, image: reference })
}
