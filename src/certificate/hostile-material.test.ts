import { createECDH, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { multipliedCertificate } from '../../test/fixtures/certificate-extensions.ts'
import {
  blockPem,
  element,
  type HostileData,
  integer,
  namesakes,
  objectIdentifier,
  oddNumber,
  ownLeaf,
  publicKeyInfo,
  rawCertificate,
  rsaPublicKey,
  rsaSignature,
  secretData,
  sequence,
  slowChain,
} from '../../test/fixtures/hostile-certificates.ts'
import {
  spelledOutCertificate,
  spelledOutChain,
  spelledOutPrivateKey,
  spelledOutPublicKey,
} from '../../test/fixtures/spelled-out-curve.ts'
import { MaterialCache } from './material-cache.ts'
import { preflight } from './preflight.ts'
import { readMaterial } from './read-material.ts'

/* One Secret must not stop the process: the work on it is bounded by counts, whatever it holds. */

const mebibyte = 2 ** 20
const ecdsaWithSha256 = sequence(objectIdentifier('2a8648ce3d040302'))
const ecdsaSignature = sequence(integer(oddNumber(200)), integer(oddNumber(200)))
const signedByEc = { signature: ecdsaSignature, signatureAlgorithm: ecdsaWithSha256 }
const good = secretData(ownLeaf())

afterEach(() => vi.restoreAllMocks())

describe('a Secret whose reading would take long', () => {
  it.each<[string, HostileData]>([
    ['RSA exponents of 3,071 bits', slowChain()],
    [
      'RSA keys just within the bounds',
      namesakes(50, () => rsaPublicKey(8_192, 32), { signature: rsaSignature(8_192) }),
    ],
    ['P-521 keys', namesakes(64, () => ecPublicKey('P-521'), signedByEc)],
    ['keys on a rare curve', namesakes(64, () => ecPublicKey('brainpoolP512r1'), signedByEc)],
    ['keys on a binary curve', namesakes(64, () => ecPublicKey('sect571r1'), signedByEc)],
    ['compressed points', namesakes(99, compressedKey, signedByEc)],
    ['keys on curves of their own', spelledOutChain()],
    [
      'a key on a curve of its own, within another certificate',
      secretData(withinAnother(spelledOutCertificate())),
    ],
    ['a private key on a curve of its own, SEC1', withKey(spelledOutPrivateKey('sec1'))],
    ['a private key on a curve of its own, PKCS#8', withKey(spelledOutPrivateKey('pkcs8'))],
    ['a private key on a curve of its own, deep in PKCS#8', withKey(spelledOutPrivateKey('inner-pkcs8'))],
    ['as many certificates as are read', secretData(...differentLeaves(100))],
    ['2,400 extensions', secretData(ownLeaf({ extensions: Array.from({ length: 2_400 }, emptyExtension) }))],
    ['DSA keys', namesakes(10, dsaPublicKey, { ...signedByEc, signatureAlgorithm: dsaWithSha256() })],
    ['an RSA exponent of 100,000 bits', secretData(ownLeaf({ publicKey: rsaPublicKey(100_000, 99_999) }))],
    ['one name and a chain of key identifiers', secretData(...identifiedChain(100))],
    ['8,000 alternative names', secretData(ownLeaf({ extensions: [alternativeNames(8_000)] }))],
    ['a long name', secretData(ownLeaf({ subject: 'CN=+\\"'.repeat(4_000) }))],
    ['a mebibyte of blocks', filled('-----BEGIN A-----AA-----END A-----')],
    ['a mebibyte of beginnings', filled('-----BEGIN CERTIFICATE')],
    ['a mebibyte of headers', blockOf('a:b\n')],
    ['a mebibyte of broken lines', blockOf('AA A\n')],
    ['a mebibyte of blanks', filled(' ')],
    ['an RSA private key of 30,000 bits', { ...good, 'tls.key': rsaPrivateKey(30_000) }],
  ])('is read in a moment: %s', (_, data) => {
    // Some milliseconds on an idle machine; the first of them took a second and a half.
    expect(cpuMs(() => readMaterial({ type: 'SVR', data }))).toBeLessThan(100)
    const asKey = { ...good, 'tls.key': data['tls.crt'] }
    expect(cpuMs(() => readMaterial({ type: 'SVR', data: asKey }))).toBeLessThan(100)
  })

  it('costs no verification where its keys are out of bounds, and is refused with place and remedy', () => {
    const verify = vi.spyOn(X509Certificate.prototype, 'verify')
    const material = readMaterial({ type: 'SVR', data: slowChain() })
    expect(verify).not.toHaveBeenCalled()
    expect(preflight(material, 0)).toEqual({
      reason: 'UnsupportedKey',
      message:
        'tls.crt cannot be used: certificate 2 has an RSA key whose public exponent has 3071 bits, and at most 32 are supported. Leave it out, or have it reissued for an RSA key of 2048 to 4096 bits or an uncompressed EC key on P-256 or P-384.',
    })
    const large = secretData(ownLeaf(), rawCertificate({ subject: 'a', publicKey: rsaPublicKey(8_193, 17) }))
    const ca = { 'ca.crt': large['tls.crt'] }
    expect(preflight(readMaterial({ type: 'CA', data: ca }), 0)).toMatchObject({
      reason: 'UnsupportedKey',
      message: expect.stringMatching(/^ca\.crt cannot be used: certificate 2 has an RSA key of 8193 bits/),
    })
  })

  it('is refused where OpenSSL would multiply it, with place and remedy', () => {
    const chain = secretData(ownLeaf(), multipliedCertificate({ attributes: 1, points: 1 }))
    expect(preflight(readMaterial({ type: 'SVR', data: chain }), 0)).toEqual({
      reason: 'UnsupportedExtension',
      message:
        'tls.crt cannot be used: certificate 2 has a CRL distribution point that is named relative to its issuer. Leave it out, or have it reissued with a full name, such as a URL, for each CRL distribution point.',
    })
  })

  it('costs few verifications where each of them is slow', () => {
    const verify = vi.spyOn(X509Certificate.prototype, 'verify')
    for (const count of [2, 3, 50]) {
      const data = namesakes(count, () => rsaPublicKey(8_192, 32), { signature: rsaSignature(8_192) })
      expect(readMaterial({ type: 'SVR', data }).chain?.length).toBe(count + 1)
    }
    expect(verify.mock.calls.length).toBeLessThanOrEqual(5)
  })

  it('costs a bounded number of comparisons', () => {
    const checkIssued = vi.spyOn(X509Certificate.prototype, 'checkIssued')
    expect(readMaterial({ type: 'SVR', data: secretData(...identifiedChain(100)) }).chain?.length).toBe(100)
    expect(checkIssued.mock.calls.length).toBeLessThan(5_000)
  })

  it('is read once', () => {
    const cache = new MaterialCache().shareOf('web')
    const data = namesakes(10, () => rsaPublicKey(2_048, 17), { signature: rsaSignature(2_048) })
    const first = readMaterial({ type: 'SVR', data }, cache)
    const checkIssued = vi.spyOn(X509Certificate.prototype, 'checkIssued')
    const verify = vi.spyOn(X509Certificate.prototype, 'verify')
    const copy = { 'tls.crt': Buffer.from(data['tls.crt']), 'tls.key': Buffer.from(data['tls.key']) }
    const second = readMaterial({ type: 'SVR', data: copy }, cache)
    expect(checkIssued.mock.calls.length + verify.mock.calls.length).toBe(0)
    expect(JSON.stringify(second)).toBe(JSON.stringify(first))
    expect(second.keyPem()).toBe(first.keyPem())
    expect(second.chainPem()).toBe(first.chainPem())
  })
})

describe('a Secret with more certificates than are read', () => {
  it.each([
    ['SVR', 'tls.crt', 100],
    ['CA', 'ca.crt', 150],
  ] as const)(
    'is refused with the number, and read where they are the same ones again: %s',
    (type, key, most) => {
      const leaves = differentLeaves(most + 1)
      const read = (ders: Buffer[]) =>
        readMaterial({ type, data: { ...good, [key]: secretData(...ders)['tls.crt'] } })
      expect(preflight(read(leaves), 0)).toMatchObject({
        reason: 'CertificateUnreadable',
        message: expect.stringContaining(
          `${key} cannot be read: it holds ${most + 1} certificates, and at most ${most} are supported. Put the `,
        ),
      })
      const fewer = leaves.slice(1)
      expect(read([...fewer, ...fewer]).chain?.length).toBe(most)
    },
  )
})

describe('an EC key', () => {
  it.each([
    ['spells out its curve', () => ecPublicKey('P-256', 'explicit'), 'whose curve is spelled out, not named'],
    ['spells out a curve of its own', spelledOutPublicKey, 'whose curve is spelled out, not named'],
    ['is on a binary curve', () => ecPublicKey('sect571r1'), 'on a curve that is not supported'],
    ['has a compressed point', compressedKey, 'whose point is compressed'],
  ])('that %s is refused in a certificate, with place and remedy', (_, publicKey, clause) => {
    const crt = secretData(ownLeaf(), rawCertificate({ subject: 'a', publicKey: publicKey() }))['tls.crt']
    expect(preflight(readMaterial({ type: 'SVR', data: { ...good, 'tls.crt': crt } }), 0)).toEqual({
      reason: 'UnsupportedKey',
      message: `tls.crt cannot be used: certificate 2 has an EC key ${clause}. Leave it out, or have it reissued for an RSA key of 2048 to 4096 bits or an uncompressed EC key on P-256 or P-384.`,
    })
  })

  it.each(['sec1', 'pkcs8', 'inner-pkcs8'] as const)(
    'that spells out its curve is refused as a private key, with a remedy: %s',
    (form) => {
      const material = readMaterial({ type: 'SVR', data: withKey(spelledOutPrivateKey(form)) })
      expect(preflight(material, 0)).toEqual({
        reason: 'KeyUnreadable',
        message:
          'tls.key cannot be read: it has an EC key whose curve is spelled out, not named ("openssl ec -param_enc named_curve" rewrites it). Put the private key there as PEM (PKCS#8, PKCS#1 or SEC1).',
      })
    },
  )
})

describe('a certificate in PEM within the bytes of another', () => {
  it('is not read in its place', () => {
    const inner = rawCertificate({ subject: 'inner', publicKey: rsaPublicKey(3_072, 3_071) })
    const outer = withinAnother(inner)
    expect(new X509Certificate(outer).subject).toBe('CN=inner')
    const { problem } = readMaterial({ type: 'SVR', data: secretData(outer) })
    expect(problem).toEqual({ kind: 'unreadable', detail: 'certificate 1 is PEM, but no X.509' })
  })
})

/** The least of three runs, so that what else runs does not count. */
function cpuMs(run: () => void): number {
  const runs = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  })
  return Math.min(...runs)
}

function ecPublicKey(namedCurve: string, paramEncoding: 'named' | 'explicit' = 'named'): Buffer {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve, paramEncoding })
  return publicKey.export({ type: 'spki', format: 'der' })
}

function compressedKey(): Buffer {
  const ecdh = createECDH('prime256v1')
  ecdh.generateKeys()
  const algorithm = sequence(objectIdentifier('2a8648ce3d0201'), objectIdentifier('2a8648ce3d030107'))
  return publicKeyInfo(algorithm, ecdh.getPublicKey(null, 'compressed'))
}

/** Within an extension of a certificate with a good key, where Node finds it first. */
function withinAnother(inner: Buffer): Buffer {
  const text = element(0x04, Buffer.from(`\n${blockPem(inner)}`))
  return ownLeaf({ subject: 'outer', extensions: [sequence(objectIdentifier('2a0304'), text)] })
}

function withKey(der: Buffer): HostileData {
  return { ...good, 'tls.key': Buffer.from(blockPem(der, 'PRIVATE KEY')) }
}

function differentLeaves(count: number): Buffer[] {
  return Array.from({ length: count }, () => ownLeaf({ publicKey: ecPublicKey('P-256') }))
}

function emptyExtension(): Buffer {
  return sequence(objectIdentifier('2a0304'), element(0x04))
}

function dsaWithSha256(): Buffer {
  return sequence(objectIdentifier('608648016503040302'))
}

function dsaPublicKey(): Buffer {
  const parameters = sequence(...[8_192, 256, 8_191].map((bits) => integer(oddNumber(bits))))
  return publicKeyInfo(sequence(objectIdentifier('2a8648ce380401'), parameters), integer(oddNumber(8_190)))
}

/** Each names itself as issuer and the next one's key identifier: every one has to be compared with all others. */
function identifiedChain(count: number): Buffer[] {
  const identifier = (index: number) => Buffer.from([index >> 8, index & 0xff])
  return Array.from({ length: count }, (_, index) => {
    const own = element(0x04, element(0x04, identifier(index)))
    const next = element(0x04, sequence(element(0x80, identifier(index + 1))))
    return ownLeaf({
      subject: 'A',
      signatureAlgorithm: sequence(objectIdentifier('2b6570')),
      extensions: [sequence(objectIdentifier('551d0e'), own), sequence(objectIdentifier('551d23'), next)],
    })
  })
}

function alternativeNames(count: number): Buffer {
  const names = Array.from({ length: count }, () => element(0x86, Buffer.from('"')))
  return sequence(objectIdentifier('551d11'), element(0x04, sequence(...names)))
}

function filled(unit: string): HostileData {
  return { ...good, 'tls.crt': Buffer.from(unit.repeat(Math.floor(mebibyte / unit.length))) }
}

function blockOf(unit: string): HostileData {
  const body = unit.repeat(Math.floor(mebibyte / unit.length))
  return {
    ...good,
    'tls.crt': Buffer.from(`-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`),
  }
}

function rsaPrivateKey(bits: number): Buffer {
  const half = bits / 2
  const sizes = [bits, 17, 17, half, half, 17, 17, 17]
  const der = sequence(integer(Buffer.from([0])), ...sizes.map((size) => integer(oddNumber(size))))
  return Buffer.from(blockPem(der, 'RSA PRIVATE KEY'))
}
