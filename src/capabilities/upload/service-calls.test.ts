import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FakeCertificateService, type StoredCertificate } from '../../../test/fakes/certificate-service.ts'
import { createManualClock } from '../../../test/fakes/manual-clock.ts'
import { FakeMetrics } from '../../../test/fakes/observability.ts'
import { createMaterial, type TestMaterial } from '../../../test/heart/material.ts'
import { identity, observedOf, uploadedStatus, userAnnotations } from '../../../test/heart/observed.ts'
import { copySuffix, ownershipTags } from '../../contract/ownership.ts'
import type { Search } from './decision.ts'
import { actionOf, ServiceCalls } from './service-calls.ts'

const owner = { cluster: identity.cluster, namespace: 'web', name: 'site' }
const signal = new AbortController().signal

let material: TestMaterial
let service: FakeCertificateService
let metrics: FakeMetrics
let calls: ServiceCalls

beforeAll(async () => {
  material = await createMaterial()
})

beforeEach(() => {
  const clock = createManualClock()
  service = new FakeCertificateService(clock)
  metrics = new FakeMetrics()
  calls = new ServiceCalls(service, identity.cluster, metrics, clock)
})

/** Puts a certificate of the first leaf into the account, by default one that carries our tags. */
function store(certificateId: string, more: Partial<StoredCertificate> = {}): void {
  const { first } = material
  service.certificates.push({
    certificateId,
    type: 'SVR',
    leaf: first.fingerprint,
    chain: first.chainFingerprint,
    alias: 'web/site',
    use: undefined,
    projectId: undefined,
    tags: ownershipTags(owner),
    notBefore: first.leaf.notBefore.getTime(),
    notAfter: first.leaf.notAfter.getTime(),
    ...more,
  })
}

function find(search: Search, annotations = userAnnotations()): Promise<string | undefined> {
  return calls.find(observedOf(material.first, annotations), search, signal)
}

const other = { type: { type: 'CA' }, expiry: { notAfter: 1 }, beginning: { notBefore: 1 } } as const

describe('a search by id', () => {
  it.each(['previous', 'candidate'] as const)('finds the %s that is there and may be it', async (by) => {
    store('one')
    expect(await find({ by, certificateId: 'one' })).toBe('one')
    expect(await find({ by, certificateId: 'two' })).toBeUndefined()
  })

  it.each(Object.entries(other))('takes none of another %s', async (_, difference) => {
    store('one', difference)
    expect(await find({ by: 'previous', certificateId: 'one' })).toBeUndefined()
    expect(await find({ by: 'candidate', certificateId: 'one' })).toBeUndefined()
  })
})

describe('a search by alias', () => {
  const suffix = '0123456789abcdef'

  it('finds the copy whose alias ends so', async () => {
    store('one', { alias: `${suffix} web/site` })
    store('two', { alias: `web/site ${suffix}` })
    expect(await find({ by: 'alias', suffix })).toBe('two')
  })

  it.each(Object.entries(other))('takes none of another %s', async (_, difference) => {
    store('one', { alias: suffix, ...difference })
    expect(await find({ by: 'alias', suffix })).toBeUndefined()
  })
})

describe('a search by tags', () => {
  const search: Search = { by: 'tags' }

  it('finds the only one that carries ours and may be it', async () => {
    store('foreign', { tags: ownershipTags({ ...owner, name: 'other' }) })
    store('expired', { notAfter: 1 })
    store('one')
    expect(await find(search)).toBe('one')
  })

  it('reads every page, and knows a search that it did not read to its end', async () => {
    service.pageSize = 2
    for (const id of ['one', 'two', 'three', 'four']) store(id, { notAfter: 1 })
    store('five')
    expect(await find(search)).toBe('five')
    expect(service.calls.map(({ query }) => query)).toMatchObject([
      { offset: 0 },
      { offset: 2 },
      { offset: 4 },
    ])
    service.pageSize = 1
    await expect(find(search)).rejects.toMatchObject({ code: 'TooManyMatches', failure: 'unknown' })
    expect(service.calls).toHaveLength(3 + 4)
  })

  it('takes neither of two that cannot be told apart (I6)', async () => {
    store('one')
    store('two')
    expect(await find(search)).toBeUndefined()
  })

  it('tells those apart that are on record for other chains', async () => {
    store('one')
    store('two')
    store('three')
    const status = uploadedStatus(material.firstAgain, 'one', {
      previousCertificateId: 'two@0123456789ab',
    })
    expect(await find(search, { ...userAnnotations(), ...status })).toBe('three')
  })

  it('knows our copy of the chain by its alias', async () => {
    store('one')
    store('two', { alias: `x ${copySuffix(owner, material.first.chainFingerprint, false)}` })
    expect(await find(search)).toBe('two')
  })

  it('names the one on record where there is no other: it holds another chain', async () => {
    store('one')
    const status = uploadedStatus(material.firstAgain, 'one')
    expect(await find(search, { ...userAnnotations(), ...status })).toBe('one')
  })
})

describe('a call', () => {
  it('is counted by its action, and by how it ended', async () => {
    store('one')
    await find({ by: 'tags' })
    await find({ by: 'chain' })
    await calls.exists('one', signal)
    expect(Object.fromEntries(metrics.calls)).toEqual({
      'DescribeCertificates success': 2,
      'CheckCertificateExist success': 1,
    })
  })

  it('of an upload sends a key for SVR alone, and cosmetics unless they are left out', async () => {
    const observed = observedOf(material.first, userAnnotations({ certificateUse: 'CLB', projectId: '7' }))
    await calls.upload(observed, { kind: 'Upload', plain: false }, signal)
    await calls.upload(observed, { kind: 'Upload', plain: true }, signal)
    await calls.upload(observed, { kind: 'Upload', plain: true, copySuffix: 'abc' }, signal)
    const [full, plain, copy] = service.calls.map((it) => it.upload)
    expect(full).toMatchObject({ alias: 'web/site', use: 'CLB', projectId: 7, repeatable: false })
    expect(full?.privateKey).toContain('PRIVATE KEY')
    expect(full?.tags).toHaveLength(2)
    expect(plain).toMatchObject({ projectId: 7, tags: [], repeatable: false })
    expect(plain).not.toHaveProperty('alias')
    expect(plain).not.toHaveProperty('use')
    expect(copy).toMatchObject({ alias: 'abc', tags: [], repeatable: true })
  })

  it('belongs to one action', () => {
    expect(actionOf({ kind: 'Upload', plain: false })).toBe('UploadCertificate')
    expect(actionOf({ kind: 'Verify', certificateId: 'x' })).toBe('DescribeCertificates')
    expect(actionOf({ kind: 'Find', search: { by: 'chain' } })).toBe('CheckCertificateExist')
    expect(actionOf({ kind: 'Find', search: { by: 'tags' } })).toBe('DescribeCertificates')
    expect(actionOf({ kind: 'Synced' })).toBeUndefined()
  })
})
