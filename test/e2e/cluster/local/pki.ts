import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const hourMs = 3_600_000
const tenDaysMs = 10 * 24 * hourMs

/** A certificate with its private key, both PEM. */
export interface Identity {
  certificate: string
  key: string
}

/** What a certificate is made for. */
export interface IdentityRequest {
  /** "CN=kube-apiserver", "O=system:masters, CN=admin". */
  subject: string
  usage: 'server' | 'client'
  dnsNames?: readonly string[]
  ipAddresses?: readonly string[]
}

/** A certificate authority for one cluster: a new key, good for ten days, never written anywhere. */
export class Authority {
  readonly certificatePem: string
  readonly #subject: string
  readonly #keys: webcrypto.CryptoKeyPair

  private constructor(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.certificatePem = certificate.toString('pem')
    this.#subject = certificate.subject
    this.#keys = keys
  }

  static async create(name = 'CN=tencent-cert-sync e2e cluster'): Promise<Authority> {
    const keys = await keyPair()
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serial(),
      name,
      ...validity(),
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    })
    return new Authority(certificate, keys)
  }

  async issue({ subject, usage, dnsNames = [], ipAddresses = [] }: IdentityRequest): Promise<Identity> {
    const keys = await keyPair()
    const names = [
      ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
      ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
    ]
    const purpose = usage === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject,
      issuer: this.#subject,
      ...validity(),
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([purpose]),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ],
    })
    return { certificate: certificate.toString('pem'), key: await privatePem(keys) }
  }
}

/** A key pair that signs ServiceAccount tokens and verifies them, both PEM. */
export async function signingKeys(): Promise<{ key: string; publicKey: string }> {
  const keys = await keyPair()
  const publicKey = await webcrypto.subtle.exportKey('spki', keys.publicKey)
  return { key: await privatePem(keys), publicKey: x509.PemConverter.encode(publicKey, 'PUBLIC KEY') }
}

function validity() {
  // An hour back: nobody is to wait for a clock.
  return { notBefore: new Date(Date.now() - hourMs), notAfter: new Date(Date.now() + tenDaysMs) }
}

function keyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function privatePem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
}

/** Positive, as RFC 5280 wants it (4.1.2.2). */
function serial(): string {
  return `01${randomBytes(15).toString('hex')}`
}
