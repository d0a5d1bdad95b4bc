import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { describe, expect, it } from 'vitest'
import {
  distinguishedName,
  distributionPoint,
  extension,
  extensionIdentifiers,
  fullName,
  multipliedCertificate,
  relativeName,
} from '../../test/fixtures/certificate-extensions.ts'
import { element, objectIdentifier, ownLeaf, sequence } from '../../test/fixtures/hostile-certificates.ts'
import { readExtensions } from './certificate-body.ts'
import { distributionPointsProblem } from './distribution-points.ts'

const problemOf = (certificate: Buffer) => {
  const extensions = readExtensions(certificate)
  return extensions ? distributionPointsProblem(certificate, extensions) : 'no certificate'
}
const withPoints = (...points: readonly Buffer[]) =>
  ownLeaf({ extensions: [extension('crlDistributionPoints', sequence(...points))] })

const url = (text: string) => element(0x86, Buffer.from(text))
const directory = (commonName: string) => element(0xa4, distinguishedName(commonName))
const byUrl = distributionPoint(fullName(url('http://crl.example.com/one.crl')))
const relative = distributionPoint(relativeName())
const reasons = element(0x81, Buffer.from('0660', 'hex'))

describe('distributionPointsProblem', () => {
  it('accepts what public authorities write', () => {
    expect(rootCertificates.length).toBeGreaterThan(100)
    for (const pem of rootCertificates) expect(problemOf(new X509Certificate(pem).raw)).toBeUndefined()
  })

  it.each<[string, readonly Buffer[]]>([
    ['a URL', [byUrl]],
    ['several points', [byUrl, distributionPoint(fullName(url('http://crl.example.org/two.crl')))]],
    [
      'LDAP and HTTP for the same list, as Active Directory writes them',
      [
        distributionPoint(
          fullName(
            url('ldap:///CN=CA,CN=CDP,DC=example,DC=com?certificateRevocationList?base'),
            url('http://pki.example.com/CA.crl'),
          ),
        ),
      ],
    ],
    ['a directory name', [distributionPoint(fullName(directory('CRL1')))]],
    [
      'a URL, reasons and the issuer of the list',
      [
        distributionPoint(
          fullName(url('http://crl.example.com/')),
          reasons,
          element(0xa2, directory('CRL issuer')),
        ),
      ],
    ],
    ['the issuer of the list alone', [sequence(element(0xa2, directory('CRL issuer')))]],
    ['no point', []],
  ])('accepts %s', (_, points) => {
    const certificate = withPoints(...points)
    expect(new X509Certificate(certificate).ca).toBe(false)
    expect(problemOf(certificate)).toBeUndefined()
  })

  it('accepts relative names where OpenSSL does not copy for them', () => {
    const certificate = ownLeaf({ extensions: [extension('freshestCrl', sequence(relative))] })
    expect(problemOf(certificate)).toBeUndefined()
  })

  it.each([
    ['in the only point', multipliedCertificate({ attributes: 1, points: 1 })],
    ['after points with full names', withPoints(byUrl, byUrl, relative)],
    ['with an attribute', withPoints(distributionPoint(relativeName(distinguishedName())))],
    [
      'with the issuer of the list',
      withPoints(distributionPoint(relativeName(), element(0xa2, directory('CRL issuer')))),
    ],
    [
      'in a further extension',
      ownLeaf({
        extensions: [byUrl, relative].map((point) => extension('crlDistributionPoints', sequence(point))),
      }),
    ],
    ['in a critical extension', criticalExtension(sequence(relative))],
  ])('refuses a name relative to the issuer: %s', (_, certificate) => {
    expect(problemOf(certificate)).toBe('has a CRL distribution point that is named relative to its issuer')
  })

  it.each([
    ['points of indefinite length', Buffer.from('30803006a004a1020500' + '0000', 'hex')],
    ['a point of indefinite length', sequence(Buffer.from('3080a002a1000000', 'hex'))],
    ['a name of indefinite length', sequence(Buffer.from('3006a080a1000000', 'hex'))],
    ['a relative name of indefinite length', sequence(Buffer.from('3006a004a1800000', 'hex'))],
    ['a relative name whose tag takes two bytes', sequence(Buffer.from('3005a003bf0100', 'hex'))],
    ['a name whose tag takes two bytes', sequence(Buffer.from('3002bf00', 'hex'))],
    ['a name of neither form', sequence(Buffer.from('3004a002a200', 'hex'))],
    ['no sequence', element(0x04)],
    ['nothing', Buffer.alloc(0)],
  ])('refuses what OpenSSL may read in another way: %s', (_, value) => {
    expect(problemOf(ownLeaf({ extensions: [extension('crlDistributionPoints', value)] }))).toBe(
      'has CRL distribution points that cannot be read',
    )
  })
})

function criticalExtension(value: Buffer): Buffer {
  const identifier = objectIdentifier(extensionIdentifiers.crlDistributionPoints)
  const critical = element(0x01, Buffer.from([0xff]))
  return ownLeaf({ extensions: [sequence(identifier, critical, element(0x04, value))] })
}
