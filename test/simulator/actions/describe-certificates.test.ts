import { describe, expect, test } from 'vitest'
import { bundle, createLeaf } from '../../fixtures/certificates.ts'
import { startSimulator } from '../server.ts'
import { call, credentials } from '../testing/call.ts'
import { testLeaf, testRoot, uploadOf } from '../testing/material.ts'

interface Listed {
  readonly TotalCount: number
  readonly Certificates: readonly { readonly CertificateId: string; readonly [field: string]: unknown }[]
}

const start = (now?: () => number) =>
  startSimulator({ credentials: [credentials], rateLimit: 1000, ...(now !== undefined && { now }) })

async function list(url: string, parameters: object = {}): Promise<Listed> {
  return (await call(url, 'DescribeCertificates', parameters)) as unknown as Listed
}

const idsOf = (listed: Listed) => listed.Certificates.map((each) => each.CertificateId)

describe('paging', () => {
  test('ten at a time, newest first, all of them counted', async () => {
    await using simulator = await start()
    const { certificatePem } = await testLeaf()
    const ids = Array.from({ length: 23 }, () => simulator.addCertificate({ certificate: certificatePem }).id)
    const newestFirst = ids.toReversed()
    const first = await list(simulator.url)
    expect(first.TotalCount).toBe(23)
    expect(idsOf(first)).toEqual(newestFirst.slice(0, 10))
    expect(idsOf(await list(simulator.url, { Offset: 20 }))).toEqual(newestFirst.slice(20))
    expect(idsOf(await list(simulator.url, { Offset: 5, Limit: 3 }))).toEqual(newestFirst.slice(5, 8))
    expect(idsOf(await list(simulator.url, { Offset: 23 }))).toEqual([])
  })

  test('a limit above 1,000 counts as 1,000', async () => {
    await using simulator = await start()
    const { certificatePem } = await testLeaf()
    for (let i = 0; i < 1001; i += 1) simulator.addCertificate({ certificate: certificatePem })
    const listed = await list(simulator.url, { Limit: 5000 })
    expect([listed.TotalCount, listed.Certificates.length]).toEqual([1001, 1000])
  })
})

describe('filters', () => {
  test('find by id, search text, type, tags, project, source, status and expiry', async () => {
    await using simulator = await start()
    const soon = await createLeaf({
      commonName: 'soon.example.com',
      dnsNames: ['soon.example.com', '*.other.example.org'],
      notAfter: new Date(Date.now() + 5 * 86_400_000),
    })
    const late = await testLeaf()
    const expired = await testLeaf({ notAfter: new Date(Date.now() - 1000) })
    const root = await testRoot()
    const upload = async (parameters: object) =>
      String((await call(simulator.url, 'UploadCertificate', parameters))['CertificateId'])
    const tag = (TagValue: string) => [{ TagKey: 'cert-sync/cluster', TagValue }]
    const a = await upload({ ...uploadOf(soon), Alias: 'team/soon', Tags: tag('one'), ProjectId: 7 })
    const b = await upload({ ...uploadOf(late, root), Alias: 'team/late', Tags: tag('two') })
    const c = await upload({ CertificatePublicKey: bundle(root), CertificateType: 'CA' })
    const d = await upload({ ...uploadOf(expired), Alias: 'old' })

    for (const [parameters, expected] of [
      [{ CertIds: [a, c, 'gone1234'] }, [c, a]],
      [{ CertIds: [] }, [d, c, b, a]],
      [{ SearchKey: 'TEAM/' }, [b, a]],
      [{ SearchKey: 'other.example.org' }, [a]],
      [{ SearchKey: b.slice(1, 7) }, [b]],
      [{ CertificateType: 'CA' }, [c]],
      [{ Tags: tag('two') }, [b]],
      [{ Tags: tag('three') }, []],
      [{ ProjectId: 7 }, [a]],
      [{ FilterSource: 'upload' }, [d, c, b, a]],
      [{ FilterSource: 'buy' }, []],
      [{ CertificateStatus: [3] }, [d]],
      [{ CertificateStatus: [1], CertificateType: 'SVR' }, [b, a]],
      [{ FilterExpiring: 1 }, [a]],
      [{ ExpirationSort: 'ASC' }, [d, a, b, c]],
      [{ ExpirationSort: 'DESC' }, [c, b, a, d]],
      [{ Deployable: 1 }, [b, a]],
      [{ Renew: 1 }, []],
    ] as const) {
      expect(idsOf(await list(simulator.url, parameters)), JSON.stringify(parameters)).toEqual(expected)
    }
  })

  test("show nothing of another account's certificates", async () => {
    await using simulator = await start()
    const { certificatePem } = await testLeaf()
    const { id } = simulator.addCertificate({ certificate: certificatePem, account: '200000000002' })
    expect(await list(simulator.url, { CertIds: [id] })).toMatchObject({ TotalCount: 0, Certificates: [] })
  })
})

test('times are GMT+8 without a zone, ProjectId is text, empty lists are null, and no key is shown', async () => {
  await using simulator = await start(() => Date.now())
  const leaf = await createLeaf({
    commonName: 'a.example.com',
    notBefore: new Date('2026-01-31T18:00:00Z'),
    notAfter: new Date('2099-12-31T15:59:59Z'),
  })
  await call(simulator.url, 'UploadCertificate', { ...uploadOf(leaf), ProjectId: 42 })
  const [certificate] = (await list(simulator.url)).Certificates
  expect(certificate).toMatchObject({
    CertBeginTime: '2026-02-01 02:00:00',
    CertEndTime: '2099-12-31 23:59:59',
    InsertTime: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
    ProjectId: '42',
    Tags: null,
    BoundResource: null,
    Status: 1,
    Domain: 'a.example.com',
    SubjectAltName: ['a.example.com'],
    EncryptAlgorithm: 'ECC',
  })
  expect(JSON.stringify(certificate)).not.toMatch(/PRIVATE|BEGIN/)
})

test('CheckCertificateExist names the oldest certificate that is the same, of either type, or nothing', async () => {
  await using simulator = await start()
  const root = await testRoot()
  const check = () =>
    call(simulator.url, 'CheckCertificateExist', { CertificatePublicKey: root.certificatePem })
  expect((await check())['RepeatCertId']).toBe('')
  const [ca, server] = (['CA', 'SVR'] as const).map((type) =>
    simulator.addCertificate({ certificate: root.certificatePem, type }),
  )
  expect((await check())['RepeatCertId']).toBe(ca?.id)
  simulator.removeCertificate(ca?.id ?? '')
  expect((await check())['RepeatCertId']).toBe(server?.id)
})
