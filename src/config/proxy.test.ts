import { describe, expect, it } from 'vitest'
import type { Endpoint } from './endpoint.ts'
import { readProxy } from './proxy.ts'

const hostname = 'ssl.tencentcloudapi.com'
const ssl: Endpoint = { protocol: 'https', host: hostname, hostname, site: 'china' }

describe('the proxy of the environment', () => {
  it('is none where nothing is set', () => {
    for (const environment of [{}, { HTTPS_PROXY: '' }, { https_proxy: ' ' }, { NO_PROXY: '*' }]) {
      expect(readProxy(environment, ssl)).toEqual({ proxy: undefined })
    }
  })

  it('is not the one for plain http, nor the one for everything', () => {
    const other = 'http://other.example.com:3128'
    expect(readProxy({ http_proxy: other, HTTP_PROXY: other, ALL_PROXY: other }, ssl)).toEqual({
      proxy: undefined,
    })
  })

  it.each([
    ['http://proxy.example.com:3128', 'http://proxy.example.com:3128'],
    ['HTTP://Proxy.Example.com:3128/', 'http://proxy.example.com:3128'],
    [' https://proxy.example.com\n', 'https://proxy.example.com'],
    ['http://[::1]:3128', 'http://[::1]:3128'],
    ['http://us%40er:pass%3Aword@proxy.example.com', 'http://proxy.example.com'],
  ])('is read from %j', (text, address) => {
    const read = readProxy({ HTTPS_PROXY: text }, ssl)
    expect(read).toMatchObject({ proxy: { address } })
    expect('proxy' in read && read.proxy?.url).toBe(new URL(text).href)
  })

  it('is the one of the lower-case variable where both are set', () => {
    const both = { https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:2' }
    expect(readProxy(both, ssl)).toMatchObject({ proxy: { address: 'http://lower:1' } })
    expect(readProxy({ ...both, no_proxy: 'elsewhere', NO_PROXY: '*' }, ssl)).toMatchObject({
      proxy: { address: 'http://lower:1' },
    })
  })

  it('is none for a host of NO_PROXY, and none for plain http', () => {
    const environment = { HTTPS_PROXY: 'http://proxy.example.com', NO_PROXY: '.tencentcloudapi.com' }
    expect(readProxy(environment, ssl)).toEqual({ proxy: undefined })
    expect(readProxy({ ...environment, NO_PROXY: '' }, { ...ssl, protocol: 'http' })).toEqual({
      proxy: undefined,
    })
  })

  it.each([
    'proxy.example.com:3128',
    'proxy.example.com',
    'socks5://proxy.example.com:1080',
    'http://',
    'http://proxy.example.com:0',
    'http://proxy.example.com:99999',
    'http://proxy.example.com/path',
    'http://proxy.example.com?query',
    'http://user:hunter2%zz@proxy.example.com',
    'file:///etc/passwd',
    '://user:hunter2@',
  ])('%j is a problem that names the variable and shows no value', (text) => {
    for (const name of ['HTTPS_PROXY', 'https_proxy']) {
      const read = readProxy({ [name]: text, NO_PROXY: '*' }, undefined)
      const problem = 'problems' in read ? read.problems.join() : expect.unreachable(`${text} was taken`)
      expect(problem).toMatch(new RegExp(`^${name}: expected .*http://proxy\\.example\\.com:3128`))
      expect(problem).not.toContain('hunter2')
      expect(problem).not.toContain('1080')
    }
  })
})
