import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { redact } from './redact.ts'

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const body = pem.split('\n')[1] ?? ''

describe('a text for the log', () => {
  it.each([
    ['as it is', pem],
    ['within a text', `refused: ${pem} (that was it)`],
    ['as a JSON string', JSON.stringify({ CertificatePrivateKey: pem })],
    ['cut short', pem.slice(0, 120)],
    ['twice', `${pem}${pem}`],
    ['of the old form', privateKey.export({ type: 'sec1', format: 'pem' }).toString()],
    ['behind a long text', `${'x'.repeat(450)}${pem}`],
    ['as the data of a Secret', Buffer.from(pem).toString('base64')],
  ])('shows no private key: %s', (_, text) => {
    const shown = redact(text)
    expect(shown).toContain('[private key]')
    for (const secret of [body, body.slice(0, 20), Buffer.from(body).toString('base64').slice(0, 20)]) {
      expect(shown).not.toContain(secret)
    }
  })

  it('keeps what stands around a key', () => {
    expect(redact(`refused: ${pem} (that was it)`)).toBe('refused: [private key]  (that was it)')
  })

  it('is one line without control characters', () => {
    expect(redact('a\nb\u001b[31mc\0d')).toBe('a b [31mc d')
  })

  it('is at most 500 characters and a sign that it was cut', () => {
    expect(redact('x'.repeat(500))).toBe('x'.repeat(500))
    expect(redact('x'.repeat(501))).toBe(`${'x'.repeat(500)}…`)
  })

  it.each([
    '-----BEGIN '.repeat(20_000),
    '-----BEGIN PRIVATE KEY-----'.repeat(10_000),
    'LS0tLS1CRUdJTi'.repeat(10_000),
  ])('is made quickly, whatever it is made of', (text) => {
    const start = performance.now()
    redact(text)
    expect(performance.now() - start).toBeLessThan(1_000)
  })
})
