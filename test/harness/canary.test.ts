import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createLeaf, type TestCertificate } from '../fixtures/certificates.ts'
import { Canaries } from './canary.ts'

const rsa = await createLeaf({ commonName: 'rsa.example.com', keyType: 'rsa' })
const ec = await createLeaf({ commonName: 'ec.example.com' })
const other = await createLeaf({ commonName: 'other.example.com' })
const canaries = new Canaries().addKey('rsa', rsa.key).addKey('ec', ec.key)

const forms: readonly [string, (leaf: TestCertificate) => string][] = [
  ['PEM', (leaf) => leaf.keyPem],
  ['PEM of the older form', (leaf) => leaf.keyPemTraditional],
  ['PEM in JSON', (leaf) => JSON.stringify({ body: JSON.stringify({ key: leaf.keyPem }) })],
  ['the data of a Secret', (leaf) => Buffer.from(leaf.keyPem).toString('base64')],
  [
    'base64 of a JSON body',
    (leaf) => Buffer.from(JSON.stringify({ a: 1, key: leaf.keyPem })).toString('base64'),
  ],
  ['base64 of the DER', (leaf) => leaf.key.export({ type: 'pkcs8', format: 'der' }).toString('base64')],
  ['hex of the DER', (leaf) => leaf.key.export({ type: 'pkcs8', format: 'der' }).toString('hex')],
  ['hex of the PEM', (leaf) => Buffer.from(leaf.keyPem).toString('hex')],
  ['a buffer as JSON', (leaf) => JSON.stringify(Buffer.from(leaf.keyPem))],
  ['a buffer in the log of a program in Go', (leaf) => `[${Buffer.from(leaf.keyPem).join(' ')}]`],
  ['a buffer of the private part in the log of Node', (leaf) => inspect(privatePart(leaf))],
  ['a JWK', (leaf) => JSON.stringify(leaf.key.export({ format: 'jwk' }))],
  ['a form', (leaf) => new URLSearchParams({ key: leaf.keyPem }).toString()],
]

describe('Canaries', () => {
  test.each(forms)('finds a key as %s', (_, encode) => {
    expect(canaries.namesIn(encode(rsa))).toEqual(new Set(['rsa']))
    expect(canaries.namesIn(encode(ec))).toEqual(new Set(['ec']))
  })

  test('finds any 24 characters of the private part', () => {
    const [, first = '', second = ''] = rsa.keyPem.split('\n').slice(-6)
    for (let at = 0; at + 24 <= first.length; at++) {
      expect(canaries.tracesIn(`reason: ${first.slice(at, at + 24)}!`)).toEqual([
        'rsa (PRIVATE KEY DER, base64)',
      ])
    }
    expect(canaries.tracesIn(second.slice(0, 23))).toEqual([])
  })

  test('finds longer pieces in larger steps', () => {
    const filler = 'x'.repeat(1000)
    for (let at = 0; at < 12; at++) {
      expect(canaries.namesIn(filler.slice(at) + rsa.keyPem, 12)).toEqual(new Set(['rsa']))
    }
  })

  test('takes nothing public and no other key for a trace', () => {
    const publicKey = ec.certificate.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    for (const leaf of [rsa, ec]) expect(canaries.tracesIn(leaf.certificatePem)).toEqual([])
    expect(canaries.tracesIn(publicKey)).toEqual([])
    expect(canaries.tracesIn(other.keyPem + other.keyPemTraditional)).toEqual([])
    expect(canaries.tracesIn(Buffer.from(other.keyPem).toString('base64'))).toEqual([])
  })

  test('finds a text as it is and encoded, and refuses one that is too short', () => {
    const password = 'correct-horse-battery-staple'
    const withText = new Canaries().addText('password', password)
    expect(withText.tracesIn(`the password is ${password}.`)).toEqual(['password (text, raw)'])
    expect(withText.namesIn(Buffer.from(`TC3${password}`).toString('base64')).size).toBe(1)
    expect(() => new Canaries().addText('short', 'secret')).toThrow('too short')
  })
})

/** The bytes that make the key, without what says of which kind it is. */
function privatePart(leaf: TestCertificate): Buffer {
  return Buffer.from(leaf.key.export({ format: 'jwk' }).d ?? '', 'base64url')
}
