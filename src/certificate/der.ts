/** Where one DER element stands in its bytes: its tag, and its content from `start` to before `end`. */
export interface DerElement {
  readonly tag: number
  readonly start: number
  readonly end: number
}

/** Tags of the elements that certificates and keys are made of. */
export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octets: 0x04,
  oid: 0x06,
  sequence: 0x30,
} as const

/**
 * Reads the header of the element at `at`. Undefined where the bytes end before the element does (`limit`: where its
 * parent ends), or where the length is not definite, which is BER and not DER. A tag is one byte: whoever looks for tags
 * has to refuse all others, because OpenSSL also reads the same ones from several bytes.
 */
export function readElement(der: Buffer, at: number, limit = der.length): DerElement | undefined {
  const tag = der[at]
  const first = der[at + 1]
  if (tag === undefined || first === undefined) return undefined
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f
  const start = at + 2 + lengthBytes
  if (first === 0x80 || lengthBytes > 4 || start > limit) return undefined
  const length = lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes)
  return start + length > limit ? undefined : { tag, start, end: start + length }
}

/** The first elements within a sequence, at most `count`, or all. Undefined for what is not a sequence or is malformed. */
export function readSequence(
  der: Buffer,
  sequence: DerElement | undefined,
  count = Number.POSITIVE_INFINITY,
): DerElement[] | undefined {
  if (sequence?.tag !== derTags.sequence) return undefined
  const elements: DerElement[] = []
  for (let at = sequence.start; at < sequence.end && elements.length < count; ) {
    const element = readElement(der, at, sequence.end)
    if (element === undefined) return undefined
    elements.push(element)
    at = element.end
  }
  return elements
}

/** The sequence at the beginning, without what follows it. Bytes that begin with none stay as they are. */
export function firstSequence(der: Buffer): Buffer {
  const element = readElement(der, 0)
  return element?.tag === derTags.sequence ? der.subarray(0, element.end) : der
}

/** The content as lower-case hex. An object identifier is compared in this form. */
export function contentHex(der: Buffer, { start, end }: DerElement): string {
  return der.toString('hex', start, end)
}

/** How many bits the magnitude of an integer has, or a number in octets. No sign is looked at, and no leading zeros. */
export function bitLength(der: Buffer, { start, end }: DerElement): number {
  let at = start
  while (at < end - 1 && der[at] === 0) at++
  return (end - at) * 8 - Math.clz32(der[at] ?? 0) + 24
}
