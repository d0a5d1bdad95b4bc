import { beforeEach, describe, expect, test } from 'vitest'
import { bundle, chainFingerprint, createLeaf, type TestCertificate } from '../../fixtures/certificates.ts'
import { type Simulator, startSimulator } from '../server.ts'
import { call, codeOf, credentials } from '../testing/call.ts'
import { testLeaf, testRoot, uploadOf } from '../testing/material.ts'

let simulator: Simulator
let leaf: TestCertificate
let root: TestCertificate

beforeEach(async () => {
  simulator = await startSimulator({ credentials: [credentials], rateLimit: 1000 })
  leaf = await testLeaf()
  root = await testRoot()
  return () => simulator.close()
})

const upload = (parameters: object) => call(simulator.url, 'UploadCertificate', parameters)

describe('what is accepted', () => {
  test('stores what was sent and answers an id of eight characters', async () => {
    const tags = [{ TagKey: 'cert-sync/cluster', TagValue: 'test' }]
    const answer = await upload({
      ...uploadOf(leaf, root),
      Alias: 'namespace/name',
      ProjectId: 1634827,
      CertificateUse: 'CLB',
      Tags: tags,
    })
    expect(answer).toEqual({
      CertificateId: expect.stringMatching(/^[A-Za-z0-9]{8}$/),
      RepeatCertId: '',
      RequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
    expect(simulator.certificates()).toEqual([
      {
        id: answer['CertificateId'],
        account: expect.any(String),
        type: 'SVR',
        leafFingerprint: leaf.fingerprint,
        chainFingerprint: chainFingerprint('SVR', leaf, root),
        alias: 'namespace/name',
        projectId: 1634827,
        use: 'CLB',
        tags,
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      },
    ])
  })

  test('an RSA key as PKCS#1, an EC key as SEC1, an encrypted key with its password', async () => {
    const rsa = await createLeaf({ commonName: 'rsa.example.com', keyType: 'rsa' })
    for (const each of [rsa, leaf]) {
      const parameters = { ...uploadOf(each), CertificatePrivateKey: each.keyPemTraditional }
      expect(await codeOf(upload(parameters))).toBe('Success')
    }
    const other = await testLeaf()
    const encrypted = { ...uploadOf(other), CertificatePrivateKey: other.encryptedKeyPem('password') }
    expect(await codeOf(upload(encrypted))).toBe('FailedOperation.CertificateParseError')
    expect(await codeOf(upload({ ...encrypted, KeyPassword: 'password' }))).toBe('Success')
  })

  test('a tag as long as a tag may be', async () => {
    const tag = { TagKey: 'k'.repeat(127), TagValue: 'v'.repeat(255) }
    expect(await codeOf(upload({ ...uploadOf(leaf), Tags: [tag] }))).toBe('Success')
    expect(simulator.certificates()).toMatchObject([{ tags: [tag] }])
  })

  test('an expired certificate', async () => {
    const expired = await createLeaf({
      commonName: 'expired.example.com',
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2020-03-01'),
    })
    expect(await codeOf(upload(uploadOf(expired)))).toBe('Success')
  })

  test('a CA certificate without a key, and as a server certificate with its key', async () => {
    const ca = { CertificatePublicKey: root.certificatePem, CertificateType: 'CA', Repeatable: false }
    const first = await upload(ca)
    const second = await upload(uploadOf(root))
    expect(first['CertificateId']).not.toBe(second['CertificateId'])
    expect(simulator.certificates().map((each) => each.chainFingerprint)).toEqual([
      chainFingerprint('CA', root),
      chainFingerprint('SVR', root),
    ])
  })
})

describe('duplicates', () => {
  test('are stored again unless Repeatable is false: the default is true', async () => {
    const { Repeatable: _false, ...parameters } = uploadOf(leaf)
    const ids = [await upload(parameters), await upload({ ...parameters, Repeatable: true })]
    expect(new Set(ids.map((each) => each['CertificateId'])).size).toBe(2)
    const repeated = await upload({ ...parameters, Repeatable: false })
    expect(repeated['CertificateId']).toBe(ids[0]?.['CertificateId'])
    expect(simulator.certificates()).toHaveLength(2)
  })

  test('change neither alias nor tags of what is there', async () => {
    await upload({ ...uploadOf(leaf), Alias: 'first' })
    await upload({ ...uploadOf(leaf), Alias: 'second', Tags: [{ TagKey: 'a', TagValue: 'b' }] })
    expect(simulator.certificates()).toMatchObject([{ alias: 'first', tags: [] }])
  })

  test('belong to an account', async () => {
    simulator.setCredentials([credentials, { secretId: 'AKIDB', secretKey: 'b', account: '200000000002' }])
    const first = await upload(uploadOf(leaf))
    const second = await call(simulator.url, 'UploadCertificate', uploadOf(leaf), {
      secretId: 'AKIDB',
      secretKey: 'b',
    })
    expect(second['RepeatCertId']).toBe('')
    expect(second['CertificateId']).not.toBe(first['CertificateId'])
  })

  test('are found among certificates that somebody else stored, and no longer once those are deleted', async () => {
    const { id } = simulator.addCertificate({ certificate: leaf.certificatePem, alias: 'by hand' })
    expect(await upload(uploadOf(leaf))).toMatchObject({ CertificateId: id, RepeatCertId: id })
    expect(simulator.removeCertificate(id)).toBe(true)
    expect(simulator.removeCertificate(id)).toBe(false)
    expect((await upload(uploadOf(leaf)))['CertificateId']).not.toBe(id)
  })

  test('Repeatable is ignored from 5,000 copies on', async () => {
    for (let i = 0; i < 5000; i += 1) simulator.addCertificate({ certificate: leaf.certificatePem })
    const answer = await upload({ ...uploadOf(leaf), Repeatable: true })
    expect(answer['RepeatCertId']).toBe(simulator.certificates()[0]?.id)
    expect(simulator.certificates()).toHaveLength(5000)
  })
})

describe('what is refused', () => {
  test.each<[string, (leaf: TestCertificate) => object, string]>([
    [
      'a certificate that does not parse',
      () => ({ CertificatePublicKey: 'garbage' }),
      'FailedOperation.CertificateParseError',
    ],
    [
      'a bundle with an empty line',
      (leaf) => ({ CertificatePublicKey: `${leaf.certificatePem}\n${leaf.certificatePem}` }),
      'FailedOperation.CertificateParseError',
    ],
    [
      'a key that does not parse',
      () => ({ CertificatePrivateKey: 'garbage' }),
      'FailedOperation.CertificateParseError',
    ],
    ['a server certificate without a key', () => ({ CertificatePrivateKey: undefined }), 'MissingParameter'],
    ['a server certificate with an empty key', () => ({ CertificatePrivateKey: '' }), 'MissingParameter'],
    ['no certificate', () => ({ CertificatePublicKey: null }), 'MissingParameter'],
    ['a leaf sent as CA', () => ({ CertificateType: 'CA' }), 'FailedOperation.CertificateCaError'],
    ['an unknown type', () => ({ CertificateType: 'svr' }), 'InvalidParameterValue'],
    ['an unknown parameter', () => ({ Aliass: 'x' }), 'UnknownParameter'],
    [
      'an unknown member of a tag',
      () => ({ Tags: [{ TagKey: 'a', TagValue: 'b', X: 1 }] }),
      'UnknownParameter',
    ],
    ['a tag without a value', () => ({ Tags: [{ TagKey: 'a' }] }), 'MissingParameter'],
    [
      'a tag key of more than 127 characters',
      () => ({ Tags: [{ TagKey: 'k'.repeat(128), TagValue: 'v' }] }),
      'InvalidParameter.WithDetailReason',
    ],
    [
      'a tag value of more than 255 characters',
      () => ({ Tags: [{ TagKey: 'k', TagValue: 'v'.repeat(256) }] }),
      'InvalidParameter.WithDetailReason',
    ],
    ['a project as text', () => ({ ProjectId: '1' }), 'InvalidParameter'],
  ])('%s', async (_what, change, code) => {
    const parameters = { ...uploadOf(leaf), ...change(leaf) }
    expect(await codeOf(upload(parameters))).toBe(code)
    expect(simulator.certificates()).toEqual([])
  })

  test('a key of another certificate', async () => {
    const other = await testLeaf()
    const parameters = { ...uploadOf(leaf), CertificatePrivateKey: other.keyPem }
    expect(await codeOf(upload(parameters))).toBe('FailedOperation.CertificateMatchError')
  })

  test('a chain that does not begin with the certificate of the key', async () => {
    const parameters = { ...uploadOf(leaf), CertificatePublicKey: bundle(root, leaf) }
    expect(await codeOf(upload(parameters))).toBe('FailedOperation.CertificateMatchError')
  })
})
