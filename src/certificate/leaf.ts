import type { X509Certificate } from 'node:crypto'
import { fingerprint } from './fingerprint.ts'
import type { Chain } from './material.ts'

/** What is told about a chain's leaf. */
export type Leaf = Omit<Chain, 'chainFingerprint' | 'lastNotAfter' | 'length' | 'pem'>

const maximumDomainLength = 256

/**
 * Describes a certificate. Throws where it has no readable validity. Names are taken from their text forms:
 * `toLegacyObject()` ends the process with a segmentation fault when the public key does not decode (Node 24). So are
 * the times: `validToDate` of a time that is none is whatever was in memory, at times a date.
 */
export function describeLeaf(certificate: X509Certificate): Leaf {
  const dnsNames = readDnsNames(certificate.subjectAltName ?? '')
  const notBefore = Date.parse(certificate.validFrom)
  const notAfter = Date.parse(certificate.validTo)
  if (Number.isNaN(notBefore) || Number.isNaN(notAfter)) throw new Error('the validity does not parse')
  return {
    fingerprint: fingerprint(certificate.raw),
    notBefore,
    notAfter,
    domain: oneLine(commonName(certificate.subject) || (dnsNames[0] ?? '')).slice(0, maximumDomainLength),
    dnsNames,
    issuer: oneLine((certificate.issuer ?? '').replaceAll('\n', ', ')),
    issuerCommonName: commonName(certificate.issuer),
    serialNumber: certificate.serialNumber,
    keyType: keyTypeOf(certificate),
    authority: certificate.ca,
  }
}

/**
 * The first common name of a distinguished name in Node's text form: an attribute a line, or several with ` + `
 * between, values escaped as in RFC 2253, so that no value can look like an attribute. Empty when there is none.
 */
function commonName(name: string | undefined): string {
  const escaped = name?.match(/(?:^|\n| \+ )CN=((?:\\.|[^\\\n+])*?)(?= \+ |\n|$)/)?.[1] ?? ''
  return escaped.replace(/\\([0-9A-F]{2}|.)/g, (_, code: string) =>
    code.length === 2 ? String.fromCharCode(Number.parseInt(code, 16)) : code,
  )
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim()
}

/**
 * Node's text form is `DNS:a, IP Address:b, DNS:"c"`, where a value with unusual characters is a JSON string, so that
 * a comma in a value cannot make up a name.
 */
function readDnsNames(subjectAltName: string): string[] {
  const names: string[] = []
  for (const [entry] of subjectAltName.matchAll(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g)) {
    const value = entry.trim().match(/^DNS:(.*)$/s)?.[1]
    if (value === undefined) continue
    names.push(value.startsWith('"') ? String(JSON.parse(value)) : value)
  }
  return names
}

function keyTypeOf(certificate: X509Certificate): string {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey
    const size = asymmetricKeyDetails?.namedCurve ?? asymmetricKeyDetails?.modulusLength
    return [asymmetricKeyType ?? 'unknown', ...(size === undefined ? [] : [size])].join('-')
  } catch {
    return 'unknown' // an algorithm that OpenSSL does not have: the service may
  }
}
