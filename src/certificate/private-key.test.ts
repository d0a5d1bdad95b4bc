import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { inspect } from 'node:util'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { createLeaf, type KeyType, type TestCertificate } from '../../test/fixtures/certificates.ts'
import {
  bitString,
  blockPem,
  element,
  integer,
  nothing,
  objectIdentifier,
  oddNumber,
  sequence,
} from '../../test/fixtures/hostile-certificates.ts'
import { pemSize, readPem, writePem } from './pem.ts'
import { readPrivateKey } from './private-key.ts'

const leaves = new Map<KeyType, TestCertificate>()

beforeAll(async () => {
  for (const keyType of ['rsa', 'ecdsa', 'ed25519'] as const) {
    leaves.set(keyType, await createLeaf({ commonName: 'a.example.com', keyType }))
  }
})

describe('readPrivateKey', () => {
  it.each([
    ['rsa', 'keyPem', 'PRIVATE KEY'],
    ['rsa', 'keyPemTraditional', 'RSA PRIVATE KEY'],
    ['ecdsa', 'keyPem', 'PRIVATE KEY'],
    ['ecdsa', 'keyPemTraditional', 'EC PRIVATE KEY'],
    ['ed25519', 'keyPem', 'PRIVATE KEY'],
  ] as const)('reads an %s %s and writes it clean in the same form', (keyType, form, label) => {
    const original = leafOf(keyType)[form]
    const untidy = `Bag Attributes\n  friendlyName: x\n${original.replaceAll('\n', '\r\n')}\r\n \r\n`
    const reading = readPrivateKey(Buffer.from(untidy))
    if (reading.kind !== 'readable') throw new Error(reading.kind)
    expect(reading.pem()).toBe(original.trimEnd())
    expect(reading.pem().startsWith(`-----BEGIN ${label}-----\n`)).toBe(true)
    expect(reading.size).toBe(reading.pem().length)
    expect(createPublicKey(reading.pem()).equals(createPublicKey(leafOf(keyType).key))).toBe(true)
  })

  it('passes over EC PARAMETERS and certificates beside the key', () => {
    const parameters = writePem('EC PARAMETERS', Buffer.from('06082a8648ce3d030107', 'hex'))
    const { keyPemTraditional, certificatePem } = leafOf('ecdsa')
    const reading = readPrivateKey(Buffer.from(`${certificatePem}${parameters}\n${keyPemTraditional}`))
    expect(reading.kind === 'readable' && reading.pem()).toBe(keyPemTraditional.trimEnd())
  })

  it('reads the content where the label is wrong', () => {
    const { keyPem } = leafOf('rsa')
    const reading = readPrivateKey(Buffer.from(keyPem.replaceAll('PRIVATE KEY', 'RSA PRIVATE KEY')))
    expect(reading.kind === 'readable' && reading.pem()).toBe(keyPem.trimEnd())
  })

  it.each(['rsa', 'ecdsa'] as const)('tells that an %s key is encrypted, in both forms', (keyType) => {
    const leaf = leafOf(keyType)
    expect(readPrivateKey(Buffer.from(leaf.encryptedKeyPem('secret'))).kind).toBe('encrypted')
    expect(readPrivateKey(Buffer.from(leaf.encryptedKeyPemTraditional('secret'))).kind).toBe('encrypted')
  })

  it.each([undefined, '', ' \r\n\t\n'])('tells that %j is no key at all', (text) => {
    expect(readPrivateKey(text === undefined ? undefined : Buffer.from(text)).kind).toBe('missing')
  })

  it('tells why it cannot read a key, with nothing of the key in what it says', () => {
    const { keyPem, certificatePem, key } = leafOf('rsa')
    const body = keyPem.split('\n').slice(1, -2)
    const der = key.export({ type: 'pkcs8', format: 'der' })
    const damaged = {
      'no PEM block': certificatePem,
      'line 1: the block is damaged': keyPem.slice(0, -30),
      'does not parse': writePem(
        'PRIVATE KEY',
        Buffer.concat([der.subarray(0, 100), Buffer.alloc(der.length - 100)]),
      ),
      'not a PKCS#8, PKCS#1 or SEC1': writePem('PRIVATE KEY', der.subarray(0, -1)),
    }
    for (const [detail, text] of Object.entries(damaged)) {
      const reading = readPrivateKey(Buffer.from(text))
      expect(reading.kind === 'unreadable' && reading.detail).toContain(detail)
      const shown = inspect(reading, { depth: null, showHidden: true })
      expect(body.filter((line) => shown.includes(line.slice(0, 16)))).toEqual([])
    }
    expect(readPrivateKey(der).kind).toBe('unreadable')
  })

  it('writes an SM2 key as PKCS#8, the only form that OpenSSL writes it in', () => {
    for (const text of [ecKey('SM2', 'sec1'), ecKey('SM2', 'sec1').replaceAll('EC PRIVATE', 'SM2 PRIVATE')]) {
      const reading = readPrivateKey(Buffer.from(text))
      if (reading.kind !== 'readable') throw new Error(reading.kind)
      expect(() => reading.key.export({ type: 'sec1', format: 'pem' })).toThrow()
      expect(reading.pem()).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
      expect(reading.pem('pkcs8')).toBe(reading.pem())
    }
  })

  it.each([
    ...['P-224', 'P-256', 'P-384', 'P-521', 'brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1'].flatMap(
      (curve): [string, () => string][] => [
        [`EC on ${curve}, SEC1`, () => ecKey(curve, 'sec1')],
        [`EC on ${curve}, PKCS#8`, () => ecKey(curve, 'pkcs8')],
      ],
    ),
    ['EC without its public point', () => pointless('P-384')],
    ...['P-256', 'P-521'].flatMap((curve): [string, () => string][] => [
      [`EC on ${curve} whose number has leading zeros, SEC1`, () => padded(curve, 'sec1', 1)],
      [`EC on ${curve} whose number has leading zeros, PKCS#8`, () => padded(curve, 'pkcs8', 1)],
      [`EC on ${curve} whose number has many leading zeros`, () => padded(curve, 'sec1', 9_000)],
    ]),
    ['EC that names its curve in PKCS#8 twice', () => namedTwice('P-521')],
    ['RSA-PSS', () => rsaPssKey({})],
    ['RSA-PSS with parameters', () => rsaPssKey({ hashAlgorithm: 'sha256', mgf1HashAlgorithm: 'sha256' })],
    ['Ed448', () => pkcs8(generateKeyPairSync('ed448').privateKey)],
    ['ML-DSA', () => pkcs8(generateKeyPairSync('ml-dsa-44').privateKey)],
    ['RSA, PKCS#1', () => leafOf('rsa').keyPemTraditional],
    ['SM2, SEC1', () => ecKey('SM2', 'sec1')],
    ['SM2, PKCS#8', () => ecKey('SM2', 'pkcs8')],
  ])('writes what it reads in two forms: %s', (_, text) => {
    const original = text()
    const reading = readPrivateKey(Buffer.from(original))
    if (reading.kind !== 'readable') throw new Error(reading.kind)
    expect(reading.pem('pkcs8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/)
    for (const pem of [reading.pem(), reading.pem('pkcs8')]) {
      expect(createPublicKey(pem).equals(createPublicKey(original))).toBe(true)
    }
  })

  it('calls a key unreadable that can be written in no form', () => {
    const { keyPemTraditional, key } = leafOf('ecdsa')
    const write = vi.spyOn(Object.getPrototypeOf(key), 'export').mockImplementation(() => {
      throw new Error('Failed to encode private key')
    })
    const reading = readPrivateKey(Buffer.from(keyPemTraditional))
    write.mockRestore()
    expect(reading).toMatchObject({
      kind: 'unreadable',
      detail: expect.stringContaining('cannot be written'),
    })
  })

  it('does not hand OpenSSL a DSA key, whose numbers it would raise for seconds', () => {
    const key = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).privateKey
    const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString()
    expect(createPrivateKey(pem).asymmetricKeyType).toBe('dsa')
    expect(readPrivateKey(Buffer.from(pem)).kind).toBe('unreadable')
  })

  it.each([
    ['EC that spells out its curve, SEC1', () => ecKey('P-256', 'sec1', 'explicit'), 'curve is spelled out'],
    [
      'EC that spells out its curve, PKCS#8',
      () => ecKey('P-256', 'pkcs8', 'explicit'),
      'curve is spelled out',
    ],
    ['EC on a binary curve', () => ecKey('sect283r1', 'pkcs8'), 'on a curve that is not supported'],
    ['EC with a compressed point', () => ecPem(sec1('P-256', 'compressed')), 'point is compressed'],
    ['EC with a point that is too short', () => ecPem(sec1('P-256', 'cut')), 'not one of its curve'],
    ['EC without a curve', () => ecPem(sec1('P-256', 'uncompressed', false)), 'names no curve'],
    [
      'EC with a number of 9,000 bytes',
      () => ecPem(sec1('P-256', 'none', true, 9_000)),
      'does not parse: a part',
    ],
    [
      'EC with a number of one byte too many',
      () => ecPem(sec1('P-256', 'none', true, 33)),
      'does not parse: a part',
    ],
    ['EC with one more element', () => ecPem(withOneMore(sec1('P-256', 'none'))), 'does not parse: a part'],
    ['RSA of 8193 bits', () => rsaPem([8_193, 17, 8_000]), 'RSA key of 8193 bits'],
    ['RSA with a public exponent of 33 bits', () => rsaPem([2_048, 33, 2_000]), 'exponent has 33 bits'],
    ['RSA with a number longer than the modulus', () => rsaPem([2_048, 17, 2_049]), 'does not parse: a part'],
    ['RSA of three primes', () => rsaPem([2_048, 17, 2_000], sequence()), 'does not parse: a part'],
    ['X25519', () => pkcs8(generateKeyPairSync('x25519').privateKey), 'not a PKCS#8, PKCS#1 or SEC1'],
  ])('does not hand OpenSSL what may take long to load: %s', (_, text, detail) => {
    const reading = readPrivateKey(Buffer.from(text()))
    expect(reading).toMatchObject({ kind: 'unreadable', detail: expect.stringContaining(detail) })
  })

  it('does not look at a key above the limit, but tells its size', () => {
    const bytes = Buffer.concat([
      leafOf('rsa').key.export({ type: 'pkcs1', format: 'der' }),
      Buffer.alloc(9_000),
    ])
    const reading = readPrivateKey(Buffer.from(writePem('RSA PRIVATE KEY', bytes)))
    expect(reading).toMatchObject({ kind: 'unreadable', size: pemSize('RSA PRIVATE KEY', bytes.length) })
  })

  it('takes any change to any byte of a key without throwing', () => {
    const der = leafOf('ecdsa').key.export({ type: 'sec1', format: 'der' })
    for (let at = 0; at < der.length; at++) {
      for (const value of [0x00, 0x80, 0xff]) {
        const changed = Buffer.from(der)
        changed[at] = value
        const reading = readPrivateKey(Buffer.from(writePem('EC PRIVATE KEY', changed)))
        if (reading.kind === 'readable') expect(readPem(reading.pem()).blocks).toHaveLength(1)
      }
    }
  })
})

function ecKey(namedCurve: string, type: 'sec1' | 'pkcs8', paramEncoding: 'named' | 'explicit' = 'named') {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve, paramEncoding })
  return privateKey.export({ type, format: 'pem' }).toString()
}

const curveIdentifiers: Record<string, string> = {
  'P-256': '2a8648ce3d030107',
  'P-384': '2b81040022',
  'P-521': '2b81040023',
}
const curveNames: Record<string, string> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
}

function curveIdentifier(curve: string): Buffer {
  return objectIdentifier(curveIdentifiers[curve] ?? '')
}

/** A SEC1 key, element by element. */
function sec1(
  curve: string,
  point: 'uncompressed' | 'compressed' | 'cut' | 'none',
  named = true,
  scalarBytes?: number,
): Buffer {
  const ecdh = createECDH(curveNames[curve] ?? '')
  ecdh.generateKeys()
  const publicKey = ecdh.getPublicKey(null, point === 'compressed' ? 'compressed' : 'uncompressed')
  const scalar = scalarBytes === undefined ? ecdh.getPrivateKey() : Buffer.alloc(scalarBytes, 1)
  return sequence(
    integer(Buffer.from([1])),
    element(0x04, scalar),
    ...(named ? [element(0xa0, curveIdentifier(curve))] : []),
    ...(point === 'none' ? [] : [element(0xa1, bitString(publicKey.subarray(point === 'cut' ? 1 : 0)))]),
  )
}

/** A key whose number is longer than those of its curve, though not larger. */
function padded(namedCurve: string, form: 'sec1' | 'pkcs8', zeros: number): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve })
  const { d = '' } = privateKey.export({ format: 'jwk' })
  const scalar = Buffer.concat([Buffer.alloc(zeros), Buffer.from(d, 'base64url')])
  const key = sequence(
    integer(Buffer.from([1])),
    element(0x04, scalar),
    element(0xa0, curveIdentifier(namedCurve)),
  )
  if (form === 'sec1') return ecPem(key)
  const algorithm = sequence(objectIdentifier('2a8648ce3d0201'), curveIdentifier(namedCurve))
  return blockPem(sequence(integer(Buffer.from([0])), algorithm, element(0x04, key)), 'PRIVATE KEY')
}

function pointless(curve: string): string {
  return ecPem(sec1(curve, 'none'))
}

function namedTwice(curve: string): string {
  const algorithm = sequence(objectIdentifier('2a8648ce3d0201'), curveIdentifier(curve))
  const key = sequence(integer(Buffer.from([0])), algorithm, element(0x04, sec1(curve, 'uncompressed')))
  return blockPem(key, 'PRIVATE KEY')
}

function withOneMore(key: Buffer): Buffer {
  return sequence(key.subarray(2), nothing)
}

function ecPem(der: Buffer): string {
  return blockPem(der, 'EC PRIVATE KEY')
}

/** An RSA key of numbers that do not belong together: sizes of modulus, public and private exponent. */
function rsaPem(sizes: readonly [number, number, number], ...more: readonly Buffer[]): string {
  const numbers = [...sizes, 1_000, 1_000, 1_000, 1_000, 1_000].map((bits) => integer(oddNumber(bits)))
  return blockPem(sequence(integer(Buffer.from([0])), ...numbers, ...more), 'RSA PRIVATE KEY')
}

function rsaPssKey(options: {
  readonly hashAlgorithm?: string
  readonly mgf1HashAlgorithm?: string
}): string {
  return pkcs8(generateKeyPairSync('rsa-pss', { modulusLength: 1024, ...options }).privateKey)
}

function pkcs8(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

function leafOf(keyType: KeyType): TestCertificate {
  const leaf = leaves.get(keyType)
  if (leaf === undefined) throw new Error(`no ${keyType} leaf`)
  return leaf
}
