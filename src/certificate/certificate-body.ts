import { contentHex, type DerElement, derTags, readElement, readSequence } from './der.ts'

/** The parts of a certificate on which OpenSSL may work for long. */
export interface CertificateBody {
  /** SubjectPublicKeyInfo. */
  readonly publicKey: DerElement
  /** Their sequence, where there is one. */
  readonly extensions: DerElement | undefined
}

export interface CertificateExtension {
  /** The DER content of its object identifier, as hex. */
  readonly identifier: string
  /** The octets within which its own DER stands. */
  readonly value: DerElement
}

/** The elements up to the key, a version before them apart (RFC 5280, TBSCertificate). */
const tagsToKey = [
  derTags.integer, // serial number
  derTags.sequence, // signature
  derTags.sequence, // issuer
  derTags.sequence, // validity
  derTags.sequence, // subject
  derTags.sequence, // key
]
const versionTag = 0xa0
const extensionsTag = 0xa3
/** Unique identifiers of issuer and subject, and extensions. */
const tagsAfterKey = [0x81, 0x82, extensionsTag]

/**
 * Finds the parts of a certificate's DER without OpenSSL. Undefined where the bytes are not DER or not a certificate:
 * OpenSSL also reads what is encoded in other ways, and may find there what is not found here.
 */
export function readCertificateBody(der: Buffer): CertificateBody | undefined {
  const [body] = readSequence(der, readElement(der, 0), 1) ?? []
  const fields = readSequence(der, body, 1 + tagsToKey.length + tagsAfterKey.length + 1) ?? []
  const named = fields[0]?.tag === versionTag ? fields.slice(1) : fields
  if (!tagsToKey.every((tag, index) => named[index]?.tag === tag)) return undefined
  const publicKey = named[tagsToKey.length - 1]
  const optional = named.slice(tagsToKey.length)
  if (publicKey === undefined || !isAscending(optional, tagsAfterKey)) return undefined
  const wrapper = optional.find(({ tag }) => tag === extensionsTag)
  const extensions = wrapper && readElement(der, wrapper.start, wrapper.end)
  if (extensions?.end !== wrapper?.end) return undefined
  return { publicKey, extensions }
}

/** The extensions of a certificate. Undefined where one of them is not DER, or the bytes are not a certificate. */
export function readExtensions(der: Buffer): CertificateExtension[] | undefined {
  const body = readCertificateBody(der)
  if (body === undefined) return undefined
  if (body.extensions === undefined) return []
  const extensions = readSequence(der, body.extensions)?.map((each) => readExtension(der, each))
  return extensions?.every((each) => each !== undefined) ? extensions : undefined
}

function readExtension(der: Buffer, extension: DerElement): CertificateExtension | undefined {
  const [identifier, ...rest] = readSequence(der, extension, 4) ?? []
  if (rest[0]?.tag === derTags.boolean) rest.shift()
  const [value] = rest
  if (identifier?.tag !== derTags.oid || value?.tag !== derTags.octets || rest.length > 1) return undefined
  return { identifier: contentHex(der, identifier), value }
}

/** Whether each element has one of the tags, in their order and none of them twice. */
function isAscending(elements: readonly DerElement[], tags: readonly number[]): boolean {
  const ranks = elements.map(({ tag }) => tags.indexOf(tag))
  return ranks.every((rank, index) => rank > (ranks[index - 1] ?? -1))
}
