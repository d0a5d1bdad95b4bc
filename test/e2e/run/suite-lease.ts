import { hostname } from 'node:os'
import { type Admin, unless } from '../../control-plane/admin.ts'
import { mergePatch } from '../../control-plane/api-client.ts'
import { isAlive } from '../../control-plane/is-alive.ts'

const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
const name = 'tencent-cert-sync-e2e'
const renewEveryMs = 5_000
/** Without a sign of life for so long, a suite counts as dead: longer than any outage that a test makes. */
const liveMs = 60_000

interface Lease {
  readonly metadata: { readonly resourceVersion: string }
  readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string }
}

/**
 * Takes a cluster for this run alone: a suite begins by removing what it takes for another's leftovers.
 * @returns what gives it back
 * @throws Error that names who has it
 */
export async function takeCluster(
  admin: Pick<Admin, 'request'>,
  now = Date.now,
): Promise<() => Promise<void>> {
  const found = await admin.request<Lease>('GET', `${path}/${name}`).catch(unless(404))
  const { holderIdentity = '', renewTime = '' } = found?.spec ?? {}
  if (mayLive(holderIdentity) && now() - Date.parse(renewTime) < liveMs) throw inUse(holderIdentity)
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    // Whoever else read the same state comes too late.
    metadata: { name, ...(found && { resourceVersion: found.metadata.resourceVersion }) },
    spec: { holderIdentity: `${process.pid}@${hostname()}`, renewTime: microTime(now()) },
  }
  const [method, at] = found ? (['PUT', `${path}/${name}`] as const) : (['POST', path] as const)
  const taken = await admin.request(method, at, { body: lease }).catch(unless(409))
  if (taken === undefined) throw inUse('which was quicker')

  const renew = () => {
    const body = { spec: { renewTime: microTime(now()) } }
    // Tests take the API server away: the next time will do. A refused token is replaced by the administrator.
    admin.request('PATCH', `${path}/${name}`, { body, contentType: mergePatch }).catch(() => undefined)
  }
  const timer = setInterval(renew, renewEveryMs)
  return async () => {
    clearInterval(timer)
    await admin.request('DELETE', `${path}/${name}`).catch(unless(404))
  }
}

/** Of a holder on this machine it is known at once that it has ended. */
function mayLive(holder: string): boolean {
  const [pid, host] = holder.split('@')
  return holder !== '' && (host !== hostname() || isAlive(Number(pid)))
}

function inUse(holder: string): Error {
  return new Error(`the cluster is in use by another suite, ${holder}: there is one at a time`)
}

/** As Leases have it: RFC 3339 with six digits. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
