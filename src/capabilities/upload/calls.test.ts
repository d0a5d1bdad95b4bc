import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FakeCertificateService } from '../../../test/fakes/certificate-service.ts'
import { createManualClock } from '../../../test/fakes/manual-clock.ts'
import { createMaterial, type TestMaterial } from '../../../test/heart/material.ts'
import { observedOf, userAnnotations } from '../../../test/heart/observed.ts'
import type { UploadRequest } from '../../ports/ssl-service.ts'
import type { UploadAction, UploadCertificate } from './action.ts'
import { type CallResult, makeCall } from './calls.ts'
import { chainViewOf } from './testing/upload-view.ts'

const { signal } = new AbortController()
const settings = { certificateUse: 'CLB', projectId: '7', tags: 'team=web' }
const plain: UploadCertificate = { name: 'UploadCertificate', rung: 'Nothing', account: 'Nothing' }

let material: TestMaterial
let service: FakeCertificateService

beforeAll(async () => {
  material = await createMaterial()
})

beforeEach(() => {
  service = new FakeCertificateService(createManualClock())
})

function made(action: UploadAction, annotations = userAnnotations(settings)): Promise<CallResult> {
  const observed = observedOf(material.first, annotations)
  return makeCall(service, chainViewOf(observed), action, signal)
}

async function requestOf(action: Partial<UploadCertificate>): Promise<UploadRequest | undefined> {
  await made({ ...plain, ...action })
  return service.calls.at(-1)?.upload
}

const tagKeys = (request: UploadRequest | undefined) => request?.tags.map((it) => it.key)
const owner = ['cert-sync/cluster', 'cert-sync/secret']

describe('the request of an upload', () => {
  it('has everything that was asked for, and the tags that say whose certificate of which chain it is', async () => {
    const request = await requestOf({})
    expect(request).toMatchObject({
      type: 'SVR',
      alias: 'web/site',
      use: 'CLB',
      projectId: 7,
      repeatable: false,
    })
    expect(request?.privateKey).toContain('PRIVATE KEY')
    expect(tagKeys(request)).toEqual(['team', ...owner, 'cert-sync/chain'])
  })

  it.each([
    ['Settings', [...owner, 'cert-sync/chain']],
    ['ChainTag', owner],
    ['Everything', []],
  ] as const)('leaves out what was refused for this input: %s', async (rung, tags) => {
    const request = await requestOf({ rung })
    expect(request).toMatchObject({ projectId: 7, repeatable: false })
    for (const name of ['alias', 'use']) expect(request).not.toHaveProperty(name)
    expect(tagKeys(request)).toEqual(tags)
  })

  it('leaves out what the account refuses, and keeps the settings of the Secret where they may stay', async () => {
    const withoutChain = await requestOf({ account: 'ChainTag' })
    expect(withoutChain?.alias).toBe('web/site')
    expect(tagKeys(withoutChain)).toEqual(['team', ...owner])
    const nothing = await requestOf({ account: 'Everything' })
    expect(nothing?.tags).toEqual([])
    expect(nothing).not.toHaveProperty('alias')
  })

  it('of a copy keeps its suffix, whatever is left out: a crash is recovered by it', async () => {
    expect(await requestOf({ suffix: 'abc', copy: true })).toMatchObject({
      alias: 'web/site abc',
      repeatable: true,
    })
    expect(await requestOf({ suffix: 'abc', copy: true, rung: 'Everything' })).toMatchObject({
      alias: 'abc',
      tags: [],
    })
  })

  it('has no key for a CA', async () => {
    const observed = observedOf(material.authority, userAnnotations({ certificateType: 'CA' }))
    await makeCall(service, chainViewOf(observed), plain, signal)
    expect(service.calls.at(-1)?.upload).toMatchObject({ type: 'CA' })
    expect(service.calls.at(-1)?.upload).not.toHaveProperty('privateKey')
  })

  it('has the key as PKCS#8 where the other form was refused', async () => {
    expect((await requestOf({ asPkcs8: true }))?.privateKey).toContain('-----BEGIN PRIVATE KEY-----')
  })
})

describe('the answer', () => {
  it('of an upload says whether the service had the certificate; a copy that was asked for is new', async () => {
    service = new FakeCertificateService(createManualClock(), { copiesNameTheOther: true })
    expect(await made(plain)).toMatchObject({ kind: 'Uploaded', certificateId: 'cert0001', repeated: false })
    expect(await made(plain)).toMatchObject({ certificateId: 'cert0001', repeated: true })
    expect(await made({ ...plain, suffix: 'abc', copy: true })).toMatchObject({ repeated: false })
  })

  it('of a lookup says where the next page begins, and which page is the last', async () => {
    service.pageSize = 2
    for (let i = 0; i < 3; i += 1) await made({ ...plain, suffix: `copy${i}`, copy: true })
    const page = (offset: number) =>
      made({ name: 'DescribeCertificates', purpose: 'Copy', query: { by: 'alias', alias: 'copy', offset } })
    expect(await page(0)).toMatchObject({ kind: 'Page', isLast: false, nextOffset: 2 })
    expect(await page(2)).toMatchObject({ kind: 'Page', isLast: true, nextOffset: 3 })
    const query = { by: 'ids', ids: ['cert0001', 'none'] } as const
    const byId = await made({ name: 'DescribeCertificates', purpose: 'Request', query })
    expect(byId).toMatchObject({ isLast: true, certificates: [{ certificateId: 'cert0001' }] })
  })

  it('of the search by chain names an id, or none', async () => {
    const search = { name: 'CheckCertificateExist' } as const
    expect(await made(search)).toEqual({ kind: 'NamedByChain', action: search, certificateId: undefined })
    await made(plain)
    expect(await made(search)).toMatchObject({ certificateId: 'cert0001' })
  })
})
