import type { CertificateExtension } from './certificate-body.ts'
import { readElement, readSequence } from './der.ts'

const crlDistributionPoints = '551d1f'

/** Tags of RFC 5280, section 4.2.1.13: the parts of a point, and the two forms of its name. */
const nameTag = 0xa0
const otherTags = [0x81, 0xa2]
const fullNameTag = 0xa0
const relativeNameTag = 0xa1

const unread = 'has CRL distribution points that cannot be read'

/**
 * Why OpenSSL must not see a certificate's CRL distribution points: a clause for people that begins with "has", or
 * undefined. A point may be named relative to the issuer of the CRL. For each of these, OpenSSL copies the issuer's
 * whole name as soon as it is asked for anything in any extension: a certificate of 36 KB takes seconds and half a
 * gigabyte. RFC 5280 tells authorities to write full names. What else OpenSSL decodes of extensions takes time and
 * memory in proportion to the certificate (3.5).
 */
export function distributionPointsProblem(
  der: Buffer,
  extensions: readonly CertificateExtension[],
): string | undefined {
  for (const { identifier, value } of extensions) {
    if (identifier !== crlDistributionPoints) continue
    const points = readSequence(der, readElement(der, value.start, value.end))
    if (points === undefined) return unread
    for (const point of points) {
      const parts = readSequence(der, point)
      if (parts === undefined) return unread
      for (const { tag, start, end } of parts) {
        if (otherTags.includes(tag)) continue
        const form = tag === nameTag ? readElement(der, start, end)?.tag : undefined
        if (form === relativeNameTag)
          return 'has a CRL distribution point that is named relative to its issuer'
        if (form !== fullNameTag) return unread
      }
    }
  }
  return undefined
}
