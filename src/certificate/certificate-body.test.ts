import { describe, expect, it } from 'vitest'
import {
  distinguishedName,
  distributionPoint,
  extension,
  extensionIdentifiers,
  fullName,
} from '../../test/fixtures/certificate-extensions.ts'
import {
  bitString,
  element,
  objectIdentifier,
  ownLeaf,
  sequence,
} from '../../test/fixtures/hostile-certificates.ts'
import { readExtensions } from './certificate-body.ts'

const unknown = objectIdentifier(extensionIdentifiers.unknown)

describe('readExtensions', () => {
  it('finds none in a certificate without any', () => {
    expect(readExtensions(ownLeaf())).toEqual([])
  })

  it.each([
    ['a value in pieces', sequence(unknown, element(0x24, element(0x04)))],
    ['a value of indefinite length', sequence(unknown, Buffer.from('24800000', 'hex'))],
    ['one element too many', sequence(unknown, element(0x04), element(0x04))],
    ['no value', sequence(unknown)],
    ['no sequence', element(0x31)],
    ['an indefinite length', Buffer.from('30800000', 'hex')],
  ])('gives nothing for an extension with %s', (_, malformed) => {
    const sound = extension('crlDistributionPoints', sequence(distributionPoint(fullName())))
    expect(readExtensions(ownLeaf({ extensions: [sound] }))).toHaveLength(1)
    expect(readExtensions(ownLeaf({ extensions: [sound, malformed] }))).toBeUndefined()
  })

  it.each([
    ['of indefinite length', Buffer.from('a38030000000', 'hex')],
    ['with a tag of two bytes', Buffer.from('bf03023000', 'hex')],
    ['with something after them', element(0xa3, sequence(), sequence())],
    ['twice', Buffer.concat([element(0xa3, sequence()), element(0xa3, sequence())])],
    [
      'before a unique identifier',
      Buffer.concat([element(0xa3, sequence()), element(0x82, bitString(Buffer.alloc(1)))]),
    ],
    ['beside an unknown element', Buffer.concat([element(0x84), element(0xa3, sequence())])],
  ])('gives nothing for extensions %s', (_, afterKey) => {
    expect(readExtensions(afterTheKey(element(0xa3, sequence())))).toEqual([])
    expect(readExtensions(afterTheKey(element(0x81, Buffer.alloc(2)), element(0xa3, sequence())))).toEqual([])
    expect(readExtensions(afterTheKey(afterKey))).toBeUndefined()
  })
})

/** A certificate with any bytes where its extensions are. */
function afterTheKey(...elements: readonly Uint8Array[]): Buffer {
  const name = distinguishedName('a')
  const algorithm = sequence(objectIdentifier('2b6570'))
  const key = sequence(algorithm, bitString(Buffer.alloc(32)))
  const body = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.from([1])),
    algorithm,
    name,
    sequence(),
    name,
    key,
    ...elements,
  )
  return sequence(body, algorithm, bitString(Buffer.alloc(8)))
}
