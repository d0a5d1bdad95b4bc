import type { CertificateType } from '../certificate/material.ts'
import type { RemoteCertificate, Tag } from '../ports/ssl-service.ts'
import { parseServiceDate } from './service-date.ts'

/** A text that the service may use as the id of a certificate (today: 8 letters and digits). */
export function isCertificateId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value)
}

/**
 * Reads one entry of DescribeCertificates. Every field may be null or absent; an entry without a usable id is
 * no certificate for us.
 */
export function readRemoteCertificate(entry: unknown): RemoteCertificate | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const fields = entry as Readonly<Record<string, unknown>>
  const { CertificateId: certificateId } = fields
  if (!isCertificateId(certificateId)) return undefined
  return {
    certificateId,
    alias: text(fields['Alias']),
    type: readType(fields['CertificateType']),
    domain: text(fields['Domain']),
    notBefore: parseServiceDate(fields['CertBeginTime']),
    notAfter: parseServiceDate(fields['CertEndTime']),
    tags: readTags(fields['Tags']),
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function readType(value: unknown): CertificateType | undefined {
  return value === 'SVR' || value === 'CA' ? value : undefined
}

function readTags(value: unknown): Tag[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return []
    const { TagKey: key, TagValue: tagValue } = entry as Readonly<Record<string, unknown>>
    return typeof key === 'string' ? [{ key, value: text(tagValue) }] : []
  })
}
