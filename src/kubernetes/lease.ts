import { isRecord } from './kubernetes-error.ts'

/** A Lease (coordination.k8s.io/v1). What else it holds is written back as it was read. */
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
  /** How often the holder changed. */
  readonly leaseTransitions?: number
}

/** Whoever leads writes this, as client-go does, so that kubectl and other tools read it right. */
export interface Holding {
  readonly identity: string
  readonly leaseDurationMs: number
  /** Wall clock, ms since the epoch. For people only: nobody's decision may depend on it. */
  readonly now: number
}

/** The spec with which somebody else's, or nobody's, lease becomes ours. */
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

/** The spec of a lease of ours, with a new time. */
export function renewedSpec(before: LeaseSpec, { identity, leaseDurationMs, now }: Holding): LeaseSpec {
  return {
    ...before,
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(leaseDurationMs / 1_000),
    renewTime: microTime(now),
  }
}

/** The spec that gives a lease away: no holder and, as client-go leaves it, a duration of one second. */
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
 * Whether the last holder gave the lease away. Both signs count: a holder that somebody cleared by hand has not been
 * asked and may still be at work.
 */
export function isReleased({ holderIdentity, leaseDurationSeconds, renewTime }: LeaseSpec): boolean {
  return !holderIdentity && leaseDurationSeconds === 1 && renewTime !== undefined
}

/** Whether nobody has ever held the lease: it was made by hand. */
export function isUnused({ holderIdentity, renewTime }: LeaseSpec): boolean {
  return !holderIdentity && renewTime === undefined
}

/** Reads an answer of the API server; undefined where it is no Lease. Fields of a wrong type are left out. */
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
