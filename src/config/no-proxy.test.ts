import { describe, expect, it } from 'vitest'
import { isExcepted } from './no-proxy.ts'

const ssl = { hostname: 'ssl.tencentcloudapi.com' }

describe('hosts without a proxy', () => {
  it.each([
    '*',
    'ssl.tencentcloudapi.com',
    'SSL.TencentCloudAPI.com',
    'tencentcloudapi.com',
    '.tencentcloudapi.com',
    '*.tencentcloudapi.com',
    'com',
    'ssl.tencentcloudapi.com:443',
    'localhost, 10.0.0.0/8,.svc tencentcloudapi.com',
  ])('%j names a host', (list) => {
    expect(isExcepted(list, ssl)).toBe(true)
  })

  it.each([
    '',
    ',, ',
    '.',
    '*.',
    'cloudapi.com',
    'intl.tencentcloudapi.com',
    'a.ssl.tencentcloudapi.com',
    'ssl.tencentcloudapi.com:8443',
    'ssl.*.com',
    'https://ssl.tencentcloudapi.com',
    '0.0.0.0/0',
    '::/0',
  ])('%j does not', (list) => {
    expect(isExcepted(list, ssl)).toBe(false)
  })

  it.each([
    ['10.1.2.3', '10.1.2.3', true],
    ['10.1.2.3', '10.0.0.0/8', true],
    ['10.1.2.3', '10.1.2.3:8443', true],
    ['10.1.2.3', '10.1.2.3:443', false],
    ['10.1.2.3', '10.1.3.0/24', false],
    ['10.1.2.3', '10.0.0.0/33', false],
    ['10.1.2.3', '10.0.0.0/x', false],
    ['10.1.2.3', '3', false],
    ['10.1.2.3', '::/0', false],
    ['[fd00::1]', 'fd00::1', true],
    ['[fd00::1]', '[fd00::1]:8443', true],
    ['[fd00::1]', 'fd00::/8', true],
    ['[fd00::1]', 'fe80::/10', false],
  ])('of the address %s and the entry %s: %s', (hostname, entry, excepted) => {
    expect(isExcepted(entry, { hostname, port: 8443 })).toBe(excepted)
  })
})
