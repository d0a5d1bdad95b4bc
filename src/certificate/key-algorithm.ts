/** What is checked of a key before OpenSSL decodes it: its RSA numbers, its curve and point, or nothing more. */
export type KeyAlgorithm = 'rsa' | 'ec' | 'bounded'

/** Object identifiers of keys that may be in a TLS certificate, as DER content in hex. */
const algorithms = new Map<string, KeyAlgorithm>([
  ['2a864886f70d010101', 'rsa'], // rsaEncryption
  ['2a864886f70d01010a', 'rsa'], // RSASSA-PSS
  ['2a8648ce3d0201', 'ec'],
  ['2a811ccf5501822d', 'ec'], // SM2, as some tools write it: the curve in place of the algorithm
  ['2b6570', 'bounded'], // Ed25519
  ['2b6571', 'bounded'], // Ed448
  ['608648016503040311', 'bounded'], // ML-DSA-44
  ['608648016503040312', 'bounded'], // ML-DSA-65
  ['608648016503040313', 'bounded'], // ML-DSA-87
])

/**
 * The kind of a key by its object identifier. Undefined for all others, which are kept away from OpenSSL: when it
 * decodes a key it raises and takes roots of the key's numbers, whose size the key itself sets. 12 KB of a
 * Diffie-Hellman key stop the process for seconds.
 */
export function keyAlgorithm(objectIdentifier: string): KeyAlgorithm | undefined {
  return algorithms.get(objectIdentifier)
}
