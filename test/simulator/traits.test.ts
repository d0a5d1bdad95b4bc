import { describe, expect, test } from 'vitest'
import { startSimulator } from './server.ts'
import { type Answer, call, codeOf, credentials } from './testing/call.ts'
import { testLeaf, uploadOf } from './testing/material.ts'
import { namedTraits, noTraits, type Traits, traitsNames, traitsOf } from './traits.ts'

const start = (traits: Partial<Traits>, now?: () => number) =>
  startSimulator({ credentials: [credentials], rateLimit: 1000, traits, ...(now !== undefined && { now }) })

const upload = async (url: string, more: object = {}) =>
  call(url, 'UploadCertificate', { ...uploadOf(await testLeaf()), ...more })

interface Listed {
  readonly CertificateId: string
  readonly OwnerUin: string
  readonly Tags: unknown
  readonly CertBeginTime: string
}

async function list(url: string, parameters: object = {}) {
  const { TotalCount, Certificates } = await call(url, 'DescribeCertificates', parameters)
  const certificates = Certificates as readonly Listed[]
  return { total: TotalCount, ids: certificates.map((it) => it.CertificateId), certificates }
}

const tag = (TagKey: string, TagValue = 'x') => ({ TagKey, TagValue })
const idOf = (answer: Answer) => String(answer['CertificateId'])

describe('what listings keep back', () => {
  test('a permission that is bound to a tag hides the others, also by id and in the total', async () => {
    await using simulator = await start({ visibleTag: { key: 'team', value: 'a' } })
    const { url } = simulator
    const seen = idOf(await upload(url, { Tags: [tag('team', 'a')] }))
    const parameters = uploadOf(await testLeaf())
    const hidden = idOf(await call(url, 'UploadCertificate', { ...parameters, Tags: [tag('team', 'b')] }))
    expect(await list(url)).toMatchObject({ total: 1, ids: [seen] })
    expect(await list(url, { CertIds: [seen, hidden] })).toMatchObject({ total: 1, ids: [seen] })
    expect(await list(url, { Tags: [tag('team', 'b')] })).toMatchObject({ total: 0, ids: [] })
    // An upload is not bound by it: it names what nobody lists.
    expect(idOf(await call(url, 'UploadCertificate', parameters))).toBe(hidden)
    const { CertificatePublicKey } = parameters
    const checked = await call(url, 'CheckCertificateExist', { CertificatePublicKey })
    expect(checked['RepeatCertId']).toBe(hidden)
    simulator.setTraits({ visibleTag: { key: 'team' } })
    expect((await list(url)).total).toBe(2)
  })

  test('a new certificate is listed late, and its tags later still', async () => {
    let now = Date.now()
    await using simulator = await start({ listingLagMs: 2_000, tagLagMs: 5_000 }, () => now)
    const Tags = [tag('team')]
    const id = idOf(await upload(simulator.url, { Tags }))
    const seen = async () => [
      (await list(simulator.url, { CertIds: [id] })).certificates.map((it) => it.Tags),
      (await list(simulator.url, { Tags })).ids,
    ]
    expect(await seen()).toEqual([[], []])
    now += 2_000
    expect(await seen()).toEqual([[null], []])
    now += 3_000
    expect(await seen()).toEqual([[Tags], [id]])
  })

  test('no page is larger than the cap, and the total is the same on each', async () => {
    await using simulator = await start({ pageCap: 2 })
    for (let count = 1; count <= 3; count += 1) await upload(simulator.url)
    const pages = [await list(simulator.url, { Limit: 500 }), await list(simulator.url, { Offset: 2 })]
    expect(pages.map(({ total, ids }) => [total, ids.length])).toEqual([
      [3, 2],
      [3, 1],
    ])
  })
})

test.each([
  ['gmt+8', /^2026-02-01 02:00:00$/],
  ['utc', /^2026-01-31 18:00:00$/],
  ['rfc3339', /^2026-01-31T18:00:00\.000000Z$/],
] as const)('dates %s', async (dates, form) => {
  await using simulator = await start({ dates }, () => Date.parse('2026-03-01T00:00:00Z'))
  const { url } = simulator
  const timestamp = Date.parse('2026-03-01T00:00:00Z') / 1000
  const leaf = await testLeaf({ notBefore: new Date('2026-01-31T18:00:00Z') })
  await call(url, 'UploadCertificate', uploadOf(leaf), { timestamp })
  const listed = await call(url, 'DescribeCertificates', {}, { timestamp })
  expect(listed['Certificates']).toMatchObject([{ CertBeginTime: expect.stringMatching(form) }])
})

test('an alias is cut, and the answer does not say so', async () => {
  await using simulator = await start({ aliasCut: 8 })
  expect(await codeOf(upload(simulator.url, { Alias: 'zone/web suffix' }))).toBe('Success')
  expect(simulator.certificates()).toMatchObject([{ alias: 'zone/web' }])
  expect((await list(simulator.url, { SearchKey: 'suffix' })).total).toBe(0)
})

describe('an upload is refused for', () => {
  const everything = {
    Alias: 'a',
    CertificateUse: 'CLB',
    Tags: [tag('cert-sync/chain'), tag('team')],
  }
  test.each([
    ['its alias', { alias: 'X.Alias' }, { Alias: '' }, 'X.Alias'],
    ['its use', { use: 'X.Use' }, { CertificateUse: '' }, 'X.Use'],
    ['its tags', { tags: 'X.Tags' }, { Tags: [] }, 'X.Tags'],
    ['the tag of its chain alone', { chainTag: 'X.Chain' }, { Tags: [tag('team')] }, 'X.Chain'],
  ])('%s, and stored without', async (_, refused, without, code) => {
    await using simulator = await start({ refused })
    expect(await codeOf(upload(simulator.url, everything))).toBe(code)
    expect(simulator.certificates()).toEqual([])
    expect(await codeOf(upload(simulator.url, { ...everything, ...without }))).toBe('Success')
    expect(simulator.certificates()).toHaveLength(1)
  })
})

test('OwnerUin is the account of the credentials until it is changed', async () => {
  await using simulator = await start({})
  await upload(simulator.url)
  const owners = async () => (await list(simulator.url)).certificates.map((it) => it.OwnerUin)
  const account = simulator.certificates()[0]?.account
  expect(await owners()).toEqual([account])
  simulator.setOwnerUin('200000000002')
  expect(await owners()).toEqual(['200000000002'])
  simulator.setOwnerUin('300000000003', 'another account')
  expect(await owners()).toEqual(['200000000002'])
})

test('every name stands for traits of its own, and several add up', () => {
  for (const name of traitsNames) {
    expect(traitsOf(name), name).toEqual({ ...noTraits, ...namedTraits[name] })
    expect(traitsOf(name), name).not.toEqual(noTraits)
  }
  expect(traitsOf('dates-in-utc', 'alias-refused', 'use-refused')).toEqual({
    ...noTraits,
    dates: 'utc',
    refused: { ...namedTraits['alias-refused'].refused, ...namedTraits['use-refused'].refused },
  })
})
