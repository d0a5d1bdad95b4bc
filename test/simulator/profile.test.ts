import { describe, expect, test } from 'vitest'
import type { TestCertificate } from '../fixtures/certificates.ts'
import { type ProfileName, profileNames } from './profile.ts'
import { startSimulator } from './server.ts'
import { call, codeOf, credentials } from './testing/call.ts'
import { testLeaf, testRoot, uploadOf } from './testing/material.ts'

const start = (profile: ProfileName) =>
  startSimulator({ credentials: [credentials], profile, rateLimit: 1000 })

const upload = (url: string, parameters: object) => call(url, 'UploadCertificate', parameters)

/** Uploads a leaf, the same again, and the leaf with a chain; says what the three answers named. */
async function uploadThrice(profile: ProfileName) {
  await using simulator = await start(profile)
  const leaf = await testLeaf()
  const root = await testRoot()
  const answers = []
  for (const parameters of [uploadOf(leaf), uploadOf(leaf), uploadOf(leaf, root)]) {
    answers.push(await upload(simulator.url, parameters))
  }
  const [first] = simulator.certificates()
  const shown = answers.map((answer) => [
    answer.Error?.Code ?? (answer['CertificateId'] === first?.id ? 'first' : answer['CertificateId']),
    answer['RepeatCertId'] === first?.id ? 'first' : answer['RepeatCertId'],
  ])
  return { shown, stored: simulator.certificates().length }
}

const newId = expect.stringMatching(/^[A-Za-z0-9]{8}$/)

describe('duplicates', () => {
  test.each(['default', 'international-strict', 'tags-and-alias-refused'] as const)(
    '%s: by leaf, the id in both fields',
    async (profile) => {
      const { shown, stored } = await uploadThrice(profile)
      expect(shown).toEqual([
        ['first', ''],
        ['first', 'first'],
        ['first', 'first'],
      ])
      expect(stored).toBe(1)
    },
  )

  test('by-chain: another chain of the same leaf is another certificate', async () => {
    const { shown, stored } = await uploadThrice('by-chain')
    expect(shown).toEqual([
      ['first', null],
      ['first', 'first'],
      [newId, null],
    ])
    expect(stored).toBe(2)
  })

  test('repeat-cert-id-only: the id is in RepeatCertId alone', async () => {
    const { shown, stored } = await uploadThrice('repeat-cert-id-only')
    expect(shown).toEqual([
      ['first', null],
      ['', 'first'],
      ['', 'first'],
    ])
    expect(stored).toBe(1)
  })

  test('certificate-exists: a duplicate is an error', async () => {
    const { shown, stored } = await uploadThrice('certificate-exists')
    const exists = ['FailedOperation.CertificateExists', undefined]
    expect(shown).toEqual([['first', ''], exists, exists])
    expect(stored).toBe(1)
  })
})

test('every profile but the international one has CheckCertificateExist', async () => {
  const leaf: TestCertificate = await testLeaf()
  for (const profile of profileNames) {
    await using simulator = await start(profile)
    const code = await codeOf(
      call(simulator.url, 'CheckCertificateExist', { CertificatePublicKey: leaf.certificatePem }),
    )
    expect(code, profile).toBe(profile === 'international-strict' ? 'InvalidAction' : 'Success')
  }
})

test('international-strict lacks the parameters and the fields of the China site', async () => {
  const leaf = await testLeaf()
  for (const profile of ['default', 'international-strict'] as const) {
    await using simulator = await start(profile)
    const expected = profile === 'default' ? 'Success' : 'UnknownParameter'
    expect(await codeOf(upload(simulator.url, { ...uploadOf(leaf), KeyPassword: 'x' }))).toBe(expected)
    expect(await codeOf(call(simulator.url, 'DescribeCertificates', { ServiceId: '' }))).toBe(expected)
    await upload(simulator.url, uploadOf(leaf))
    const listed = await call(simulator.url, 'DescribeCertificates', {})
    expect(JSON.stringify(listed).includes('"ServiceStatus"')).toBe(profile === 'default')
    expect(JSON.stringify(listed).includes('"ServiceRenewCertificateId"')).toBe(profile === 'default')
  }
})

test('tags-and-alias-refused refuses reserved keys, all tags and an alias above 32 characters', async () => {
  await using simulator = await start('tags-and-alias-refused')
  const leaf = await testLeaf()
  const code = (change: object) => codeOf(upload(simulator.url, { ...uploadOf(leaf), ...change }))
  const tag = (TagKey: string) => ({ Tags: [{ TagKey, TagValue: 'x' }] })
  for (const key of ['qcs:x', 'qcloud-x', 'tencent:x', 'project', 'Project']) {
    expect(await code(tag(key)), key).toBe('InvalidParameter.ReservedTagKey')
  }
  expect(await code(tag('cert-sync/cluster'))).toBe('UnauthorizedOperation')
  expect(await codeOf(call(simulator.url, 'DescribeCertificates', tag('cert-sync/cluster')))).toBe(
    'UnauthorizedOperation',
  )
  expect(await code({ Alias: 'a'.repeat(33) })).toBe('InvalidParameter.WithDetailReason')
  expect(simulator.certificates()).toEqual([])
  expect(await code({ Alias: 'a'.repeat(32), Tags: [] })).toBe('Success')
})
