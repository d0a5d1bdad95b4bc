import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { createLeaf, type KeyType, type TestCertificate } from '../../test/fixtures/certificates.ts'
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

  it('believes the content where the label lies', () => {
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
    ['EC with explicit parameters, SEC1', () => ecKey('P-256', 'sec1', 'explicit')],
    ['EC with explicit parameters, PKCS#8', () => ecKey('P-256', 'pkcs8', 'explicit')],
    ['EC on a rare curve', () => ecKey('brainpoolP384t1', 'sec1')],
    ['EC on a binary curve', () => ecKey('sect283r1', 'sec1', 'explicit')],
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
