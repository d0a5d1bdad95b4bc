import { X509Certificate } from 'node:crypto'
import { readExtensions } from './certificate-body.ts'
import { findLeaf, orderChain } from './chain.ts'
import { firstSequence } from './der.ts'
import { distributionPointsProblem } from './distribution-points.ts'
import { chainFingerprint, fingerprint } from './fingerprint.ts'
import { describeLeaf, readValidity, type Validity } from './leaf.ts'
import {
  type CertificateType,
  type Chain,
  type ChainProblem,
  type Material,
  type MaterialFacts,
  maximumCertificates,
  type PrivateKeyState,
  sizeLimits,
} from './material.ts'
import type { MaterialShare } from './material-cache.ts'
import { maximumBlocks, type PemBlock, type PemProblem, pemSize, readPem, writePem } from './pem.ts'
import { isBlank, type PrivateKeyReading, readPrivateKey } from './private-key.ts'
import { publicKeyProblem, readPublicKey } from './public-key.ts'

/** A Secret's data, and what an upload of them would be. */
export interface MaterialSource {
  readonly type: CertificateType
  readonly data: Readonly<Record<string, Buffer | undefined>>
}

/**
 * Reads what an upload of this type needs from a Secret's data: `tls.crt` and `tls.key`, or `ca.crt`. Takes any bytes,
 * never throws, and takes a bounded time: about 20 ms at worst for all that fits into a Secret, and with a cache no more
 * than a hash for data that were read before. The result can reach the private key through `data`: drop both at the
 * end of the reconcile (I3).
 */
export function readMaterial(source: MaterialSource, cache?: MaterialShare): Material {
  const { type } = source
  const { certificateData, keyData } = partsOf(source)
  let reading: PrivateKeyReading | undefined
  const readKey = () => (reading ??= readPrivateKey(keyData))
  const read = () => readFacts(type, certificateData, keyData)
  const facts = cache?.of([type, certificateData, keyData], read) ?? read()
  return {
    ...facts,
    chainPem() {
      const { chain } = readChain(type, certificateData, readKey())
      if (chain === undefined) throw new Error('There is no chain to send')
      return chain.ordered.map((each) => writePem('CERTIFICATE', each.raw)).join('\n')
    },
    keyPem(form) {
      const key = facts.key === 'matches' ? readKey() : undefined
      if (key?.kind !== 'readable') throw new Error(`There is no private key to send: ${facts.key}`)
      return key.pem(form)
    },
  }
}

function partsOf({ type, data }: MaterialSource) {
  return type === 'SVR'
    ? { certificateData: data['tls.crt'], keyData: data['tls.key'] }
    : { certificateData: data['ca.crt'], keyData: undefined }
}

function readFacts(
  type: CertificateType,
  certificateData: Buffer | undefined,
  keyData: Buffer | undefined,
): MaterialFacts {
  const keyReading = readPrivateKey(keyData)
  const { problem, chain, certificateSize, chainSize } = readChain(type, certificateData, keyReading)
  const described = chain && describeChain(type, chain)
  const key = keyState(type, keyReading, chain?.ownsKey ?? false)
  return {
    type,
    ...(described !== undefined && { chain: described }),
    ...(problem !== undefined && { problem }),
    key,
    ...(key === 'unreadable' && keyReading.kind === 'unreadable' && { keyProblem: keyReading.detail }),
    sizes: {
      certificate: certificateSize,
      chain: chainSize,
      key: keyReading.kind === 'missing' ? 0 : keyReading.size,
    },
    inputHash: described?.chainFingerprint ?? `raw:${fingerprint(certificateData ?? Buffer.alloc(0))}`,
  }
}

/** A certificate that parsed, with what was proven of it. */
interface ReadCertificate {
  readonly certificate: X509Certificate
  readonly validity: Validity
}

/** A certificate that OpenSSL must not see. `clause`: why, for people; it begins with "has". */
interface Unsupported {
  readonly unsupported: 'key' | 'extension'
  readonly clause: string
}

interface OrderedChain {
  readonly leaf: ReadCertificate
  readonly ordered: readonly X509Certificate[]
  readonly notAfters: readonly number[]
  readonly ownsKey: boolean
}

interface ChainReading {
  readonly certificateSize: number
  readonly chainSize: number
  readonly problem?: ChainProblem
  readonly chain?: OrderedChain
}

function readChain(
  type: CertificateType,
  data: Buffer | undefined,
  keyReading: PrivateKeyReading,
): ChainReading {
  if (data === undefined || isBlank(data)) return { ...measure([]), problem: { kind: 'missing' } }
  const { blocks, problems, cut } = readPem(data)
  // The sizes of a part would be taken for those of the whole.
  const ders = cut ? [] : certificatesAmong(blocks)
  const sizes = measure(ders)
  const failed = (problem: ChainProblem) => ({ ...sizes, problem })
  const unreadable = (detail: string) => failed({ kind: 'unreadable', detail })

  if (sizes.certificateSize > sizeLimits.certificate || sizes.chainSize > sizeLimits.chain) {
    return failed({ kind: 'too-large' })
  }
  const damage = problems.find((each) => isCertificateLabel(each.label))
  if (damage !== undefined) return unreadable(describe(damage))
  if (cut) return unreadable(`it holds more than ${maximumBlocks} PEM blocks`)
  const most = maximumCertificates[type]
  if (ders.length > most) {
    return unreadable(`it holds ${ders.length} certificates, and at most ${most} are supported`)
  }
  const certificates: ReadCertificate[] = []
  for (const [index, der] of ders.entries()) {
    const read = readCertificate(der)
    if (read === undefined) return unreadable(`certificate ${index + 1} is PEM, but no X.509`)
    if ('unsupported' in read) {
      const { unsupported, clause } = read
      return failed({ kind: `unsupported-${unsupported}`, detail: `certificate ${index + 1} ${clause}` })
    }
    certificates.push(read)
  }
  const chain = order(type, certificates, keyReading)
  return chain ? { ...sizes, chain } : unreadable('it holds no PEM block of a certificate')
}

function order(
  type: CertificateType,
  read: readonly ReadCertificate[],
  keyReading: PrivateKeyReading,
): OrderedChain | undefined {
  const certificates = read.map((each) => each.certificate)
  const ownsKey = (certificate: X509Certificate) =>
    keyReading.kind === 'readable' && certificate.checkPrivateKey(keyReading.key)
  const first = type === 'CA' ? certificates[0] : findLeaf(certificates, ownsKey)
  const leaf = read.find((each) => each.certificate === first)
  if (leaf === undefined) return undefined
  return {
    leaf,
    ordered: orderChain(certificates, leaf.certificate),
    notAfters: read.map((each) => each.validity.notAfter).sort((one, other) => one - other),
    ownsKey: ownsKey(leaf.certificate),
  }
}

function describeChain(type: CertificateType, { leaf, ordered, notAfters }: OrderedChain): Chain {
  return {
    ...describeLeaf(leaf.certificate, leaf.validity),
    notAfters,
    chainFingerprint: chainFingerprint(
      type,
      ordered.map((each) => each.raw),
    ),
    length: ordered.length,
  }
}

/** The certificate, or why OpenSSL must not see it, or undefined for what is none. */
function readCertificate(der: Buffer): ReadCertificate | Unsupported | undefined {
  const publicKey = readPublicKey(der)
  const extensions = readExtensions(der)
  if (publicKey === undefined || extensions === undefined) return undefined
  const keyProblem = publicKeyProblem(publicKey)
  if (keyProblem !== undefined) return { unsupported: 'key', clause: keyProblem }
  const extensionProblem = distributionPointsProblem(der, extensions)
  if (extensionProblem !== undefined) return { unsupported: 'extension', clause: extensionProblem }
  // Node looks for PEM first: it would decode a certificate in PEM within these bytes, whose key nobody has checked.
  if (der.includes('-----BEGIN')) return undefined
  try {
    const certificate = new X509Certificate(der)
    const validity = readValidity(certificate)
    return validity && certificate.raw.equals(der) ? { certificate, validity } : undefined
  } catch {
    return undefined
  }
}

function keyState(type: CertificateType, reading: PrivateKeyReading, ownedByLeaf: boolean): PrivateKeyState {
  if (type === 'CA') return 'not-needed'
  if (reading.kind !== 'readable') return reading.kind
  return ownedByLeaf ? 'matches' : 'mismatch'
}

/** The labels of RFC 7468 and of older tools. */
function isCertificateLabel(label: string): boolean {
  return label === 'CERTIFICATE' || label === 'X509 CERTIFICATE' || label === 'TRUSTED CERTIFICATE'
}

/**
 * The DER of each certificate once. What follows it in a block is left out: in a `TRUSTED CERTIFICATE` that is what
 * OpenSSL trusts it for.
 */
function certificatesAmong(blocks: readonly PemBlock[]): Buffer[] {
  const ders = blocks
    .filter(({ label }) => isCertificateLabel(label))
    .map(({ bytes }) => firstSequence(bytes))
  return [...new Map(ders.map((der) => [der.toString('latin1'), der])).values()]
}

/** Sizes of the PEM as it will be sent, one newline between two certificates. */
function measure(ders: readonly Buffer[]) {
  let certificateSize = 0
  let chainSize = Math.max(0, ders.length - 1)
  for (const der of ders) {
    const size = pemSize('CERTIFICATE', der.length)
    certificateSize = Math.max(certificateSize, size)
    chainSize += size
  }
  return { certificateSize, chainSize }
}

function describe(problem: PemProblem): string {
  const what = {
    'no-begin': 'an END CERTIFICATE without its BEGIN',
    'no-end': 'a BEGIN CERTIFICATE without its END',
    'not-base64': 'the block is not base64',
    empty: 'the block is empty',
  }
  return `line ${problem.line}: ${what[problem.kind]}`
}
