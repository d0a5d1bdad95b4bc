import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatAddress, listenAddress } from './listen-address.ts'

describe('addresses to listen on', () => {
  it.each([
    [':8081', { port: 8081 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:8081', { host: '::1', port: 8081 }],
    ['[::]:65535', { host: '::', port: 65_535 }],
    ['localhost:9402', { host: 'localhost', port: 9402 }],
    ['off', undefined],
  ])('reads %s', (text, value) => {
    expect(listenAddress(text)).toEqual({ value })
  })

  it.each([
    '',
    '8081',
    ':',
    'localhost',
    'localhost:',
    ':65536',
    ':-1',
    ':8o81',
    '::1:8081',
    '[::1]',
    '[]:1',
    '[localhost]:1',
    '[127.0.0.1]:1',
    '10.0.0.256:1',
    'a b:1',
    'http://localhost:1',
    'OFF',
    ':80 ',
  ])('refuses %j', (text) => {
    expect(listenAddress(text)).toHaveProperty('expected')
  })

  it('reads back what it writes', () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain(), fc.constant(undefined))
    fc.assert(
      fc.property(host, fc.nat({ max: 65_535 }), (name, port) => {
        const address = name === undefined ? { port } : { host: name, port }
        expect(listenAddress(formatAddress(address))).toEqual({ value: address })
      }),
    )
  })

  it('answers any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.stringMatching(/^[[\]:.\da-f]*$/)), (text) => {
        const parsed = listenAddress(text)
        if ('value' in parsed && parsed.value) expect(parsed.value.port).toBeLessThanOrEqual(65_535)
        else expect(parsed).toBeDefined()
      }),
    )
  })
})
