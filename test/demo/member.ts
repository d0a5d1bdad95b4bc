import { X509Certificate } from 'node:crypto'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import type { Reason } from '../../src/reasons.ts'
import {
  bundle,
  chainFingerprint,
  createLeaf,
  type LeafOptions,
  type TestCertificate,
} from '../fixtures/certificates.ts'

/** What the operator has promised for a Secret. */
export type Expected =
  /** `chain` is the diff key of what it holds. */
  | { readonly phase: 'Synced'; readonly chain: string }
  | { readonly phase: 'Rejected' | 'Pending'; readonly reason: Reason }
  /** Not the operator's business. */
  | { readonly phase: 'none'; readonly why: string }

/** One Secret as it was last written. */
export interface Member {
  readonly name: string
  /** What is special about it, in a few words. */
  readonly about: string
  readonly annotations: Readonly<Record<string, string>>
  readonly data: Readonly<Record<string, string>>
  readonly expected: Expected
  /** SHA-256 of the leaf; absent where there is no certificate to read. */
  readonly leaf?: string
  /** The diff key of the certificates in it, whether they may be uploaded or not. */
  readonly chain?: string
}

/** What the Secrets' certificates come from. */
export interface Authorities {
  readonly root: TestCertificate
  readonly issuer: TestCertificate
  readonly otherRoot: TestCertificate
  /** The issuer once more, signed by the other root. */
  readonly crossSigned: TestCertificate
}

/** The annotation that opts a Secret in. */
export const optIn = { [userKeys.upload]: 'true' }

/** Written by cert-manager with the first certificate, also a temporary one. */
export const certificateName = 'cert-manager.io/certificate-name'
/** Written by cert-manager once the issuer has issued. */
export const issuerName = 'cert-manager.io/issuer-name'

/** The Secret with another chain and its key, as cert-manager writes it on renewal: the annotations stay. */
export function withChain(
  member: Member,
  about: string,
  chain: readonly [TestCertificate, ...TestCertificate[]],
): Member {
  return { ...server(member.name, about, chain), annotations: member.annotations }
}

/** The Secret with a new certificate for the same host. */
export async function renewed(
  member: Member,
  { issuer }: Authorities,
  about = 'renewed',
  keyType: LeafOptions['keyType'] = 'ecdsa',
): Promise<Member> {
  const { subject } = new X509Certificate(member.data['tls.crt'] ?? '')
  const leaf = await createLeaf({ commonName: subject.replace('CN=', ''), issuer, keyType })
  return withChain(member, about, [leaf, issuer])
}

/** The stand-in has been replaced: cert-manager names the issuer only now. */
export async function issued(member: Member, authorities: Authorities): Promise<Member> {
  const next = await renewed(member, authorities, 'issued')
  return { ...next, annotations: { ...next.annotations, [issuerName]: 'demo-issuer' } }
}

/** The Secret as it is, but for an annotation or the key that somebody has put right. */
export function corrected(
  member: Member,
  about: string,
  { annotations, key }: { annotations?: Readonly<Record<string, string>>; key?: string },
): Member {
  const { chain } = member
  if (chain === undefined) throw new Error(`${member.name} holds no certificate`)
  return {
    ...member,
    about,
    annotations: { ...member.annotations, ...annotations },
    data: { ...member.data, ...(key !== undefined && { 'tls.key': key }) },
    expected: { phase: 'Synced', chain },
  }
}

/** A TLS Secret that is opted in and may be uploaded: its chain, leaf first, and a key. */
export function server(
  name: string,
  about: string,
  chain: readonly [TestCertificate, ...TestCertificate[]],
  { key = chain[0].keyPem }: { key?: string } = {},
): Member {
  return {
    name,
    about,
    annotations: optIn,
    data: tlsData(chain, key),
    ...holding('SVR', chain),
  }
}

/** A Secret whose `ca.crt` is to be uploaded, without a key. */
export function authority(name: string, about: string, ca: TestCertificate): Member {
  return {
    name,
    about,
    annotations: { ...optIn, [userKeys.certificateType]: 'CA' },
    data: { 'tls.crt': '', 'tls.key': '', 'ca.crt': ca.certificatePem },
    ...holding('CA', [ca]),
  }
}

function holding(type: 'SVR' | 'CA', chain: readonly [TestCertificate, ...TestCertificate[]]) {
  const fingerprint = chainFingerprint(type, ...chain)
  const expected: Expected = { phase: 'Synced', chain: fingerprint }
  return { expected, leaf: chain[0].fingerprint, chain: fingerprint }
}

/** A TLS Secret without anything that could be a certificate. */
export function broken(name: string, about: string, text: string) {
  return { name, about, annotations: optIn, data: { 'tls.crt': text, 'tls.key': text } }
}

/** The data of a TLS Secret. */
export function tlsData(chain: readonly TestCertificate[], key: string): Record<string, string> {
  return { 'tls.crt': bundle(...chain), 'tls.key': key }
}
