import type { X509Certificate } from 'node:crypto'
import { fingerprint } from './fingerprint.ts'
import type { Chain } from './material.ts'

/** What is known of a chain by its leaf. */
export type Leaf = Omit<Chain, 'chainFingerprint' | 'notAfters' | 'length'>

/** From when to when a certificate is valid; ms since the Unix epoch. */
export interface Validity {
  readonly notBefore: number
  readonly notAfter: number
}

const maximumNameLength = 256

/**
 * Reads the validity, or undefined where a date is not valid. From the text form: `validToDate` of an invalid date returns
 * whatever was in memory, sometimes a date.
 */
export function readValidity(certificate: X509Certificate): Validity | undefined {
  const notBefore = Date.parse(certificate.validFrom)
  const notAfter = Date.parse(certificate.validTo)
  return Number.isNaN(notBefore) || Number.isNaN(notAfter) ? undefined : { notBefore, notAfter }
}

/**
 * Describes a certificate. Names are taken from their text forms: `toLegacyObject()` ends the process with a
 * segmentation fault when the public key does not decode (Node 24). They are cut, so that a description stays small.
 */
export function describeLeaf(certificate: X509Certificate, { notBefore, notAfter }: Validity): Leaf {
  return {
    fingerprint: fingerprint(certificate.raw),
    notBefore,
    notAfter,
    domain: shown(commonName(certificate.subject) || firstDnsName(certificate.subjectAltName ?? '')),
    issuerCommonName: shown(commonName(certificate.issuer)),
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

/** On one line, and not longer than a name needs to be. A copy, because a slice would keep the whole text in memory. */
function shown(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ').trim()
  return Buffer.from(line.slice(0, maximumNameLength)).toString()
}

/**
 * Node's text form is `DNS:a, IP Address:b, DNS:"c"`, where a value with unusual characters is a JSON string, so that
 * a comma in a value cannot make up a name. Empty when there is none.
 */
function firstDnsName(subjectAltName: string): string {
  for (const [entry] of subjectAltName.matchAll(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g)) {
    const value = entry.trim().match(/^DNS:(.*)$/s)?.[1]
    if (value !== undefined) return value.startsWith('"') ? String(JSON.parse(value)) : value
  }
  return ''
}
