import { describe, expect, test } from 'vitest'
import { startSimulator } from './server.ts'
import { authenticate, signatureOf } from './signature.ts'
import { call, codeOf, credentials } from './testing/call.ts'

// The vendor's published example of signature version 3.
const published = {
  secretId: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE',
  secretKey: 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE',
  timestamp: 1551113065,
  request: {
    method: 'POST',
    url: '/',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      host: 'cvm.tencentcloudapi.com',
      'x-tc-timestamp': '1551113065',
    },
    body: Buffer.from(
      '{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}',
    ),
  },
  signature: '72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168',
}

describe('signatureOf', () => {
  test('gives the signature of the published example', () => {
    const signature = signatureOf(published.request, {
      secretKey: published.secretKey,
      timestamp: published.timestamp,
      service: 'cvm',
      signedHeaders: ['content-type', 'host'],
      host: 'cvm.tencentcloudapi.com',
    })
    expect(signature).toBe(published.signature)
  })
})

describe('authenticate', () => {
  const signed = (service: string, host: string, signedHost = host) => {
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      host,
      'x-tc-timestamp': '1551113065',
      'x-tc-action': 'UploadCertificate',
    }
    const request = { method: 'POST', url: '/', headers, body: Buffer.from('{}') }
    const signedHeaders = ['content-type', 'host', 'x-tc-action']
    const { secretId, secretKey, timestamp } = published
    const signature = signatureOf(request, { secretKey, timestamp, service, signedHeaders, host: signedHost })
    headers['authorization'] =
      `TC3-HMAC-SHA256 Credential=${secretId}/2019-02-25/${service}/tc3_request, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`
    return request
  }
  const check = (request: ReturnType<typeof signed>, nowMs = published.timestamp * 1000) =>
    authenticate(request, [published], nowMs).secretId

  test('accepts further signed headers, with the action in lower case', () => {
    expect(check(signed('ssl', 'ssl.tencentcloudapi.com'))).toBe(published.secretId)
  })

  test('accepts the host without its port where the Host header has one', () => {
    expect(check(signed('ssl', '127.0.0.1:8080', '127.0.0.1'))).toBe(published.secretId)
    expect(check(signed('ssl', '127.0.0.1:8080'))).toBe(published.secretId)
  })

  test('accepts no other host', () => {
    const refused = signed('ssl', 'ssl.tencentcloudapi.com', 'ssl.tencentcloudapi.com:443')
    expect(() => check(refused)).toThrow(expect.objectContaining({ code: 'AuthFailure.SignatureFailure' }))
  })

  test('accepts what the Node SDK makes of a host for the service, but only where there is a port', () => {
    expect(check(signed('127', '127.0.0.1:8080'))).toBe(published.secretId)
    expect(check(signed('localhost:8080', 'localhost:8080'))).toBe(published.secretId)
    for (const [service, host] of [
      ['127', '127.0.0.1'],
      ['cvm', '127.0.0.1:8080'],
      ['cvm', 'ssl.tencentcloudapi.com'],
      ['128', '127.0.0.1:8080'],
    ] as const) {
      expect(() => check(signed(service, host)), `${service} at ${host}`).toThrow(
        expect.objectContaining({ code: 'AuthFailure.SignatureFailure' }),
      )
    }
  })

  test.each([
    [-300, true],
    [300, true],
    [-301, false],
    [301, false],
  ])('a clock that is %i s off is accepted: %s', (seconds, accepted) => {
    const attempt = () =>
      check(signed('ssl', 'ssl.tencentcloudapi.com'), (published.timestamp + seconds) * 1000)
    if (accepted) expect(attempt()).toBe(published.secretId)
    else expect(attempt).toThrow(expect.objectContaining({ code: 'AuthFailure.SignatureExpire' }))
  })
})

describe('over HTTP', () => {
  test.each([
    ['a wrong key', { secretKey: 'other' }, 'AuthFailure.SignatureFailure'],
    ['an unknown secret id', { secretId: 'AKIDOTHER' }, 'AuthFailure.SecretIdNotFound'],
    ['another service', { service: 'cvm' }, 'AuthFailure.SignatureFailure'],
    ['an old time stamp', { timestamp: Math.floor(Date.now() / 1000) - 310 }, 'AuthFailure.SignatureExpire'],
    [
      'a time stamp of the future',
      { timestamp: Math.floor(Date.now() / 1000) + 310 },
      'AuthFailure.SignatureExpire',
    ],
    ['a token nobody gave', { token: 'token' }, 'AuthFailure.TokenFailure'],
    ['no host among the signed headers', { signedHeaders: ['content-type'] }, 'AuthFailure.SignatureFailure'],
    ['no authorization', { headers: { authorization: '' } }, 'AuthFailure.InvalidAuthorization'],
    [
      'garbage for an authorization',
      { headers: { authorization: 'Basic x' } },
      'AuthFailure.InvalidAuthorization',
    ],
    ['a time stamp that is no number', { headers: { 'x-tc-timestamp': 'now' } }, 'InvalidParameter'],
  ])('%s is refused', async (_what, options, code) => {
    await using simulator = await startSimulator({ credentials: [credentials] })
    expect(await codeOf(call(simulator.url, 'DescribeCertificates', {}, options))).toBe(code)
    expect(await codeOf(call(simulator.url, 'DescribeCertificates', {}))).toBe('Success')
  })

  test('temporary credentials need their token', async () => {
    await using simulator = await startSimulator({ credentials: [{ ...credentials, token: 'right' }] })
    const code = (options: object) => codeOf(call(simulator.url, 'DescribeCertificates', {}, options))
    expect(await code({ token: 'right' })).toBe('Success')
    expect(await code({ token: 'wrong' })).toBe('AuthFailure.TokenFailure')
    expect(await code({})).toBe('AuthFailure.TokenFailure')
  })

  test('credentials can be replaced while it runs', async () => {
    await using simulator = await startSimulator({ credentials: [credentials] })
    const code = (options: object) => codeOf(call(simulator.url, 'DescribeCertificates', {}, options))
    simulator.setCredentials([{ secretId: 'AKIDNEW', secretKey: 'new' }])
    expect(await code({})).toBe('AuthFailure.SecretIdNotFound')
    expect(await code({ secretId: 'AKIDNEW', secretKey: 'new' })).toBe('Success')
    simulator.setCredentials([credentials])
    expect(await code({})).toBe('Success')
  })
})
