import { isIPv4 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endpoint } from './endpoint.ts'

describe('the endpoint', () => {
  it.each([
    [
      'ssl.intl.tencentcloudapi.com',
      {
        protocol: 'https',
        host: 'ssl.intl.tencentcloudapi.com',
        hostname: 'ssl.intl.tencentcloudapi.com',
        site: 'international',
      },
    ],
    [
      'https://ssl.tencentcloudapi.com/',
      {
        protocol: 'https',
        host: 'ssl.tencentcloudapi.com',
        hostname: 'ssl.tencentcloudapi.com',
        site: 'china',
      },
    ],
    [
      'http://127.0.0.1:8080',
      { protocol: 'http', host: '127.0.0.1:8080', hostname: '127.0.0.1', port: 8080, site: 'china' },
    ],
    [
      'http://[::1]:8080',
      { protocol: 'http', host: '[::1]:8080', hostname: '[::1]', port: 8080, site: 'china' },
    ],
    [
      'HTTPS://SSL.example.com:443',
      { protocol: 'https', host: 'ssl.example.com', hostname: 'ssl.example.com', site: 'china' },
    ],
    [
      'proxy.example.com:8443',
      {
        protocol: 'https',
        host: 'proxy.example.com:8443',
        hostname: 'proxy.example.com',
        port: 8443,
        site: 'china',
      },
    ],
    ['http://localhost', { protocol: 'http', host: 'localhost', hostname: 'localhost', site: 'china' }],
  ])('reads %s', (text, value) => {
    expect(endpoint(text)).toEqual({ value })
  })

  it.each([
    '',
    'ftp://ssl.tencentcloudapi.com',
    'https://',
    'https:///path',
    'ssl.tencentcloudapi.com/path',
    'ssl.tencentcloudapi.com?x=y',
    'ssl.tencentcloudapi.com#x',
    'ssl.tencentcloudapi.com:0',
    'ssl.tencentcloudapi.com:99999',
    'ssl.tencentcloudapi.com.',
    'ssl_x.example.com',
    'ssl.tencent\ncloudapi.com',
    'a\\b',
    'a b',
    '-a.com',
    '[::1',
  ])('refuses %j', (text) => {
    expect(endpoint(text)).toHaveProperty('expected')
  })

  it.each([
    'http://ssl.tencentcloudapi.com',
    'http://10.0.0.1',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://[::2]',
    'http://0.0.0.0',
    'http://128.0.0.1',
  ])('refuses plain http to %s', (text) => {
    expect(endpoint(text)).toEqual({ expected: expect.stringContaining('https') })
  })

  it('hides a text that may hold a password', () => {
    expect(endpoint('https://user:password@ssl.tencentcloudapi.com')).toHaveProperty('secret', true)
  })

  it('answers any text, and never with plain http to somewhere else', () => {
    const host = fc.oneof(fc.ipV4Extended(), fc.ipV6(), fc.domain(), fc.string(), fc.constant('localhost'))
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.webUrl(),
      host.map((name) => `http://${name}`),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = endpoint(text)
        if (!('value' in parsed) || parsed.value.protocol === 'https') return
        const { hostname } = parsed.value
        const loopback = ['localhost', '[::1]'].includes(hostname) || hostname.startsWith('127.')
        expect(loopback && (!/^\d/.test(hostname) || isIPv4(hostname))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
