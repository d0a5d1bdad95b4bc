import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  bundle,
  chainFingerprint,
  createAuthority,
  createLeaf,
  crossSign,
  type TestCertificate,
} from '../../test/fixtures/certificates.ts'
import { blockPem, rawCertificate } from '../../test/fixtures/hostile-certificates.ts'
import { fingerprint } from './fingerprint.ts'
import type { CertificateType, Material } from './material.ts'
import { readPem, writePem } from './pem.ts'
import { readMaterial } from './read-material.ts'

let root: TestCertificate
let otherRoot: TestCertificate
let intermediate: TestCertificate
let crossed: TestCertificate
let leaf: TestCertificate

beforeAll(async () => {
  root = await createAuthority({ name: 'Root' })
  otherRoot = await createAuthority({ name: 'Other root', keyType: 'rsa' })
  intermediate = await createAuthority({ name: 'Intermediate', issuer: root })
  crossed = await crossSign(intermediate, otherRoot)
  leaf = await createLeaf({ commonName: 'a.example.com', issuer: intermediate })
})

describe('readMaterial of a server certificate', () => {
  it('gives the clean chain, its fingerprints and the clean key', () => {
    const untidy = bundle(leaf, intermediate, root).replaceAll('\n', ' \r\n\r\n')
    const material = server(`\ufeffsubject=a\n${untidy}\n\n`, leaf.keyPem)
    const pem = bundle(leaf, intermediate, root).trimEnd()
    const largest = Math.max(
      ...[leaf, intermediate, root].map((each) => each.certificatePem.trimEnd().length),
    )
    expect(material).toMatchObject({
      chain: {
        fingerprint: leaf.fingerprint,
        chainFingerprint: chainFingerprint('SVR', leaf, intermediate, root),
        length: 3,
        notAfter: leaf.notAfter.getTime(),
        notAfters: [leaf, intermediate, root].map((each) => each.notAfter.getTime()).sort(),
      },
      key: 'matches',
      inputHash: chainFingerprint('SVR', leaf, intermediate, root),
      sizes: { certificate: largest, chain: pem.length, key: leaf.keyPem.trimEnd().length },
    })
    expect(material.chainPem()).toBe(pem)
    expect(material.keyPem()).toBe(leaf.keyPem.trimEnd())
  })

  it.each(['rsa', 'ecdsa', 'ed25519'] as const)('matches an %s key with its certificate', async (keyType) => {
    const own = await createLeaf({ commonName: 'b.example.com', keyType, issuer: root })
    for (const key of [own.keyPem, own.keyPemTraditional]) {
      const material = server(bundle(own, root), key)
      expect(material.key).toBe('matches')
      expect(material.keyPem()).toBe(key.trimEnd())
    }
  })

  it('sends a reordered bundle with repetitions as the same chain', () => {
    const material = server(bundle(root, intermediate, leaf, root, leaf), leaf.keyPem)
    expect(material.chain?.chainFingerprint).toBe(chainFingerprint('SVR', leaf, intermediate, root))
  })

  it('sends every certificate of a cross-signed bundle', () => {
    const material = server(bundle(leaf, intermediate, crossed, root), leaf.keyPem)
    expect(material.chain?.chainFingerprint).toBe(chainFingerprint('SVR', leaf, intermediate, root, crossed))
    expect(material.key).toBe('matches')
  })

  it('sends a certificate once that is there as CERTIFICATE and as TRUSTED CERTIFICATE', () => {
    // What OpenSSL trusts a certificate for follows its DER.
    const trust = Buffer.from('300c300a06082b06010505070301', 'hex')
    const trusted = writePem('TRUSTED CERTIFICATE', Buffer.concat([root.der, trust]))
    for (const text of [`${bundle(leaf, root)}${trusted}\n`, `${trusted}\n${bundle(leaf, root)}`]) {
      const material = server(text, leaf.keyPem)
      expect(material.chain?.chainFingerprint).toBe(chainFingerprint('SVR', leaf, root))
      expect(material.chainPem()).toBe(bundle(leaf, root).trimEnd())
      expect(material.sizes.chain).toBe(material.chainPem().length)
    }
    expect(server(`${bundle(leaf)}${trusted}`, leaf.keyPem).chainPem()).toBe(bundle(leaf, root).trimEnd())
  })

  it('gives an EC key as PKCS#8 too, and its own form where nobody asks', () => {
    const material = server(bundle(leaf), leaf.keyPemTraditional)
    expect(material.keyPem()).toBe(leaf.keyPemTraditional.trimEnd())
    expect(material.keyPem('pkcs8')).toBe(leaf.keyPem.trimEnd())
  })

  it('gives an SM2 key that matches, whatever form it has', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'SM2' })
    const der = rawCertificate({
      subject: 'sm2',
      publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    })
    for (const type of ['sec1', 'pkcs8'] as const) {
      const key = privateKey.export({ type, format: 'pem' }).toString()
      const material = server(blockPem(der), key)
      expect(material.key).toBe('matches')
      expect(createPublicKey(material.keyPem()).equals(createPublicKey(key))).toBe(true)
    }
  })

  it('leaves what is not a certificate out of the chain, above all a private key', () => {
    const material = server(`${leaf.keyPem}${bundle(leaf, root)}${leaf.keyPemTraditional}`, leaf.keyPem)
    expect(readPem(material.chainPem()).blocks.map((each) => each.label)).toEqual([
      'CERTIFICATE',
      'CERTIFICATE',
    ])
  })

  it('reads the certificates where the key is missing, encrypted, foreign or unreadable', () => {
    const keys = {
      missing: undefined,
      encrypted: leaf.encryptedKeyPem('secret'),
      mismatch: root.keyPem,
      unreadable: 'no key',
    }
    for (const [state, key] of Object.entries(keys)) {
      const material = server(bundle(leaf, intermediate), key)
      expect(material.key).toBe(state)
      expect(material.chain?.fingerprint).toBe(leaf.fingerprint)
      expect(() => material.keyPem()).toThrow(state)
    }
  })

  it('says why there is no chain, and where', () => {
    const cut = bundle(leaf, intermediate).slice(0, -30)
    const lines = leaf.certificatePem.split('\n').length
    const noX509 = `${leaf.certificatePem}${writePem('CERTIFICATE', Buffer.from('no certificate'))}`
    expect(server(undefined, leaf.keyPem).problem).toEqual({ kind: 'missing' })
    expect(() => server(undefined, leaf.keyPem).chainPem()).toThrow('no chain')
    expect(server(' \n', leaf.keyPem).problem).toEqual({ kind: 'missing' })
    expect(server('not PEM', leaf.keyPem).problem).toMatchObject({
      detail: expect.stringContaining('no PEM block'),
    })
    expect(server(leaf.keyPem, leaf.keyPem).problem).toMatchObject({ kind: 'unreadable' })
    expect(server(cut, leaf.keyPem).problem).toMatchObject({
      detail: expect.stringContaining(`line ${lines}:`),
    })
    expect(server(noX509, leaf.keyPem).problem).toMatchObject({
      detail: expect.stringContaining('certificate 2'),
    })
    expect(server(Buffer.from([0xff, 0xfe, 0x2d, 0x00]), leaf.keyPem).problem).toMatchObject({
      kind: 'unreadable',
    })
    expect(server(leaf.der, leaf.keyPem).problem).toMatchObject({ kind: 'unreadable' })
  })

  it('hashes the certificate bytes, never the key, where there is no chain', () => {
    const expected = `raw:${fingerprint(Buffer.from('not PEM'))}`
    expect(server('not PEM', leaf.keyPem).inputHash).toBe(expected)
    expect(server('not PEM', root.keyPem).inputHash).toBe(expected)
    expect(server(undefined, leaf.keyPem).inputHash).toBe(`raw:${fingerprint(Buffer.alloc(0))}`)
  })

  it('reads no certificate of 900, and says how large they are', () => {
    const count = 900
    const different = Array.from({ length: count }, (_, index) => {
      const der = Buffer.from(leaf.der)
      der.writeUInt32BE(index, der.length - 4)
      return writePem('CERTIFICATE', der)
    })
    const text = different.join('\n')
    const material = server(text, leaf.keyPem)
    expect(material).toMatchObject({ problem: { kind: 'too-large' }, sizes: { chain: text.length } })
    expect(material.chain).toBeUndefined()
  })

  it('takes 2,000 copies of one certificate for one, and reads no more than 2,000', () => {
    const most = leaf.certificatePem.repeat(2_000)
    expect(server(most, leaf.keyPem).chain?.chainFingerprint).toBe(chainFingerprint('SVR', leaf))
    expect(server(`${most}${leaf.certificatePem}`, leaf.keyPem).problem).toMatchObject({
      detail: 'it holds more than 2000 PEM blocks',
    })
    const different = Array.from({ length: 2_001 }, (_, index) => {
      return writePem('CERTIFICATE', Buffer.from([0x30, index >> 8, index & 0xff]))
    })
    expect(server(different.join('\n'), leaf.keyPem)).toMatchObject({
      problem: { kind: 'unreadable' },
      sizes: { chain: 0 },
    })
  })

  it('counts what is sent, not the text around it', () => {
    const material = server(`${'# a comment\n'.repeat(90_000)}${leaf.certificatePem}`, leaf.keyPem)
    expect(material.chain?.fingerprint).toBe(leaf.fingerprint)
    expect(material.sizes.chain).toBe(leaf.certificatePem.trimEnd().length)
  })

  it('takes any bytes in every data key without throwing', () => {
    const value = fc.option(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        fc
          .uint8Array({ minLength: 1, maxLength: 300 })
          .map((bytes) => Buffer.from(writePem('CERTIFICATE', bytes))),
        fc
          .uint8Array({ minLength: 1, maxLength: 300 })
          .map((bytes) => Buffer.from(writePem('PRIVATE KEY', bytes))),
        fc.nat().map((cut) => Buffer.from(bundle(leaf, root).slice(cut % 500))),
      ),
      { nil: undefined },
    )
    const data = fc.record({ 'tls.crt': value, 'tls.key': value, 'ca.crt': value })
    fc.assert(
      fc.property(data, fc.constantFrom<CertificateType>('SVR', 'CA'), (data, type) => {
        const material = readMaterial({ type, data })
        expect(material.chain === undefined).toBe(material.problem !== undefined)
        expect(material.key).not.toBe('matches')
      }),
    )
  })

  it('survives any change to any byte of a certificate', () => {
    for (let at = 0; at < leaf.der.length; at++) {
      const der = Buffer.from(leaf.der)
      der[at] = (der[at] ?? 0) ^ 0x55
      const { chain, problem } = server(writePem('CERTIFICATE', der), leaf.keyPem)
      expect(chain?.fingerprint ?? problem?.kind).not.toBe(leaf.fingerprint)
    }
  })

  it('shows nothing of the private key, however it is printed', () => {
    const keys = [leaf.keyPem, root.keyPem, leaf.encryptedKeyPem('secret')]
    for (const key of keys) {
      const material = server(bundle(leaf), key)
      const shown = JSON.stringify(material) + inspect(material, { depth: null, showHidden: true })
      const lines = key.split('\n').slice(1, -2)
      expect(lines.filter((line) => shown.includes(line.slice(0, 16)))).toEqual([])
    }
  })

  it('keeps a chain free of anything that could reach the key', () => {
    const { chain } = server(bundle(leaf, root), leaf.keyPem)
    expect(structuredClone(chain)).toEqual(chain)
    expect(chain).toBeDefined()
  })
})

describe('readMaterial of CA certificates', () => {
  it('takes the first certificate of ca.crt for the leaf and needs no key', () => {
    const data = { 'ca.crt': Buffer.from(bundle(intermediate, root)), 'tls.key': Buffer.from(leaf.keyPem) }
    const material = readMaterial({ type: 'CA', data })
    expect(material).toMatchObject({
      key: 'not-needed',
      chain: {
        fingerprint: intermediate.fingerprint,
        chainFingerprint: chainFingerprint('CA', intermediate, root),
        authority: true,
      },
    })
    expect(() => material.keyPem()).toThrow('not-needed')
  })

  it('does not look for ca.crt in tls.crt', () => {
    const data = { 'tls.crt': Buffer.from(bundle(root)) }
    expect(readMaterial({ type: 'CA', data }).problem).toEqual({ kind: 'missing' })
  })
})

function server(certificates: string | Buffer | undefined, key: string | undefined): Material {
  const data = {
    'tls.crt': certificates === undefined ? undefined : Buffer.from(certificates),
    'tls.key': key === undefined ? undefined : Buffer.from(key),
  }
  return readMaterial({ type: 'SVR', data })
}
