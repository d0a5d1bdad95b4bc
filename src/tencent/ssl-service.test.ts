import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../clock.ts'
import type { Tag, UploadRequest } from '../ports/ssl-service.ts'
import { createCredentials } from './credentials.ts'
import { createSslService, type SslService } from './ssl-service.ts'
import { answering, refusing, TestService } from './testing/test-service.ts'

const { signal } = new AbortController()
const request: UploadRequest = {
  type: 'SVR',
  certificate: 'chain',
  privateKey: 'canary',
  tags: [],
  repeatable: false,
}

let remote: TestService
let service: SslService

function create(site: 'china' | 'international'): SslService {
  return createSslService({
    endpoint: { protocol: 'http', host: remote.host, site },
    credentials: createCredentials({ kind: 'environment', secretId: 'id', secretKey: 'canary' }, systemClock),
    clock: systemClock,
  })
}

beforeEach(async () => {
  remote = await TestService.start(answering({ CertificateId: 'abc12345' }))
  service = create('china')
})

afterEach(async () => {
  service.close()
  await remote[Symbol.asyncDispose]()
})

/** Action and parameters of everything that was asked. */
function asked(): unknown[] {
  return remote.received.map(({ headers, text }) => [headers['x-tc-action'], JSON.parse(text)])
}

describe('upload', () => {
  test('sends every parameter under its name', async () => {
    await service.upload(
      {
        ...request,
        alias: 'zone/名前',
        projectId: 0,
        use: 'CLB',
        tags: [
          { key: 'a', value: 'b' },
          { key: 'c', value: '' },
        ],
        repeatable: true,
      },
      signal,
    )
    expect(asked()).toEqual([
      [
        'UploadCertificate',
        {
          CertificatePublicKey: 'chain',
          CertificatePrivateKey: 'canary',
          CertificateType: 'SVR',
          Alias: 'zone/名前',
          ProjectId: 0,
          CertificateUse: 'CLB',
          Tags: [
            { TagKey: 'a', TagValue: 'b' },
            { TagKey: 'c', TagValue: '' },
          ],
          Repeatable: true,
        },
      ],
    ])
  })

  test('that is denied says something of the account only where the Secret chose no project', async () => {
    await remote[Symbol.asyncDispose]()
    remote = await TestService.start(refusing('AuthFailure.UnauthorizedOperation'))
    service = create('china')
    const denied = { failure: 'not-allowed', countsForAccount: true }
    await expect(service.upload(request, signal)).rejects.toMatchObject(denied)
    const ofProject = { ...request, projectId: 666 }
    const ofSecret = { ...denied, countsForAccount: false }
    await expect(service.upload(ofProject, signal)).rejects.toMatchObject(ofSecret)
  })

  test('sends no parameter that was not given, and always says whether it may repeat', async () => {
    await service.upload({ type: 'CA', certificate: 'chain', tags: [], repeatable: false }, signal)
    expect(asked()).toEqual([
      ['UploadCertificate', { CertificatePublicKey: 'chain', CertificateType: 'CA', Repeatable: false }],
    ])
  })

  test.each([
    [{ CertificateId: 'new', RepeatCertId: '' }, 'new', false],
    [{ CertificateId: 'new', RepeatCertId: null }, 'new', false],
    [{ CertificateId: 'new' }, 'new', false],
    [{ CertificateId: 'old', RepeatCertId: 'old' }, 'old', true],
    [{ CertificateId: '', RepeatCertId: 'old' }, 'old', true],
    [{ CertificateId: null, RepeatCertId: 'old' }, 'old', true],
    [{ RepeatCertId: 'old' }, 'old', true],
    [{ CertificateId: 'new', Error: null }, 'new', false],
  ])('reads %j', async (answer, certificateId, existed) => {
    remote.respond = answering(answer)
    await expect(service.upload(request, signal)).resolves.toEqual({
      certificateId,
      existed,
      requestId: 'request-1',
    })
  })

  test.each([
    {},
    { CertificateId: '', RepeatCertId: '' },
    { CertificateId: null, RepeatCertId: null },
    { CertificateId: 12345678 },
    { CertificateId: '-----BEGIN CERTIFICATE-----' },
    { CertificateId: ['abc'] },
  ])('takes %j for malformed', async (answer) => {
    remote.respond = answering(answer)
    await expect(service.upload(request, signal)).rejects.toMatchObject({
      code: 'MalformedResponse',
      failure: 'outage',
      requestId: 'request-1',
    })
  })

  test.each([
    [{}, 'rejected'],
    [{ alias: 'a' }, 'cosmetic'],
    [{ use: 'CLB' }, 'cosmetic'],
    [{ tags: [{ key: 'a', value: 'b' }] }, 'cosmetic'],
    [{ projectId: 1 }, 'rejected'],
    // What a copy is found by is no cosmetic.
    [{ alias: 'a', repeatable: true }, 'rejected'],
    [{ alias: 'a', repeatable: true, tags: [{ key: 'a', value: 'b' }] }, 'cosmetic'],
  ])('a bad parameter is with %j %s', async (extra, failure) => {
    remote.respond = refusing('InvalidParameter')
    await expect(service.upload({ ...request, ...extra }, signal)).rejects.toMatchObject({ failure })
  })
})

/** The page of a lookup by ids. */
const byIds = (...ids: string[]) => service.describe({ by: 'ids', ids }, signal)
const byAlias = (alias: string, offset = 0) => service.describe({ by: 'alias', alias, offset }, signal)
const byTags = (tags: readonly Tag[], offset = 0) => service.describe({ by: 'tags', tags, offset }, signal)
const nothing = { certificates: [], entries: 0, total: 0 }

describe('a lookup by ids', () => {
  test('is one request, with a limit that fits', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `id${index}`)
    remote.respond = (response, { text }) => {
      const { CertIds } = JSON.parse(text) as { CertIds: string[] }
      const list = CertIds.map((CertificateId) => ({ CertificateId }))
      answering({ TotalCount: list.length, Certificates: list })(response, {} as never)
    }
    const page = await byIds(...ids)
    expect(page.certificates.map((it) => it.certificateId)).toEqual(ids)
    expect(page).toMatchObject({ entries: 100, total: 100 })
    expect(asked()).toEqual([['DescribeCertificates', { CertIds: ids, Offset: 0, Limit: 100 }]])
  })

  test('of more than a hundred is refused, and no part of it is asked', async () => {
    const ids = Array.from({ length: 101 }, (_, index) => `id${index}`)
    await expect(byIds(...ids)).rejects.toMatchObject({
      code: 'UnsupportedOperation',
      action: 'DescribeCertificates',
    })
    expect(remote.received).toEqual([])
  })

  test('reads what the service tells, in all its forms', async () => {
    remote.respond = answering({
      TotalCount: 4,
      Certificates: [
        {
          CertificateId: 'full',
          Alias: 'alias',
          CertificateType: 'SVR',
          Domain: 'a.example.com',
          CertBeginTime: '2024-11-06 08:00:00',
          CertEndTime: '2025-02-04 08:00:00',
          Tags: [{ TagKey: 'k', TagValue: 'v' }, { TagKey: 'n', TagValue: null }, null],
          OwnerUin: '100000000001',
        },
        {
          CertificateId: 'bare',
          Alias: null,
          CertificateType: null,
          Domain: null,
          CertBeginTime: null,
          CertEndTime: 'soon',
          Tags: null,
          OwnerUin: null,
        },
        { CertificateId: null, Alias: 'no id' },
        null,
      ],
    })
    await expect(byIds('full', 'bare')).resolves.toEqual({
      certificates: [
        {
          certificateId: 'full',
          alias: 'alias',
          type: 'SVR',
          notAfter: Date.UTC(2025, 1, 4),
          tags: [
            { key: 'k', value: 'v' },
            { key: 'n', value: '' },
          ],
          ownerUin: '100000000001',
        },
        {
          certificateId: 'bare',
          alias: '',
          type: undefined,
          notAfter: undefined,
          tags: [],
          ownerUin: undefined,
        },
      ],
      entries: 4,
      total: 4,
    })
  })

  test.each([
    ['100000000001', '100000000001'],
    [100000000001, '100000000001'],
    ['', undefined],
    ['0', undefined],
    [0, undefined],
    [1e21, undefined],
    ['-----BEGIN', undefined],
    [{}, undefined],
  ])('reads the owner %j as %j', async (OwnerUin, ownerUin) => {
    remote.respond = answering({ TotalCount: 1, Certificates: [{ CertificateId: 'mine', OwnerUin }] })
    const { certificates } = await byIds('mine')
    expect(certificates[0]?.ownerUin).toBe(ownerUin)
  })

  test('keeps a certificate that was not asked for apart', async () => {
    remote.respond = answering({ TotalCount: 1, Certificates: [{ CertificateId: 'other' }] })
    await expect(byIds('mine')).resolves.toEqual({
      certificates: [],
      entries: 1,
      total: 1,
      otherIds: ['other'],
    })
  })

  test.each([
    answering({ TotalCount: 0, Certificates: [] }),
    answering({ TotalCount: 0, Certificates: null }),
    answering({ TotalCount: 0 }),
    answering({ Certificates: null }),
    refusing('FailedOperation.CertificateNotFound'),
  ])('knows the answers that mean "gone" (%#)', async (respond) => {
    remote.respond = respond
    expect((await byIds('mine')).certificates).toEqual([])
  })

  test.each([
    answering({}),
    answering({ TotalCount: 1, Certificates: null }),
    answering({ TotalCount: 1 }),
    answering({ Certificates: 'none' }),
  ])('does not take nonsense for "gone" (%#)', async (respond) => {
    remote.respond = respond
    await expect(byIds('mine')).rejects.toMatchObject({ code: 'MalformedResponse' })
  })

  test('does not take one missing id for all of them', async () => {
    remote.respond = refusing('FailedOperation.CertificateNotFound')
    await expect(byIds('mine', 'gone')).rejects.toMatchObject({ failure: 'unknown' })
  })

  test('of nothing asks nothing', async () => {
    await expect(byIds()).resolves.toEqual(nothing)
    expect(remote.received).toEqual([])
  })
})

describe('a search', () => {
  /** An account with this many certificates, served in pages of at most `cap`. */
  function account(count: number, cap: number, total: number | null = count): void {
    remote.respond = (response, { text }) => {
      const { Offset, Limit } = JSON.parse(text) as { Offset: number; Limit: number }
      const size = Math.min(Limit, cap, Math.max(0, count - Offset))
      const list = Array.from({ length: size }, (_, index) => ({
        CertificateId: `id${Offset + index}`,
        Alias: 'zone/web 1',
        Tags: [{ TagKey: 'cluster', TagValue: index % 2 === 0 ? 'a' : 'b' }],
      }))
      answering({ TotalCount: total, Certificates: list })(response, {} as never)
    }
  }

  test.each([
    ['one of several pages', 1_100, 500, 1_100, 500, 500],
    ['the last of several pages', 1_100, 500, 1_100, 1_000, 100],
    ['a page that the service caps', 250, 100, 250, 0, 100],
    ['a page without a total', 1_000, 500, null, 500, 500],
    ['a page after the end', 500, 500, 500, 500, 0],
    ['nothing', 0, 500, 0, 0, 0],
  ])('gives %s, and what says whether there are more', async (_, count, cap, total, offset, entries) => {
    account(count, cap, total)
    const page = await byAlias('web 1', offset)
    expect(page.certificates.map((it) => it.certificateId)).toEqual(
      Array.from({ length: entries }, (_, index) => `id${offset + index}`),
    )
    expect(page).toMatchObject({ entries, total: total ?? undefined })
    expect(remote.received).toHaveLength(1)
  })

  test.each([
    ['first', 0, 3, 0],
    ['second', 500, 700, 500],
  ])('does not take an empty %s page for the end while the total says otherwise', async (...row) => {
    const [, count, total, offset] = row
    account(count, 500, total)
    await expect(byAlias('web', offset)).rejects.toMatchObject({
      code: 'MalformedResponse',
      failure: 'outage',
      requestId: 'request-1',
    })
  })

  test('by alias asks the fuzzy search and keeps what has the alias', async () => {
    remote.respond = answering({
      TotalCount: 4,
      Certificates: [
        { CertificateId: 'a', Alias: 'zone/web suffix' },
        { CertificateId: 'b', Alias: 'other', Domain: 'suffix.example.com' },
        { CertificateId: 'suffix', Alias: null },
        { CertificateId: '', Alias: 'suffix' },
      ],
    })
    const page = await byAlias('suffix', 7)
    expect(page).toMatchObject({
      certificates: [{ certificateId: 'a' }],
      otherIds: ['b', 'suffix'],
      entries: 4,
      total: 4,
    })
    expect(asked()).toEqual([['DescribeCertificates', { SearchKey: 'suffix', Offset: 7, Limit: 1_000 }]])
  })

  test('by tags asks for the tags and keeps what has them all', async () => {
    account(6, 500)
    const page = await byTags([{ key: 'cluster', value: 'b' }])
    expect(page.certificates.map((it) => it.certificateId)).toEqual(['id1', 'id3', 'id5'])
    expect(page.otherIds).toEqual(['id0', 'id2', 'id4'])
    expect(asked()).toEqual([
      ['DescribeCertificates', { Tags: [{ TagKey: 'cluster', TagValue: 'b' }], Offset: 0, Limit: 1_000 }],
    ])
  })

  test('for nothing finds nothing and asks nothing', async () => {
    await expect(byAlias('')).resolves.toEqual(nothing)
    await expect(byTags([])).resolves.toEqual(nothing)
    expect(remote.received).toEqual([])
  })
})

describe('findByChain', () => {
  test('sends the chain alone and reads the id', async () => {
    remote.respond = answering({ RepeatCertId: 'abc' })
    await expect(service.findByChain('chain', signal)).resolves.toBe('abc')
    expect(asked()).toEqual([['CheckCertificateExist', { CertificatePublicKey: 'chain' }]])
  })

  test.each([
    answering({ RepeatCertId: '' }),
    answering({ RepeatCertId: null }),
    answering({}),
    refusing('FailedOperation.CertificateNotFound'),
  ])('knows the answers that mean "not there" (%#)', async (respond) => {
    remote.respond = respond
    await expect(service.findByChain('chain', signal)).resolves.toBeUndefined()
  })

  test('takes an id that is none for malformed', async () => {
    remote.respond = answering({ RepeatCertId: { id: 'abc' } })
    await expect(service.findByChain('chain', signal)).rejects.toMatchObject({ code: 'MalformedResponse' })
  })

  test('is not asked at the international site', async () => {
    const international = create('international')
    expect([service.canFindByChain, international.canFindByChain]).toEqual([true, false])
    await expect(international.findByChain('chain', signal)).rejects.toMatchObject({ failure: 'unknown' })
    expect(remote.received).toEqual([])
  })
})

test('an inspected service shows neither credentials nor keys', async () => {
  await service.upload(request, signal)
  expect(inspect(service, { depth: 20, showHidden: true })).not.toContain('canary')
})
