import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../clock.ts'
import type { UploadRequest } from '../ports/ssl-service.ts'
import { createCredentials } from './credentials.ts'
import { createSslService, type SslService } from './ssl-service.ts'
import { answering, refusing, TestService } from './test-service.ts'

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

describe('describe', () => {
  test('asks for the ids a hundred at a time, with a limit that fits', async () => {
    const ids = Array.from({ length: 205 }, (_, index) => `id${index}`)
    remote.respond = (response, { text }) => {
      const { CertIds } = JSON.parse(text) as { CertIds: string[] }
      const list = CertIds.map((CertificateId) => ({ CertificateId }))
      answering({ TotalCount: list.length, Certificates: list })(response, {} as never)
    }
    const found = await service.describe(ids, signal)
    expect(found.map((it) => it.certificateId)).toEqual(ids)
    expect(asked()).toMatchObject([
      ['DescribeCertificates', { CertIds: { length: 100 }, Offset: 0, Limit: 100 }],
      ['DescribeCertificates', { CertIds: { length: 100 }, Offset: 0, Limit: 100 }],
      ['DescribeCertificates', { CertIds: { length: 5 }, Offset: 0, Limit: 100 }],
    ])
  })

  test('reads what the service tells, in all its forms', async () => {
    remote.respond = answering({
      TotalCount: 3,
      Certificates: [
        {
          CertificateId: 'full',
          Alias: 'alias',
          CertificateType: 'SVR',
          Domain: 'a.example.com',
          CertBeginTime: '2024-11-06 08:00:00',
          CertEndTime: '2025-02-04T00:00:00Z',
          Tags: [{ TagKey: 'k', TagValue: 'v' }, { TagKey: 'n', TagValue: null }, null],
        },
        {
          CertificateId: 'bare',
          Alias: null,
          CertificateType: null,
          Domain: null,
          CertBeginTime: null,
          CertEndTime: 'soon',
          Tags: null,
        },
        { CertificateId: null, Alias: 'no id' },
        null,
      ],
    })
    await expect(service.describe(['full', 'bare'], signal)).resolves.toEqual([
      {
        certificateId: 'full',
        alias: 'alias',
        type: 'SVR',
        domain: 'a.example.com',
        notBefore: Date.UTC(2024, 10, 6),
        notAfter: Date.UTC(2025, 1, 4),
        tags: [
          { key: 'k', value: 'v' },
          { key: 'n', value: '' },
        ],
      },
      {
        certificateId: 'bare',
        alias: '',
        type: undefined,
        domain: '',
        notBefore: undefined,
        notAfter: undefined,
        tags: [],
      },
    ])
  })

  test('gives back no certificate that was not asked for', async () => {
    remote.respond = answering({ TotalCount: 1, Certificates: [{ CertificateId: 'other' }] })
    await expect(service.describe(['mine'], signal)).resolves.toEqual([])
  })

  test.each([
    answering({ TotalCount: 0, Certificates: [] }),
    answering({ TotalCount: 0, Certificates: null }),
    answering({ TotalCount: 0 }),
    answering({ Certificates: null }),
    refusing('FailedOperation.CertificateNotFound'),
  ])('knows the answers that mean "gone" (%#)', async (respond) => {
    remote.respond = respond
    await expect(service.describe(['mine'], signal)).resolves.toEqual([])
  })

  test.each([
    answering({}),
    answering({ TotalCount: 1, Certificates: null }),
    answering({ TotalCount: 1 }),
    answering({ Certificates: 'none' }),
  ])('does not take nonsense for "gone" (%#)', async (respond) => {
    remote.respond = respond
    await expect(service.describe(['mine'], signal)).rejects.toMatchObject({ code: 'MalformedResponse' })
  })

  test('does not take one missing id for all of them', async () => {
    remote.respond = refusing('FailedOperation.CertificateNotFound')
    await expect(service.describe(['mine', 'gone'], signal)).rejects.toMatchObject({ failure: 'unknown' })
  })

  test('of nothing asks nothing', async () => {
    await expect(service.describe([], signal)).resolves.toEqual([])
    expect(remote.received).toEqual([])
  })
})

describe('a search', () => {
  /** An account with this many certificates, served in pages of at most `cap`. */
  function account(count: number, cap: number, total: number | undefined = count): void {
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
    ['several pages', 1_100, 500, 1_100],
    ['a service that caps the page', 250, 100, 250],
    ['full pages without a total', 1_000, 500, null],
    ['nothing', 0, 500, 0],
  ])('finds everything with %s', async (_, count, cap, total) => {
    account(count, cap, total as number)
    const found = await service.findByAlias('web 1', signal)
    expect(new Set(found.map((it) => it.certificateId)).size).toBe(count)
  })

  test.each([
    ['first', 0, 3],
    ['second', 500, 700],
  ])('does not take an empty %s page for the end while the total says otherwise', async (_, count, total) => {
    account(count, 500, total)
    await expect(service.findByAlias('web', signal)).rejects.toMatchObject({
      code: 'MalformedResponse',
      failure: 'outage',
      requestId: 'request-1',
    })
  })

  test('with more matches than it may read is an error, not half a result', async () => {
    account(1_000_000, 500)
    await expect(service.findByAlias('web', signal)).rejects.toMatchObject({
      code: 'TooManyMatches',
      action: 'DescribeCertificates',
    })
    expect(remote.received).toHaveLength(4)
  })

  test('by alias asks the fuzzy search and keeps what has the alias', async () => {
    remote.respond = answering({
      TotalCount: 3,
      Certificates: [
        { CertificateId: 'a', Alias: 'zone/web suffix' },
        { CertificateId: 'b', Alias: 'other', Domain: 'suffix.example.com' },
        { CertificateId: 'suffix', Alias: null },
      ],
    })
    const found = await service.findByAlias('suffix', signal)
    expect(found.map((it) => it.certificateId)).toEqual(['a'])
    expect(asked()).toEqual([['DescribeCertificates', { SearchKey: 'suffix', Offset: 0, Limit: 500 }]])
  })

  test('by tags asks for the tags and keeps what has them all', async () => {
    account(6, 500)
    const found = await service.findByTags([{ key: 'cluster', value: 'b' }], signal)
    expect(found.map((it) => it.certificateId)).toEqual(['id1', 'id3', 'id5'])
    expect(asked()).toEqual([
      ['DescribeCertificates', { Tags: [{ TagKey: 'cluster', TagValue: 'b' }], Offset: 0, Limit: 500 }],
    ])
  })

  test('for nothing finds nothing and asks nothing', async () => {
    await expect(service.findByAlias('', signal)).resolves.toEqual([])
    await expect(service.findByTags([], signal)).resolves.toEqual([])
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
