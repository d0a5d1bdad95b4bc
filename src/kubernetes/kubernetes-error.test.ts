import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { errorOfStatus, isExpired, withoutData } from './kubernetes-error.ts'

describe('a foreign message', () => {
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  })

  test.each([
    ['as PEM', pem.toString()],
    ['as PEM on one line', pem.toString().replaceAll('\n', '\\n')],
    ['as PEM cut short', pem.toString().slice(0, 150)],
    ['as a Secret holds it', Buffer.from(pem).toString('base64')],
  ])('loses a private key %s', (_, key) => {
    const body = pem.toString().split('\n').slice(1, -2)
    const message = withoutData(`denied: ${key} is not wanted`)
    for (const line of [...body, Buffer.from(pem).toString('base64')])
      expect(message).not.toContain(line.slice(0, 20))
    expect(message).toContain('denied: [removed]')
  })

  test('is shown without the token that a proxy quotes', () => {
    const token = `eyJhbGciOiJSUzI1NiJ9.${'eyJpc3Mi'.repeat(9)}.${'aB3-_x9'.repeat(40)}`
    expect(withoutData(`invalid token ${token}, try again`)).toBe('invalid token [removed], try again')
    expect(withoutData('authorization: bearer s3cr3t!')).toBe('authorization: Bearer [removed]')
  })

  test('that is harmless stays as it is, on one line', () => {
    const text =
      'secrets "a" is forbidden: User "system:serviceaccount:ns:name" cannot patch resource "secrets"'
    expect(withoutData(text)).toBe(text)
    expect(withoutData('a\n  b')).toBe('a b')
  })

  test('is bounded, whatever it is', () => {
    fc.assert(fc.property(fc.string({ maxLength: 5000 }), (text) => withoutData(text).length <= 300))
  })
})

describe('an error', () => {
  test('is made of any body', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const error = errorOfStatus(500, body)
        expect(error.status).toBe(500)
        expect(error.message.length).toBeGreaterThan(0)
      }),
    )
  })

  test('has the reason of the body only where that is a word', () => {
    expect(errorOfStatus(403, { reason: 'Forbidden' }).reason).toBe('Forbidden')
    for (const reason of ['', 'two words', 'x'.repeat(65), 7, ['Forbidden']]) {
      expect(errorOfStatus(403, { reason }).reason).toBe('HTTP403')
    }
  })

  test('takes the waiting time from the header, else from the body, else says none', () => {
    const body = { details: { retryAfterSeconds: 3 } }
    expect(errorOfStatus(429, body, '7').retryAfterMs).toBe(7000)
    expect(errorOfStatus(429, body).retryAfterMs).toBe(3000)
    expect(errorOfStatus(429, body, 'Wed, 21 Oct 2015 07:28:00 GMT').retryAfterMs).toBeUndefined()
    expect(errorOfStatus(429, undefined).retryAfterMs).toBeUndefined()
  })

  test('waits no longer than a minute, whatever it is asked', () => {
    expect(errorOfStatus(429, undefined, '3600').retryAfterMs).toBe(60_000)
  })

  test.each([
    'secrets "a" is forbidden: User "u" cannot patch resource "secrets" in API group "" in the namespace "n"',
    'secrets is forbidden: User "u" cannot list resource "secrets" in API group "" at the cluster scope',
    'leases.coordination.k8s.io "a" is forbidden: User "u" cannot update resource "leases"',
    'forbidden: User "u" cannot get path "/metrics"',
  ])('means missing rights: %s', (message) => {
    expect(errorOfStatus(403, { message }).deniedByAuthorizer).toBe(true)
    expect(errorOfStatus(500, { message }).deniedByAuthorizer).toBe(false)
  })

  test.each([
    'secrets "a" is forbidden: exceeded quota: q',
    'admission webhook "w" denied the request: secrets "a" is forbidden: User "u" cannot patch',
    'secrets "a" is forbidden: unable to create new content in namespace n because it is being terminated',
    'User "u" cannot be trusted',
  ])('does not mean missing rights: %s', (message) => {
    expect(errorOfStatus(403, { message }).deniedByAuthorizer).toBe(false)
  })

  test('means an expired resourceVersion by its status or by its reason', () => {
    expect(isExpired(errorOfStatus(410, { reason: 'Gone' }))).toBe(true)
    expect(isExpired(errorOfStatus(500, { reason: 'Expired' }))).toBe(true)
    expect(isExpired(errorOfStatus(500, {}))).toBe(false)
    expect(isExpired(new Error('Expired'))).toBe(false)
  })
})
