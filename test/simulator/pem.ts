import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { ApiError } from './api-error.ts'

const block = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n((?:[A-Za-z0-9+/=]{1,64}\r?\n)+)-----END \1-----(?:\r?\n|$)/y
const keyLabels = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY']
/** DER of the object identifier 1.2.156.10197.1.301, the SM2 curve. */
const sm2Curve = Buffer.from('06082a811ccf5501822d', 'hex')

/**
 * Reads a bundle as strictly as the vendor's trouble-shooting page suggests: blocks of at most 64 columns one
 * after the other, nothing before, between or after them, no stray blank.
 * @throws ApiError FailedOperation.CertificateParseError, FailedOperation.CertificateEncryptInvalid
 */
export function parseChain(pem: string): readonly [X509Certificate, ...X509Certificate[]] {
  const chain: X509Certificate[] = []
  block.lastIndex = 0
  while (block.lastIndex < pem.length || chain.length === 0) {
    const match = block.exec(pem)
    if (match === null || match[1] !== 'CERTIFICATE') throw unparsable('certificate')
    chain.push(parseCertificate(match[2] ?? ''))
  }
  const [leaf, ...rest] = chain
  if (leaf === undefined) throw unparsable('certificate')
  return [leaf, ...rest]
}

/**
 * Reads one private key, PKCS#1, PKCS#8 or SEC1.
 * @param passphrase of an encrypted key
 * @throws ApiError FailedOperation.CertificateParseError, whose message never holds any of the key
 */
export function parsePrivateKey(pem: string, passphrase?: string): KeyObject {
  const legacyEncryption = /^-----BEGIN [A-Z ]+-----\r?\nProc-Type: 4,ENCRYPTED\r?\n/.test(pem)
  if (!legacyEncryption) {
    block.lastIndex = 0
    const match = block.exec(pem)
    const whole = match !== null && block.lastIndex === pem.length
    if (!whole || !keyLabels.includes(match[1] ?? '')) throw unparsable('private key')
  }
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase !== undefined && { passphrase }) })
  } catch {
    throw unparsable('private key')
  }
}

function parseCertificate(base64: string): X509Certificate {
  const der = Buffer.from(base64, 'base64')
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(der)
  } catch {
    throw unparsable('certificate')
  }
  // OpenSSL ignores what follows the certificate inside a block.
  if (!certificate.raw.equals(der)) throw unparsable('certificate')
  if (der.includes(sm2Curve)) {
    throw new ApiError('FailedOperation.CertificateEncryptInvalid', 'The certificate is an SM2 certificate.')
  }
  return certificate
}

function unparsable(what: string): ApiError {
  return new ApiError(
    'FailedOperation.CertificateParseError',
    `The ${what} cannot be parsed. Check the format and look for stray blanks.`,
  )
}
