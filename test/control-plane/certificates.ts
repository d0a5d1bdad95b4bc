import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const tenDays = 10 * 24 * 3_600_000

/** What the API server needs to be trusted and to sign, all PEM. */
export interface ControlPlaneCertificates {
  ca: string
  serverCertificate: string
  serverKey: string
  /** Signs and verifies ServiceAccount tokens. */
  serviceAccountKey: string
  serviceAccountPublicKey: string
}

/** A new CA and a server certificate for loopback, good for ten days, and a new key for ServiceAccount tokens. */
export async function createCertificates(): Promise<ControlPlaneCertificates> {
  const [caKeys, serverKeys, accountKeys] = await Promise.all([keyPair(), keyPair(), keyPair()])
  // An hour back: clocks of containers and machines differ.
  const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + tenDays) }
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: 'CN=tencent-cert-sync test control plane',
    ...validity,
    keys: caKeys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  })
  const server = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: 'CN=kube-apiserver',
    issuer: ca.subject,
    ...validity,
    publicKey: serverKeys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'localhost' },
        { type: 'dns', value: 'kubernetes.default.svc' },
      ]),
    ],
  })
  return {
    ca: ca.toString('pem'),
    serverCertificate: server.toString('pem'),
    serverKey: await privatePem(serverKeys),
    serviceAccountKey: await privatePem(accountKeys),
    serviceAccountPublicKey: x509.PemConverter.encode(
      await webcrypto.subtle.exportKey('spki', accountKeys.publicKey),
      'PUBLIC KEY',
    ),
  }
}

function keyPair(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function privatePem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
}

function serial(): string {
  return `01${randomBytes(15).toString('hex')}`
}
