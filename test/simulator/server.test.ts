import { connect } from 'node:net'
import { beforeEach, describe, expect, test } from 'vitest'
import { chainFingerprint } from '../fixtures/certificates.ts'
import type { Call } from './call-log.ts'
import { type Simulator, startSimulator } from './server.ts'
import { call, codeOf, credentials, send } from './testing/call.ts'
import { testLeaf, testRoot, uploadOf } from './testing/material.ts'

let simulator: Simulator

beforeEach(async () => {
  simulator = await startSimulator({ credentials: [credentials], rateLimit: 1000 })
  return () => simulator.close()
})

const code = (action: string, parameters: unknown, options: object = {}) =>
  codeOf(call(simulator.url, action, parameters, options))

describe('the protocol', () => {
  test.each([
    ['another version', 'DescribeCertificates', { version: '2020-01-01' }, 'NoSuchVersion'],
    ['no action', '', {}, 'MissingParameter'],
    ['an action of the API that is not served', 'DeleteCertificate', {}, 'InvalidAction'],
    ['the name of something every object has', 'constructor', {}, 'InvalidAction'],
    [
      'a form',
      'DescribeCertificates',
      { contentType: 'application/x-www-form-urlencoded' },
      'UnsupportedProtocol',
    ],
    ['a body that is no JSON', 'DescribeCertificates', { body: '{"Limit":' }, 'InvalidParameter'],
    [
      'a body that is no UTF-8',
      'DescribeCertificates',
      { body: Buffer.from('{"a":"\xff"}', 'latin1') },
      'InvalidParameter',
    ],
    ['a list for a body', 'DescribeCertificates', { body: '[]' }, 'InvalidParameter'],
    [
      'a body with a charset',
      'DescribeCertificates',
      { contentType: 'application/json; charset=utf-8' },
      'Success',
    ],
  ])('%s', async (_what, action, options, expected) => {
    expect(await code(action, {}, options)).toBe(expected)
  })

  test('errors have HTTP status 200 and a request id, the same as in the list of calls', async () => {
    const response = await send(simulator.url, 'NoSuchAction', {})
    expect(response.status).toBe(200)
    const { Response } = (await response.json()) as { Response: { RequestId: string } }
    expect(Response.RequestId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(simulator.calls().at(-1)).toMatchObject({
      requestId: Response.RequestId,
      result: 'InvalidAction',
      delivery: 'answered',
    })
  })

  test('only POST is served', async () => {
    const response = await fetch(simulator.url)
    expect(await response.json()).toMatchObject({ Response: { Error: { Code: 'UnsupportedProtocol' } } })
  })
})

describe('what it survives', () => {
  test('a body above 10 MB', async () => {
    const body = `{"CertificatePublicKey":"${'A'.repeat(11 * 1024 * 1024)}"}`
    expect(await code('UploadCertificate', {}, { body })).toBe('RequestSizeLimitExceeded')
    expect(await code('DescribeCertificates', {})).toBe('Success')
  })

  test('bytes that are no HTTP, and a connection that ends in the middle of a body', async () => {
    const cut = `POST / HTTP/1.1\r\nHost: ${simulator.host}\r\nContent-Length: 100\r\n\r\nhalf`
    for (const bytes of ['\0\x01garbage\r\n\r\n', cut]) {
      const socket = connect(simulator.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.end(bytes)
      await new Promise((resolve) => socket.once('close', resolve).resume())
    }
    expect(simulator.calls()).toEqual([])
    expect(await code('DescribeCertificates', {})).toBe('Success')
  })
})

describe('the list of calls', () => {
  test('says what was sent and what came of it', async () => {
    const leaf = await testLeaf()
    const root = await testRoot()
    const before = performance.now()
    const answer = await call(simulator.url, 'UploadCertificate', {
      ...uploadOf(leaf, root),
      Alias: 'namespace/name',
      ProjectId: 5,
      CertificateUse: 'CLB',
      Tags: [{ TagKey: 'a', TagValue: 'b' }],
    })
    const [listed] = simulator.calls('UploadCertificate')
    expect(listed).toEqual({
      number: 1,
      action: 'UploadCertificate',
      result: 'Success',
      delivery: 'answered',
      requestId: answer.RequestId,
      arrivedAt: expect.stringMatching(/Z$/),
      arrivedMs: expect.any(Number),
      finishedMs: expect.any(Number),
      secretId: credentials.secretId,
      certificateType: 'SVR',
      leafFingerprint: leaf.fingerprint,
      chainFingerprint: chainFingerprint('SVR', leaf, root),
      alias: 'namespace/name',
      projectId: 5,
      certificateUse: 'CLB',
      repeatable: false,
      tags: [{ TagKey: 'a', TagValue: 'b' }],
      certificateId: answer['CertificateId'],
    })
    expect(listed?.arrivedMs).toBeGreaterThanOrEqual(before)
    expect(Math.abs(Date.parse(listed?.arrivedAt ?? '') - Date.now())).toBeLessThan(10_000)
  })

  test('holds calls that were refused, and which ids were asked for', async () => {
    await code('UploadCertificate', {}, { secretKey: 'wrong' })
    await code('DescribeCertificates', { CertIds: ['abcd1234'] })
    expect(simulator.calls()).toMatchObject([
      { number: 1, result: 'AuthFailure.SignatureFailure', secretId: credentials.secretId },
      { number: 2, result: 'Success', certIds: ['abcd1234'] },
    ])
    simulator.clearCalls()
    expect(simulator.calls()).toEqual([])
    await code('DescribeCertificates', {})
    expect(simulator.calls()).toMatchObject([{ number: 3 }])
  })

  test('is reported to onCall when the outcome is known', async () => {
    const told: Call[] = []
    await using other = await startSimulator({
      credentials: [credentials],
      onCall: (each) => told.push(each),
    })
    await call(other.url, 'NoSuchAction', {})
    expect(told).toEqual(other.calls())
  })

  test('never holds key material, nor does the list of certificates', async () => {
    const leaf = await testLeaf()
    const parameters = uploadOf(leaf)
    const secret = leaf.keyPem.split('\n')[1] ?? ''
    await call(simulator.url, 'UploadCertificate', parameters)
    await call(simulator.url, 'UploadCertificate', { ...parameters, X: parameters.CertificatePrivateKey })
    await call(simulator.url, 'UploadCertificate', { ...parameters, CertificatePublicKey: leaf.keyPem })
    const everything = JSON.stringify([simulator.calls(), simulator.certificates()])
    expect(simulator.calls()).toHaveLength(3)
    expect(secret.length).toBeGreaterThan(40)
    expect(everything).not.toContain(secret)
    expect(everything).not.toContain(credentials.secretKey)
  })
})

describe('an outage', () => {
  test('refuses connections until it listens again, on the same port and with the same state', async () => {
    await call(simulator.url, 'UploadCertificate', uploadOf(await testLeaf()))
    const { port } = simulator
    const certificates = simulator.certificates()
    await simulator.stop()
    expect(simulator.listening).toBe(false)
    await expect(send(simulator.url, 'DescribeCertificates', {})).rejects.toThrow('fetch failed')
    await simulator.listen()
    expect(simulator.port).toBe(port)
    expect(simulator.certificates()).toEqual(certificates)
    expect((await call(simulator.url, 'DescribeCertificates', {}))['TotalCount']).toBe(1)
  })

  test('can forget everything on a restart', async () => {
    await call(simulator.url, 'UploadCertificate', uploadOf(await testLeaf()))
    await simulator.restart()
    expect([simulator.calls().length, simulator.certificates().length]).toEqual([1, 1])
    await simulator.restart({ keepState: false })
    expect([simulator.calls(), simulator.certificates()]).toEqual([[], []])
  })
})

test('ids are eight characters and all different', async () => {
  const { certificatePem } = await testLeaf()
  const ids = Array.from({ length: 2000 }, () => simulator.addCertificate({ certificate: certificatePem }).id)
  expect(new Set(ids).size).toBe(2000)
  expect(ids.every((id) => /^[A-Za-z0-9]{8}$/.test(id))).toBe(true)
})
