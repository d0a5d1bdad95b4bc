import { beforeAll, describe, expect, it } from 'vitest'
import {
  bundle,
  createAuthority,
  createLeaf,
  crossSign,
  type TestCertificate,
} from '../../test/fixtures/certificates.ts'
import type { CertificateType } from './material.ts'
import { writePem } from './pem.ts'
import { type PreflightReason, preflight } from './preflight.ts'
import { readMaterial } from './read-material.ts'

const now = Date.parse('2026-03-01T00:00:00Z')
const notBefore = new Date('2026-01-01T00:00:00Z')
const notAfter = new Date('2026-04-01T00:00:00Z')

let root: TestCertificate
let intermediate: TestCertificate
let leaf: TestCertificate

beforeAll(async () => {
  root = await createAuthority({ name: 'Root', notBefore, notAfter })
  intermediate = await createAuthority({ name: 'Intermediate', issuer: root, notBefore, notAfter })
  leaf = await createLeaf({ commonName: 'a.example.com', issuer: intermediate, notBefore, notAfter })
})

describe('preflight passes', () => {
  it('a chain with its key', () => {
    expect(check(bundle(leaf, intermediate, root), leaf.keyPem)).toBeUndefined()
  })

  it.each(['rsa', 'ecdsa', 'ed25519'] as const)('%s keys in every form', async (keyType) => {
    const own = await createLeaf({ commonName: 'b.example.com', keyType, notBefore, notAfter })
    expect(check(bundle(own), own.keyPem)).toBeUndefined()
    expect(check(bundle(own), own.keyPemTraditional)).toBeUndefined()
  })

  it('reordered, repeated, incomplete and cross-signed bundles', async () => {
    const otherRoot = await createAuthority({ name: 'Other root' })
    const crossed = await crossSign(intermediate, otherRoot)
    for (const bundled of [
      bundle(root, leaf, intermediate),
      bundle(leaf, leaf),
      bundle(leaf, root),
      bundle(leaf, intermediate, crossed, root),
      bundle(leaf, otherRoot),
    ]) {
      expect(check(bundled, leaf.keyPem)).toBeUndefined()
    }
  })

  it('a self-signed CA certificate that serves with its own key', () => {
    expect(check(bundle(root), root.keyPem)).toBeUndefined()
  })

  it('a certificate that is not valid yet, and an expired one that is not the leaf', async () => {
    const future = await createLeaf({ commonName: 'b.example.com', notBefore: notAfter })
    const expired = await createAuthority({ name: 'Old', notBefore, notAfter: new Date(now - 1_000) })
    expect(check(bundle(future), future.keyPem)).toBeUndefined()
    expect(check(bundle(leaf, expired), leaf.keyPem)).toBeUndefined()
  })

  it('a certificate in the very millisecond of its end', () => {
    expect(check(bundle(leaf), leaf.keyPem, notAfter.getTime())).toBeUndefined()
  })

  it('CA certificates without a key', () => {
    expect(check(bundle(root), undefined, now, 'CA')).toBeUndefined()
    expect(check(bundle(intermediate, root), 'no key', now, 'CA')).toBeUndefined()
  })
})

describe('CA certificates in the middle of a rotation', () => {
  const bundled = async (...ends: readonly Date[]) =>
    bundle(
      ...(await Promise.all(ends.map((end) => createAuthority({ name: 'CA', notBefore, notAfter: end })))),
    )
  const first = new Date('2026-02-01T00:00:00Z')
  const second = new Date('2026-02-20T00:00:00Z')

  it('pass while one of them is valid, wherever it stands', async () => {
    expect(check(await bundled(first, notAfter), undefined, now, 'CA')).toBeUndefined()
    expect(check(await bundled(notAfter, first), undefined, now, 'CA')).toBeUndefined()
    expect(check(await bundled(first, notAfter, second), undefined, now, 'CA')).toBeUndefined()
  })

  it('are refused when all have expired, with the date of the last', async () => {
    for (const ends of [
      [first, second],
      [second, first],
    ]) {
      const violation = check(await bundled(...ends), undefined, now, 'CA')
      expectViolation(violation, 'CertificateExpired', 'All certificates in ca.crt', '2026-02-20T00:00:00Z')
    }
    expectViolation(
      check(await bundled(first), undefined, now, 'CA'),
      'CertificateExpired',
      'The certificate in ca.crt expired on 2026-02-01T00:00:00Z',
    )
  })

  it('are no excuse for a server certificate', async () => {
    const expired = await createLeaf({
      commonName: 'b.example.com',
      issuer: root,
      notBefore,
      notAfter: first,
    })
    expectViolation(check(bundle(expired, root), expired.keyPem), 'CertificateExpired', 'tls.crt')
  })
})

describe('preflight refuses', () => {
  it.each([undefined, '', '\n'])('missing data (%j)', (nothing) => {
    expectViolation(check(nothing, leaf.keyPem), 'MissingData', 'tls.crt')
    expectViolation(check(bundle(leaf), nothing), 'MissingData', 'tls.key')
    expectViolation(check(nothing, undefined, now, 'CA'), 'MissingData', 'ca.crt')
  })

  it('what is larger than an upload may carry', () => {
    const [fits, over] = aroundLimit('CERTIFICATE', 36_500)
    expectViolation(check(fits, leaf.keyPem), 'CertificateUnreadable', 'tls.crt')
    expectViolation(check(over, leaf.keyPem), 'DataTooLarge', 'tls.crt', '36500', String(over.length))
    expectViolation(check(over, undefined, now, 'CA'), 'DataTooLarge', 'ca.crt', '36500')
    const [keyFits, keyOver] = aroundLimit('PRIVATE KEY', 13_000)
    expectViolation(check(bundle(leaf), keyFits), 'KeyUnreadable', 'tls.key')
    expectViolation(check(bundle(leaf), keyOver), 'DataTooLarge', 'tls.key', '13000')
    const chain = [1, 2, 3].map((value) => writePem('CERTIFICATE', Buffer.alloc(25_000, value))).join('\n')
    expectViolation(check(chain, leaf.keyPem), 'DataTooLarge', 'tls.crt', '95000', String(chain.length))
  })

  it('certificates that are damaged, binary or something else', () => {
    const cut = bundle(leaf, intermediate).slice(0, -40)
    const binary = Buffer.from([0x30, 0x82, 0xff, 0xfe, 0x00]).toString('latin1')
    for (const damaged of [cut, binary, 'text', leaf.keyPem, writePem('CERTIFICATE', Buffer.from('x'))]) {
      expectViolation(check(damaged, leaf.keyPem), 'CertificateUnreadable', 'tls.crt')
    }
  })

  it('an encrypted key, in both forms', () => {
    expectViolation(check(bundle(leaf), leaf.encryptedKeyPem('secret')), 'KeyEncrypted', 'tls.key')
    expectViolation(check(bundle(leaf), leaf.encryptedKeyPemTraditional('secret')), 'KeyEncrypted', 'tls.key')
  })

  it('a key that does not parse', () => {
    for (const damaged of ['text', leaf.certificatePem, leaf.keyPem.slice(0, -40)]) {
      expectViolation(check(bundle(leaf), damaged), 'KeyUnreadable', 'tls.key')
    }
  })

  it('CA certificates without the one of the key', () => {
    expectViolation(check(bundle(intermediate, root), leaf.keyPem), 'NoLeafCertificate', 'tls.crt')
  })

  it("another certificate's key", () => {
    expectViolation(check(bundle(leaf, root), intermediate.keyPem), 'KeyMismatch', 'tls.key', 'tls.crt')
  })

  it('an expired certificate, with a date and not with an age', () => {
    const late = notAfter.getTime() + 1
    const violation = check(bundle(leaf), leaf.keyPem, late)
    expectViolation(violation, 'CertificateExpired', 'tls.crt', '2026-04-01T00:00:00Z')
    expect(check(bundle(leaf), leaf.keyPem, late + 86_400_000)).toEqual(violation)
    expectViolation(check(bundle(root), undefined, late, 'CA'), 'CertificateExpired', 'ca.crt')
  })

  it('in the order of the table when several things are wrong', () => {
    const late = notAfter.getTime() + 1
    expectViolation(check(undefined, 'text', late), 'MissingData')
    expectViolation(check('text', undefined, late), 'MissingData')
    expectViolation(check('text', leaf.encryptedKeyPem('secret'), late), 'CertificateUnreadable')
    expectViolation(check(bundle(root), leaf.encryptedKeyPem('secret'), late), 'KeyEncrypted')
    expectViolation(check(bundle(root), leaf.keyPem, late), 'NoLeafCertificate')
    expectViolation(check(bundle(leaf), root.keyPem, late), 'KeyMismatch')
  })
})

function check(
  certificates: string | undefined,
  key: string | undefined,
  at = now,
  type: CertificateType = 'SVR',
) {
  const certificateKey = type === 'SVR' ? 'tls.crt' : 'ca.crt'
  const data = {
    [certificateKey]: certificates === undefined ? undefined : Buffer.from(certificates),
    'tls.key': key === undefined ? undefined : Buffer.from(key),
  }
  const material = readMaterial({ type, data })
  const violation = preflight(material, at)
  expect(violation).toEqual(preflight(readMaterial({ type, data }), at))
  return violation
}

/** The longest PEM that is within the limit, and the next. */
function aroundLimit(label: string, limit: number): [fits: string, over: string] {
  let length = Math.floor(limit / 2)
  while (writePem(label, Buffer.alloc(length + 3)).length <= limit) length += 3
  return [writePem(label, Buffer.alloc(length)), writePem(label, Buffer.alloc(length + 3))]
}

function expectViolation(
  found: ReturnType<typeof check>,
  reason: PreflightReason,
  ...mentioned: readonly string[]
) {
  expect(found?.reason).toBe(reason)
  for (const text of mentioned) expect(found?.message).toContain(text)
  expect(found?.message).toMatch(/^[\x20-\x7e]{20,300}\.$/)
}
