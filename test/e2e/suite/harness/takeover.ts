import { eventually } from '../../../harness/eventually.ts'
import type { LeaseObject } from '../../../harness/replicas.ts'
import type { E2eWorld } from './e2e-world.ts'
import type { OperatorPod } from './release.ts'

/** A change of leader, as seen from outside. */
export interface Takeover {
  /** Who led before. */
  readonly before: OperatorPod
  /** Who leads now: another pod, or another container of the same one. */
  readonly leader: OperatorPod
  /** Why the lease was to be had, in the words of the new leader's log: `released` or `expired`. */
  readonly reason: unknown
  /** ms from the event until the Lease named the new leader. */
  readonly leaseMs: number
  /** ms from the event until the cloud had answered the new leader's first upload. */
  readonly uploadMs: number
}

/** The Lease of a release whose `leaderElection.leaseName` is the default. @throws ApiError where there is none */
export function leaseOf({ admin, release }: E2eWorld): Promise<LeaseObject> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${release.namespace}/leases/${release.fullName}`
  return admin.request<LeaseObject>('GET', path)
}

/**
 * Resolves with the pod that the Lease names, and its name there, once that is another name than `than`. A Lease may also
 * name a pod that is gone: one that had no right any more to release it, or no time.
 */
export async function eventuallyLeads(
  world: E2eWorld,
  than = '',
): Promise<{ pod: OperatorPod; identity: string }> {
  let identity = ''
  const found: OperatorPod[] = []
  await eventually(
    `somebody ${than === '' ? 'leads' : `other than ${than} leads`}`,
    async () => {
      identity = (await leaseOf(world).catch(() => undefined))?.spec.holderIdentity ?? ''
      if (identity === '' || identity === than) return false
      // An identity is the pod's name and a suffix.
      const pods = await world.release.pods()
      return found.push(...pods.filter(({ metadata }) => identity.startsWith(metadata.name))) > 0
    },
    { timeoutMs: 60_000, details: () => `the Lease names "${identity}"` },
  )
  const [pod] = found
  if (pod === undefined) throw new Error('unreachable')
  return { pod, identity }
}

/**
 * Takes the leader away and sees who follows. There must be enough to upload that the next leader finds some of it.
 * @param event what ends the leader; the time begins when it is called
 */
export async function takeover(
  world: E2eWorld,
  event: (leader: OperatorPod) => Promise<unknown>,
): Promise<Takeover> {
  const { release, cloud } = world
  const { pod: before, identity } = await eventuallyLeads(world)
  const begun = performance.now()
  await event(before)
  const next = await eventuallyLeads(world, identity)
  const leaseMs = performance.now() - begun
  // The one before has made its last call: it has released the Lease after that, or could make none for long.
  const uploads = async () =>
    (await cloud.calls('UploadCertificate')).filter(({ result }) => result === 'Success').length
  const done = await uploads()
  await eventually('the next leader uploads', async () => (await uploads()) > done)
  const uploadMs = performance.now() - begun
  const log = await release.log(next.pod)
  const began = log.find(({ msg, holder }) => msg === 'leading' && holder === next.identity)
  return { before, leader: next.pod, reason: began?.['reason'], leaseMs, uploadMs }
}
