import { userKeys } from '../../src/contract/annotation-keys.ts'
import {
  createAuthority,
  createLeaf,
  crossSign,
  type LeafOptions,
  type TestCertificate,
  temporaryCertificate,
} from '../fixtures/certificates.ts'
import {
  type Authorities,
  authority,
  broken,
  certificateName,
  type Member,
  optIn,
  server,
  tlsData,
} from './member.ts'

/** Everybody who is in it, and what later acts need to renew them. */
export interface Cast {
  readonly authorities: Authorities
  /** One of each kind. */
  readonly characters: readonly Member[]
  /** A dozen like each other, for crowds. */
  readonly crowd: readonly Member[]
  /** The certificate of `blog`, whose chain changes while its leaf stays. */
  readonly blogLeaf: TestCertificate
  /** The certificate of `wrong-key`, whose key somebody will correct. */
  readonly wrongKeyLeaf: TestCertificate
}

const dayMs = 86_400_000

/** Makes every certificate and says what each Secret holds. Takes about a second, most of it for RSA keys. */
export async function createCast(): Promise<Cast> {
  const root = await createAuthority({ name: 'Demo Root' })
  const issuer = await createAuthority({ name: 'Demo Issuer', issuer: root })
  const otherRoot = await createAuthority({ name: 'Demo Root 2' })
  const authorities = { root, issuer, otherRoot, crossSigned: await crossSign(issuer, otherRoot) }
  const leaf = (commonName: string, options: Partial<LeafOptions> = {}) =>
    createLeaf({ commonName, issuer, ...options })
  const valid = (name: string, about: string, first: TestCertificate, key?: string) =>
    server(name, about, [first, issuer], key === undefined ? {} : { key })
  const [twin, blogLeaf, wrongKeyLeaf, locked, apiRsa, apiEcdsa, unordered, standIn] = await Promise.all([
    leaf('twin.example.com'),
    leaf('blog.example.com'),
    leaf('wrong-key.example.com'),
    leaf('locked.example.com'),
    leaf('api.example.com', { keyType: 'rsa' }),
    leaf('api.example.com'),
    leaf('unordered.example.com'),
    temporaryCertificate({ commonName: 'temporary.example.com' }),
  ])
  const past = { notBefore: new Date(Date.now() - 91 * dayMs), notAfter: new Date(Date.now() - dayMs) }
  const characters = [
    valid('shop-rsa', 'RSA 2048', await leaf('shop.example.com', { keyType: 'rsa' })),
    valid('shop-ecdsa', 'ECDSA P-256, same host', await leaf('shop.example.com')),
    valid('api-rsa', 'RSA, PKCS#1 key', apiRsa, apiRsa.keyPemTraditional),
    valid('api-ecdsa', 'ECDSA, SEC1 key', apiEcdsa, apiEcdsa.keyPemTraditional),
    valid('wildcard', '*.example.com', await leaf('*.example.com')),
    server('self-signed', 'without an issuer', [await createLeaf({ commonName: 'intern.example.com' })]),
    valid('blog', 'leaf and intermediate', blogLeaf),
    {
      ...server('unordered', 'chain in the wrong order', [unordered, issuer, root]),
      data: tlsData([root, issuer, unordered], unordered.keyPem),
    },
    valid('twin-one', 'shared with twin-two', twin),
    valid('twin-two', 'shared with twin-one', twin),
    authority('private-ca', 'a CA, no private key', await createAuthority({ name: 'Private CA' })),
    {
      ...valid('all-settings', 'alias, use, project, tags', await leaf('settings.example.com')),
      annotations: {
        ...optIn,
        [userKeys.alias]: '{name} for {domain}',
        [userKeys.certificateUse]: 'CLB',
        [userKeys.projectId]: '1634827',
        [userKeys.tags]: 'team=web,tier=1',
      },
    },
    valid(
      'expires-soon',
      'in three days',
      await leaf('soon.example.com', { notAfter: new Date(Date.now() + 3 * dayMs) }),
    ),
    {
      ...server('temporary', "cert-manager's stand-in", [standIn]),
      annotations: { ...optIn, [certificateName]: 'temporary' },
      expected: { phase: 'Pending', reason: 'TemporaryCertificate' },
    },
    {
      ...valid('typo', 'upload: "yes"', await leaf('typo.example.com')),
      annotations: { [userKeys.upload]: 'yes' },
      expected: { phase: 'Rejected', reason: 'InvalidAnnotation' },
    },
    {
      ...valid('expired', 'since yesterday', await leaf('expired.example.com', past)),
      expected: { phase: 'Rejected', reason: 'CertificateExpired' },
    },
    {
      ...valid('wrong-key', "another certificate's key", wrongKeyLeaf, twin.keyPem),
      expected: { phase: 'Rejected', reason: 'KeyMismatch' },
    },
    {
      ...valid('locked-key', 'key with a passphrase', locked, locked.encryptedKeyPem('demo')),
      expected: { phase: 'Rejected', reason: 'KeyEncrypted' },
    },
    {
      ...broken('not-a-pem', 'tls.crt is a text', 'to be filled in later'),
      expected: { phase: 'Rejected', reason: 'CertificateUnreadable' },
    },
    {
      ...broken('empty', 'nothing in it yet', ''),
      expected: { phase: 'Rejected', reason: 'MissingData' },
    },
    {
      ...valid('not-opted-in', 'no annotation', await leaf('private.example.com')),
      annotations: {},
      expected: { phase: 'none', why: 'not opted in' },
    },
    {
      ...valid('paused', 'paused: "true"', await leaf('paused.example.com')),
      annotations: { ...optIn, [userKeys.paused]: 'true' },
      expected: { phase: 'none', why: 'paused' },
    },
  ] satisfies Member[]
  const numbers = Array.from({ length: 12 }, (_, index) => String(index + 1).padStart(2, '0'))
  const crowd = await Promise.all(
    numbers.map(async (number) =>
      valid(`store-${number}`, 'one of a dozen', await leaf(`store-${number}.example.com`)),
    ),
  )
  return { authorities, characters, crowd, blogLeaf, wrongKeyLeaf }
}
