import { beforeAll, describe, expect, it } from 'vitest'
import {
  distinguishedName,
  distributionPoint,
  extension,
  fullName,
  multipliedCertificate,
  relativeName,
} from '../../test/fixtures/certificate-extensions.ts'
import {
  element,
  objectIdentifier,
  ownLeaf,
  secretData,
  sequence,
} from '../../test/fixtures/hostile-certificates.ts'
import { sizeLimits } from './material.ts'
import { readMaterial } from './read-material.ts'

/*
 * OpenSSL decodes the extensions of a certificate as soon as it is asked for anything in them. What that costs may grow
 * with the certificate, and not faster: each kind, filled up to the size limit with the smallest elements there are,
 * is compared with as many alternative names. Relative CRL distribution points took several hundred times as long.
 */

const byteString = (...bytes: readonly number[]) => Buffer.from(bytes)
const filled = (unit: Uint8Array) =>
  Buffer.concat(Array.from({ length: Math.floor(26_500 / unit.length) }, () => unit))
const full = (kind: Parameters<typeof extension>[0], unit: Uint8Array) => [
  extension(kind, sequence(filled(unit))),
]
const smallest = objectIdentifier('2a')
const dnsName = element(0x82)
const url = element(0x86)
const ipAddress = element(0x87)
const directory = element(0xa4, distinguishedName())
const addressFamily = element(0x04, byteString(0, 1))
const addressPrefix = element(0x03, byteString(0))
const number = element(0x02, byteString(1))
const serial = element(0x82, byteString(9))

let alternativeNames = 0

beforeAll(() => {
  alternativeNames = costOf(ownLeaf({ subject: '', extensions: full('subjectAlternativeName', dnsName) }))
})

describe('what an extension costs', () => {
  it.each<[string, Buffer]>([
    ['CRL distribution points, named relative to a long name', multipliedCertificate()],
    ...Object.entries({
      'alternative names, URLs': full('subjectAlternativeName', url),
      'alternative names, addresses': full('subjectAlternativeName', ipAddress),
      'alternative names, directories': full('subjectAlternativeName', directory),
      'alternative names of the issuer': full('issuerAlternativeName', url),
      'alternative names, again and again': [filled(extension('subjectAlternativeName', sequence(dnsName)))],
      'CRL distribution points': full('crlDistributionPoints', distributionPoint(fullName(dnsName))),
      'CRL distribution points, all empty': full('crlDistributionPoints', sequence()),
      'CRL distribution points, many names of one': [
        extension('crlDistributionPoints', sequence(distributionPoint(fullName(filled(url))))),
      ],
      'CRL distribution points, directories': full(
        'crlDistributionPoints',
        distributionPoint(fullName(directory)),
      ),
      'CRL distribution points, issuers': full('crlDistributionPoints', sequence(element(0xa2, directory))),
      'further CRLs, named relative to the issuer': full('freshestCrl', distributionPoint(relativeName())),
      'name constraints': [extension('nameConstraints', sequence(element(0xa0, filled(sequence(dnsName)))))],
      'key identifiers': [
        extension('authorityKeyIdentifier', sequence(element(0xa1, filled(dnsName)), serial)),
      ],
      'one long key identifier': [extension('subjectKeyIdentifier', element(0x04, Buffer.alloc(26_500)))],
      uses: full('extendedKeyUsage', smallest),
      policies: full('certificatePolicies', sequence(smallest)),
      'policy mappings': full('policyMappings', sequence(smallest, smallest)),
      'places of information': full('authorityInformationAccess', sequence(smallest, url)),
      'address families': full('addressBlocks', sequence(addressFamily, element(0x05))),
      addresses: [
        extension('addressBlocks', sequence(sequence(addressFamily, sequence(filled(addressPrefix))))),
      ],
      'autonomous systems': [
        extension('autonomousSystems', sequence(element(0xa0, sequence(filled(number))))),
      ],
      'one long number': [
        extension(
          'autonomousSystems',
          sequence(element(0xa0, sequence(element(0x02, Buffer.alloc(26_500, 0x55))))),
        ),
      ],
      'extensions without a value': [filled(extension('unknown', Buffer.alloc(0)))],
    }).map(([name, extensions]): [string, Buffer] => [name, ownLeaf({ subject: '', extensions })]),
  ])('grows with the certificate and not faster: %s', (_, certificate) => {
    expect(readOf(certificate).sizes.certificate).toBeLessThan(sizeLimits.certificate)
    expect(costOf(certificate)).toBeLessThan(8 * alternativeNames)
  })
})

function readOf(certificate: Buffer) {
  return readMaterial({ type: 'SVR', data: secretData(certificate) })
}

/** CPU time of the fastest of some runs, so that what else runs does not count. */
function costOf(certificate: Buffer): number {
  const data = secretData(certificate)
  const runs = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage()
    readMaterial({ type: 'SVR', data })
    const { user, system } = process.cpuUsage(before)
    return user + system
  })
  return Math.min(...runs)
}
