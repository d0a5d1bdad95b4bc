import type { CertificateType } from '../certificate/material.ts'
import type { CertificateQuery, RemoteCertificate, Tag } from '../ports/ssl-service.ts'
import { parseServiceDate } from './service-date.ts'

/** A text that the service may use as the id of a certificate (today: 8 letters and digits). */
export function isCertificateId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value)
}

/**
 * Reads one entry of DescribeCertificates. Every field may be null or absent; an entry without a usable id is
 * ignored.
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
    notAfter: parseServiceDate(fields['CertEndTime']),
    tags: readTags(fields['Tags']),
    ownerUin: readUin(fields['OwnerUin']),
  }
}

/** Whether a listed certificate is what was asked for. The service's filters are fuzzy, and one day it may ignore one. */
export function matches(certificate: RemoteCertificate, query: CertificateQuery): boolean {
  switch (query.by) {
    case 'ids':
      return query.ids.includes(certificate.certificateId)
    case 'alias':
      return certificate.alias.includes(query.alias)
    case 'tags':
      return query.tags.every(({ key, value }) =>
        certificate.tags.some((tag) => tag.key === key && tag.value === value),
      )
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The account's number. A text in the description of the API; a number does no harm. */
function readUin(value: unknown): string | undefined {
  const uin = typeof value === 'number' ? String(value) : value
  return typeof uin === 'string' && /^[1-9]\d{0,19}$/.test(uin) ? uin : undefined
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
