import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { Listing } from '../../src/ledger/listing.ts'
import type { ServiceError } from '../../src/ports/service-error.ts'
import type { CertificateQuery, RemoteCertificate, UploadRequest } from '../../src/ports/ssl-service.ts'
import { createCredentials } from '../../src/tencent/credentials.ts'
import { createSslService, type SslService } from '../../src/tencent/ssl-service.ts'
import { bundle, createAuthority, createLeaf, type TestCertificate } from '../fixtures/certificates.ts'
import { type ProfileName, profileNames, profiles } from '../simulator/profile.ts'
import { type Simulator, startSimulator } from '../simulator/server.ts'
import { namedTraits, type TraitsName } from '../simulator/traits.ts'

const pair = { secretId: 'adapter-test-id', secretKey: 'adapter-test-key' }
const { signal } = new AbortController()
const ownership = [
  { key: 'cert-sync/cluster', value: 'test' },
  { key: 'cert-sync/secret', value: 'zone/web' },
]

let authority: TestCertificate
let otherAuthority: TestCertificate
let leaf: TestCertificate
const closing: (() => unknown)[] = []

beforeAll(async () => {
  authority = await createAuthority({ name: 'Test authority' })
  otherAuthority = await createAuthority({ name: 'Other authority' })
  leaf = await createLeaf({ commonName: 'web.example.com', issuer: authority })
})

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function start(
  profile: ProfileName = 'default',
): Promise<{ simulator: Simulator; service: SslService }> {
  const simulator = await startSimulator({ credentials: [pair], profile, rateLimit: 1_000 })
  closing.push(() => simulator.close())
  return { simulator, service: connect(simulator) }
}

function connect(simulator: Simulator, credentials: typeof pair & { token?: string } = pair): SslService {
  const service = createSslService({
    endpoint: { protocol: 'http', host: simulator.host, site: profiles[simulator.profile].site },
    credentials: createCredentials({ kind: 'environment', ...credentials }, systemClock),
    clock: systemClock,
  })
  closing.push(() => service.close())
  return service
}

function uploadOf(certificate: TestCertificate, extra: Partial<UploadRequest> = {}): UploadRequest {
  return {
    type: 'SVR',
    certificate: bundle(certificate, authority),
    privateKey: certificate.keyPem,
    tags: [],
    repeatable: false,
    ...extra,
  }
}

async function idsOf(service: SslService, query: CertificateQuery): Promise<string[]> {
  const { certificates } = await service.describe(query, signal)
  return certificates.map((it) => it.certificateId)
}

async function errorOf(call: Promise<unknown>): Promise<ServiceError> {
  return call.then(
    () => expect.unreachable('the call succeeded'),
    (error: ServiceError) => error,
  )
}

describe.each(profileNames)('under the profile %s', (profile) => {
  test('an upload gives an id, and a second one never a second certificate', async () => {
    const { simulator, service } = await start(profile)
    const first = await service.upload(uploadOf(leaf), signal)
    expect(first).toMatchObject({ existed: false, certificateId: simulator.certificates()[0]?.id })
    expect(first.requestId).toBe(simulator.calls()[0]?.requestId)
    if (profiles[profile].duplicateAnswer === 'certificate-exists') {
      const error = await errorOf(service.upload(uploadOf(leaf), signal))
      expect(error).toMatchObject({ failure: 'exists', code: 'FailedOperation.CertificateExists' })
    } else {
      const second = await service.upload(uploadOf(leaf), signal)
      expect(second).toMatchObject({ existed: true, certificateId: first.certificateId })
    }
    expect(simulator.certificates()).toHaveLength(1)
  })

  test('a copy is stored where a copy is asked for', async () => {
    const { simulator, service } = await start(profile)
    const first = await service.upload(uploadOf(leaf), signal)
    const copy = await service.upload(uploadOf(leaf, { repeatable: true, alias: 'copy' }), signal)
    expect(copy).toMatchObject({ existed: false })
    expect(copy.certificateId).not.toBe(first.certificateId)
    expect(simulator.certificates()).toHaveLength(2)
  })

  test('alias, project, use and tags arrive, or are refused as cosmetic', async () => {
    const { simulator, service } = await start(profile)
    const request = uploadOf(leaf, { alias: 'zone/web 名前', projectId: 7, use: 'CLB', tags: ownership })
    if (profiles[profile].tags === 'refused') {
      expect(await errorOf(service.upload(request, signal))).toMatchObject({ failure: 'cosmetic' })
      const alias = { tags: [], alias: 'a'.repeat(64) }
      expect(await errorOf(service.upload({ ...request, ...alias }, signal))).toMatchObject({
        failure: 'cosmetic',
      })
      expect(simulator.certificates()).toEqual([])
    } else {
      await service.upload(request, signal)
      expect(simulator.certificates()).toMatchObject([
        {
          alias: 'zone/web 名前',
          projectId: 7,
          use: 'CLB',
          tags: ownership.map(({ key, value }) => ({ TagKey: key, TagValue: value })),
        },
      ])
    }
  })

  test('a stored certificate is described by its id as long as it exists', async () => {
    const { simulator, service } = await start(profile)
    const { certificateId } = await service.upload(uploadOf(leaf, { alias: 'zone/web' }), signal)
    const second = await createLeaf({ commonName: 'second.example.com', issuer: authority })
    const { certificateId: other } = await service.upload(uploadOf(second), signal)
    expect(await service.describe({ by: 'ids', ids: [certificateId, 'absent00'] }, signal)).toEqual({
      certificates: [
        {
          certificateId,
          alias: 'zone/web',
          type: 'SVR',
          notAfter: leaf.notAfter.getTime(),
          tags: [],
          ownerUin: simulator.certificates()[0]?.account,
        },
      ],
      entries: 1,
      total: 1,
    })
    simulator.removeCertificate(certificateId)
    expect(await idsOf(service, { by: 'ids', ids: [certificateId, other] })).toEqual([other])
  })

  test('a certificate is found again by alias, by tags and by chain, as far as the profile lets it', async () => {
    const { simulator, service } = await start(profile)
    const { tags: permission, site } = profiles[profile]
    const tags = permission === 'permitted' ? ownership : []
    const { certificateId } = await service.upload(uploadOf(leaf, { alias: 'zone/web 1f2e', tags }), signal)
    simulator.addCertificate({ certificate: bundle(otherAuthority), type: 'CA', alias: 'zone/other' })

    const byAlias = (alias: string) => idsOf(service, { by: 'alias', alias, offset: 0 })
    expect(await byAlias('1f2e')).toEqual([certificateId])
    expect(await byAlias('nobody has this')).toEqual([])

    const byTags = service.describe({ by: 'tags', tags: ownership, offset: 0 }, signal)
    if (permission === 'permitted') {
      expect((await byTags).certificates).toMatchObject([{ certificateId, tags: ownership }])
    } else {
      expect(await errorOf(byTags)).toMatchObject({ failure: 'not-allowed', action: 'DescribeCertificates' })
    }

    expect(service.canFindByChain).toBe(site === 'china')
    if (site === 'china') {
      expect(await service.findByChain(bundle(leaf, authority), signal)).toBe(certificateId)
      const unknown = await createLeaf({ commonName: 'unknown.example.com', issuer: authority })
      expect(await service.findByChain(bundle(unknown, authority), signal)).toBeUndefined()
    }
  })
})

describe('a CA certificate', () => {
  test('is stored without a key and described as what it is', async () => {
    const { service } = await start()
    const { certificateId } = await service.upload(
      { type: 'CA', certificate: bundle(authority), tags: [], repeatable: false },
      signal,
    )
    const { certificates } = await service.describe({ by: 'ids', ids: [certificateId] }, signal)
    expect(certificates).toMatchObject([{ type: 'CA' }])
  })
})

describe('a listing', () => {
  const byTags = (offset = 0) => ({ by: 'tags', tags: ownership, offset }) as const

  test('in capped pages is put together, and complete with the last of them', async () => {
    const { simulator, service } = await start()
    simulator.setTraits({ pageCap: 2 })
    const ids: string[] = []
    for (let count = 1; count <= 5; count += 1) {
      const copy = uploadOf(leaf, { tags: ownership, repeatable: true })
      ids.push((await service.upload(copy, signal)).certificateId)
    }
    const listing = new Listing()
    const listed: RemoteCertificate[] = []
    for (let state = listing.state; state.kind === 'incomplete'; ) {
      const page = await service.describe(byTags(state.offset), signal)
      listed.push(...page.certificates)
      state = listing.add(page)
    }
    const newestFirst = ids.toReversed().map((certificateId) => ({ certificateId }))
    expect(listing.state.kind).toBe('complete')
    expect(listed).toMatchObject(newestFirst)
    expect(simulator.calls('DescribeCertificates')).toHaveLength(3)
  })

  test('while a certificate is deleted between two pages is not taken for complete', async () => {
    const { simulator, service } = await start()
    simulator.setTraits({ pageCap: 2 })
    for (let count = 1; count <= 4; count += 1) {
      await service.upload(uploadOf(leaf, { tags: ownership, repeatable: true }), signal)
    }
    const listing = new Listing()
    expect(listing.add(await service.describe(byTags(), signal))).toEqual({ kind: 'incomplete', offset: 2 })
    simulator.removeCertificate(simulator.certificates()[0]?.id ?? '')
    expect(listing.add(await service.describe(byTags(2), signal))).toEqual({
      kind: 'inconsistent',
      reason: 'TotalChanged',
    })
  })

  test('without the permission for it looks as if nothing were there', async () => {
    const { simulator, service } = await start()
    const { certificateId } = await service.upload(uploadOf(leaf), signal)
    simulator.setTraits({ visibleTag: { key: 'team' } })
    const page = await service.describe({ by: 'ids', ids: [certificateId] }, signal)
    expect(page).toEqual({ certificates: [], entries: 0, total: 0 })
    expect(await service.upload(uploadOf(leaf), signal)).toMatchObject({ certificateId, existed: true })
  })

  test.each([
    ['gmt+8', 0],
    ['rfc3339', 0],
    // Zone-less texts are taken for GMT+8: this is the error that no decision may depend on.
    ['utc', -8],
  ] as const)('with dates in %s is off by %i hours', async (dates, hours) => {
    const { simulator, service } = await start()
    simulator.setTraits({ dates })
    const { certificateId } = await service.upload(uploadOf(leaf), signal)
    const { certificates } = await service.describe({ by: 'ids', ids: [certificateId] }, signal)
    expect(certificates[0]?.notAfter).toBe(leaf.notAfter.getTime() + hours * 3_600_000)
  })

  test('names the owner of the account, as it is now', async () => {
    const { simulator, service } = await start()
    const { certificateId } = await service.upload(uploadOf(leaf), signal)
    simulator.setOwnerUin('200000000002')
    const { certificates } = await service.describe({ by: 'ids', ids: [certificateId] }, signal)
    expect(certificates).toMatchObject([{ ownerUin: '200000000002' }])
  })
})

describe('what an upload is refused for', () => {
  test.each<[TraitsName, Partial<UploadRequest>]>([
    ['tags-invalid', { tags: ownership }],
    ['tagging-unauthorized', { tags: ownership }],
    ['alias-refused', { alias: 'zone/web' }],
    ['use-refused', { use: 'CLB' }],
    ['chain-tag-refused', { tags: [...ownership, { key: 'cert-sync/chain', value: 'x' }] }],
  ])('is a cosmetic failure (%s), and the upload succeeds without', async (name, request) => {
    const { simulator, service } = await start()
    simulator.setTraits(namedTraits[name])
    expect(await errorOf(service.upload(uploadOf(leaf, request), signal))).toMatchObject({
      failure: 'cosmetic',
    })
    await expect(service.upload(uploadOf(leaf), signal)).resolves.toMatchObject({ existed: false })
  })
})

describe('refusals', () => {
  test.each<[string, () => UploadRequest, string, string]>([
    [
      'a broken PEM',
      () => uploadOf(leaf, { certificate: 'no PEM' }),
      'FailedOperation.CertificateParseError',
      'rejected',
    ],
    [
      'a key of another certificate',
      () => uploadOf(leaf, { privateKey: authority.keyPem }),
      'FailedOperation.CertificateMatchError',
      'rejected',
    ],
    [
      'a leaf sent as CA',
      () => ({ type: 'CA', certificate: bundle(leaf), tags: [], repeatable: false }),
      'FailedOperation.CertificateCaError',
      'rejected',
    ],
    [
      'a key left out',
      () => ({ type: 'SVR', certificate: bundle(leaf), tags: [], repeatable: false }),
      'MissingParameter',
      'rejected',
    ],
  ])('%s', async (_, request, code, failure) => {
    const { simulator, service } = await start()
    expect(await errorOf(service.upload(request(), signal))).toMatchObject({ code, failure })
    expect(simulator.certificates()).toEqual([])
  })

  test('credentials that are wrong, or lack their token, are an error of the caller', async () => {
    const { simulator } = await start()
    for (const [credentials, code] of [
      [{ ...pair, secretId: 'nobody' }, 'AuthFailure.SecretIdNotFound'],
      [{ ...pair, secretKey: 'wrong' }, 'AuthFailure.SignatureFailure'],
      [{ ...pair, token: 'unexpected' }, 'AuthFailure.TokenFailure'],
    ] as const) {
      const service = connect(simulator, credentials)
      const error = await errorOf(service.upload(uploadOf(leaf), signal))
      expect(error).toMatchObject({ code, failure: 'caller', countsForAccount: true })
    }
  })

  test('temporary credentials are accepted with their token', async () => {
    const { simulator } = await start()
    simulator.setCredentials([{ ...pair, token: 'session' }])
    const service = connect(simulator, { ...pair, token: 'session' })
    await expect(service.upload(uploadOf(leaf), signal)).resolves.toMatchObject({ existed: false })
  })

  test('a clock that is off is named', async () => {
    const simulator = await startSimulator({ credentials: [pair], now: () => Date.now() + 3_600_000 })
    closing.push(() => simulator.close())
    const error = await errorOf(connect(simulator).upload(uploadOf(leaf), signal))
    expect(error).toMatchObject({ code: 'AuthFailure.SignatureExpire', failure: 'caller' })
    expect(error.hint).toContain('clock')
  })

  test('more calls than the limit allows are throttled', async () => {
    const { simulator, service } = await start()
    simulator.setRateLimit(2)
    const calls = Array.from({ length: 5 }, () => service.describe({ by: 'ids', ids: ['absent00'] }, signal))
    const failures = (await Promise.allSettled(calls)).flatMap((it) =>
      it.status === 'rejected' ? [it.reason as ServiceError] : [],
    )
    expect(failures.map((it) => [it.code, it.failure])).toEqual(
      Array.from({ length: 3 }, () => ['LimitExceeded.RateLimitExceeded', 'throttled']),
    )
  })
})

describe('faults', () => {
  test.each([
    ['reset', { kind: 'reset' }, 'ConnectionFailed.ECONNRESET', 0],
    ['a lost response', { kind: 'lose-response' }, 'ConnectionFailed.ECONNRESET', 1],
    ['JSON that is cut off', { kind: 'malformed-json' }, 'MalformedResponse', 1],
    ['a gateway that is down', { kind: 'http-status', status: 502 }, 'HTTP502', 0],
    ['an error of the service', { kind: 'error', code: 'InternalError' }, 'InternalError', 0],
  ] as const)('%s is an outage, and the next call gets the id of the one certificate', async (...row) => {
    const [, fault, code, stored] = row
    const { simulator, service } = await start()
    simulator.fault({ ...fault, times: 1 })
    expect(await errorOf(service.upload(uploadOf(leaf), signal))).toMatchObject({ code, failure: 'outage' })
    expect(simulator.certificates()).toHaveLength(stored)
    await expect(service.upload(uploadOf(leaf), signal)).resolves.toMatchObject({ existed: stored === 1 })
    expect(simulator.certificates()).toHaveLength(1)
    expect(simulator.calls()).toHaveLength(2)
  })

  test.each([301, 302, 303, 307, 308])('a redirect with status %i is not followed', async (status) => {
    const { simulator, service } = await start()
    const elsewhere = await start()
    simulator.fault({ kind: 'redirect', status, location: `${elsewhere.simulator.url}/` })
    expect(await errorOf(service.upload(uploadOf(leaf), signal))).toMatchObject({ code: 'Redirect' })
    expect(simulator.calls()).toHaveLength(1)
    expect(elsewhere.simulator.calls()).toEqual([])
  })

  test('a request that the service echoes in its message is not in the error', async () => {
    const { simulator, service } = await start()
    simulator.fault({ kind: 'echo-request' })
    const error = await errorOf(service.upload(uploadOf(leaf, { certificate: 'no PEM' }), signal))
    expect(error.code).toBe('FailedOperation.CertificateParseError')
    const text = inspect(error, { depth: 20, showHidden: true })
    expect(text).not.toContain('no PEM')
    expect(text).not.toContain(leaf.keyPem.split('\n')[1])
  })

  test('an aborted call ends at once, and its work is the next one’s answer', async () => {
    const { simulator, service } = await start()
    const hold = simulator.fault({ kind: 'hold', at: 'before-answer' })
    const controller = new AbortController()
    const call = errorOf(service.upload(uploadOf(leaf), controller.signal))
    await expect.poll(() => hold.holding).toBe(1)
    controller.abort()
    expect(await call).toMatchObject({ code: 'Aborted' })
    hold.remove()
    await expect(service.upload(uploadOf(leaf), signal)).resolves.toMatchObject({ existed: true })
    expect(simulator.certificates()).toHaveLength(1)
  })
})

test('a server whose certificate is not trusted gets no request', async () => {
  const self = await createLeaf({ commonName: 'localhost' })
  let requests = 0
  const server = createServer({ cert: self.certificatePem, key: self.keyPem }, (_, response) => {
    requests += 1
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  const service = createSslService({
    endpoint: {
      protocol: 'https',
      host: `localhost:${(server.address() as AddressInfo).port}`,
      site: 'china',
    },
    credentials: createCredentials({ kind: 'environment', ...pair }, systemClock),
    clock: systemClock,
  })
  closing.push(() => service.close())
  const error = await errorOf(service.upload(uploadOf(leaf), signal))
  expect(error).toMatchObject({ code: 'ConnectionFailed.DEPTH_ZERO_SELF_SIGNED_CERT', failure: 'outage' })
  expect(error.hint).toContain('NODE_EXTRA_CA_CERTS')
  expect(requests).toBe(0)
})
