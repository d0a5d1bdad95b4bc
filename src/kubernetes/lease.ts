import { isRecord } from './kubernetes-error.ts'

/** A Lease (coordination.k8s.io/v1). Other fields are written back unchanged. */
export interface Lease {
  readonly metadata: Readonly<Record<string, unknown>>
  readonly spec: LeaseSpec
}

/** Times are MicroTime: RFC 3339 with microseconds. */
export interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  /** The number of transitions between holders. */
  readonly leaseTransitions?: number
}

/** What a leader writes, as client-go does, so that kubectl and other tools display it correctly. */
export interface Holding {
  readonly identity: string
  readonly leaseDurationMs: number
  /** Wall clock, ms since the epoch. Informational: no decision may depend on it. */
  readonly now: number
}

/** The spec that acquires a lease. */
export function takenSpec(
  before: LeaseSpec | undefined,
  { identity, leaseDurationMs, now }: Holding,
): LeaseSpec {
  return {
    ...before,
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(leaseDurationMs / 1_000),
    acquireTime: microTime(now),
    renewTime: microTime(now),
    leaseTransitions: before === undefined ? 0 : (before.leaseTransitions ?? 0) + 1,
  }
}

/** The spec that renews a lease of ours. */
export function renewedSpec(before: LeaseSpec, { identity, leaseDurationMs, now }: Holding): LeaseSpec {
  return {
    ...before,
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(leaseDurationMs / 1_000),
    renewTime: microTime(now),
  }
}

/** The spec that releases a lease: no holder and, as in client-go, a duration of one second. */
export function releasedSpec(before: LeaseSpec, now: number): LeaseSpec {
  return {
    ...before,
    holderIdentity: '',
    leaseDurationSeconds: 1,
    acquireTime: microTime(now),
    renewTime: microTime(now),
  }
}

/**
 * Whether the last holder released the lease. Both fields are checked: if somebody cleared the holder by hand, that
 * process may still be active.
 */
export function isReleased({ holderIdentity, leaseDurationSeconds, renewTime }: LeaseSpec): boolean {
  return !holderIdentity && leaseDurationSeconds === 1 && renewTime !== undefined
}

/** Whether the lease was never held: it was created by hand. */
export function isUnused({ holderIdentity, renewTime }: LeaseSpec): boolean {
  return !holderIdentity && renewTime === undefined
}

/** Parses a response of the API server; undefined if it is not a Lease. Fields of a wrong type are omitted. */
export function readLease(body: unknown): Lease | undefined {
  if (!isRecord(body) || !isRecord(body['metadata'])) return undefined
  if (typeof body['metadata']['resourceVersion'] !== 'string') return undefined
  const spec = isRecord(body['spec']) ? { ...body['spec'] } : {}
  for (const [field, type] of Object.entries(types)) if (typeof spec[field] !== type) delete spec[field]
  return { metadata: body['metadata'], spec }
}

const types = {
  holderIdentity: 'string',
  leaseDurationSeconds: 'number',
  acquireTime: 'string',
  renewTime: 'string',
  leaseTransitions: 'number',
} as const satisfies Record<keyof LeaseSpec, string>

function microTime(now: number): string {
  return new Date(now).toISOString().replace('Z', '000Z')
}
