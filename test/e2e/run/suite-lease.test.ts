import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import type { Admin } from '../../control-plane/admin.ts'
import { ApiError } from '../../control-plane/api-client.ts'
import { takeCluster } from './suite-lease.ts'

interface Lease {
  metadata: { name: string; resourceVersion?: string }
  spec: { holderIdentity: string; renewTime: string }
}

/** The Lease as an API server keeps it, as far as `takeCluster` asks. */
class Leases {
  lease: Lease | undefined
  #version = 0

  readonly request: Admin['request'] = async <T>(
    method: string,
    _path: string,
    { body } = {} as { body?: unknown },
  ) => {
    const sent = body as Lease
    if (method === 'DELETE') this.lease = undefined
    else if (method === 'GET' && this.lease === undefined) throw new ApiError('GET', 404, 'NotFound', '')
    else if (method === 'POST' && this.lease !== undefined)
      throw new ApiError('POST', 409, 'AlreadyExists', '')
    else if (method === 'PUT' && sent.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) {
      throw new ApiError('PUT', 409, 'Conflict', '')
    } else if (method !== 'GET') this.write(sent.spec)
    return this.lease as T
  }

  write(spec: Lease['spec']): void {
    this.lease = { metadata: { name: 'lease', resourceVersion: String(++this.#version) }, spec }
  }
}

const now = () => Date.parse('2026-01-01T00:01:00Z')
const justRenewed = '2026-01-01T00:00:30.000000Z'

test('a cluster that is taken is refused to others, until it is given back', async () => {
  const leases = new Leases()
  const giveBack = await takeCluster(leases, now)
  await expect(takeCluster(leases, now)).rejects.toThrow(`${process.pid}@${hostname()}`)
  await giveBack()
  await (await takeCluster(leases, now))()
  expect(leases.lease).toBeUndefined()
})

test('one that another machine holds is free a minute after its last sign of life', async () => {
  const leases = new Leases()
  leases.write({ holderIdentity: '7@elsewhere', renewTime: justRenewed })
  await expect(takeCluster(leases, now)).rejects.toThrow('7@elsewhere')
  await (await takeCluster(leases, () => now() + 30_000))()
})

test('one whose holder on this machine has died is free at once', async () => {
  const leases = new Leases()
  leases.write({ holderIdentity: `999999999@${hostname()}`, renewTime: justRenewed })
  await (await takeCluster(leases, now))()
})

test('of two that found it free, the second is refused', async () => {
  const leases = new Leases()
  const results = await Promise.allSettled([takeCluster(leases, now), takeCluster(leases, now)])
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  for (const result of results) if (result.status === 'fulfilled') await result.value()
})
