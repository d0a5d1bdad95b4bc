import { beforeAll, beforeEach, expect, it } from 'vitest'
import type { CertificateQuery, UploadRequest } from '../../src/ports/ssl-service.ts'
import { bundle } from '../fixtures/certificates.ts'
import { createMaterial } from '../heart/material.ts'
import { FakeCertificateService } from './certificate-service.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'

const { signal } = new AbortController()
const tags = [{ key: 'cert-sync/cluster', value: 'one' }]

let request: UploadRequest
let clock: ManualClock
let service: FakeCertificateService

beforeAll(async () => {
  const { first } = await createMaterial()
  request = {
    type: 'SVR',
    certificate: bundle(...first.certificates),
    tags,
    alias: 'web/site',
    repeatable: true,
  }
})

beforeEach(() => {
  clock = createManualClock()
  service = new FakeCertificateService(clock)
})

async function list(query: CertificateQuery = { by: 'tags', tags, offset: 0 }) {
  const { certificates, ...counts } = await service.describe(query, signal)
  return { ids: certificates.map((it) => it.certificateId), certificates, ...counts }
}

it('lists in pages of the size that is set, with the total on each', async () => {
  service.pageSize = 2
  for (let count = 1; count <= 3; count += 1) await service.upload(request, signal)
  expect(await list()).toMatchObject({ ids: ['cert0001', 'cert0002'], entries: 2, total: 3 })
  expect(await list({ by: 'tags', tags, offset: 2 })).toMatchObject({
    ids: ['cert0003'],
    entries: 1,
    total: 3,
  })
})

it('searches by alias as fuzzily as the service, and keeps apart what only looks like it', async () => {
  await service.upload({ ...request, alias: 'cert0002' }, signal)
  await service.upload(request, signal)
  expect(await list({ by: 'alias', alias: 'cert0002', offset: 0 })).toMatchObject({
    ids: ['cert0001'],
    otherIds: ['cert0002'],
    entries: 2,
    total: 2,
  })
})

it('keeps back what is hidden from listings, but not from uploads', async () => {
  await service.upload(request, signal)
  service.hides = ({ alias }) => alias === 'web/site'
  expect(await list({ by: 'ids', ids: ['cert0001'] })).toMatchObject({ ids: [], total: 0 })
  expect(await service.upload({ ...request, repeatable: false }, signal)).toMatchObject({
    certificateId: 'cert0001',
    existed: true,
  })
})

it('lists an upload as late as is asked for, its dates shifted, with the owner', async () => {
  service.listingLagMs = 5_000
  service.listingShiftHours = 8
  service.ownerUin = '200000000002'
  await service.upload(request, signal)
  expect((await list()).ids).toEqual([])
  await clock.advance(5_000)
  const [stored] = service.certificates
  expect((await list()).certificates).toMatchObject([
    { ownerUin: '200000000002', notAfter: (stored?.notAfter ?? 0) + 8 * 3_600_000 },
  ])
})
