import { X509Certificate } from 'node:crypto'
import { findLeaf, orderChain } from './chain.ts'
import { chainFingerprint, fingerprint } from './fingerprint.ts'
import { describeLeaf } from './leaf.ts'
import {
  type CertificateType,
  type Chain,
  type ChainProblem,
  type KeyState,
  type Material,
  sizeLimits,
} from './material.ts'
import { type PemBlock, type PemProblem, pemSize, readPem, writePem } from './pem.ts'
import { isBlank, type PrivateKeyReading, readPrivateKey } from './private-key.ts'

/**
 * Reads what an upload of this type needs from a Secret's data: `tls.crt` and `tls.key`, or `ca.crt`. Takes any bytes,
 * never throws, and looks at no certificate when there are more than an upload may carry. The result can reach the
 * private key through `data`: drop both at the end of the reconcile (I3).
 */
export function readMaterial(source: {
  readonly type: CertificateType
  readonly data: Readonly<Record<string, Buffer | undefined>>
}): Material {
  const { type, data } = source
  const certificateData = type === 'SVR' ? data['tls.crt'] : data['ca.crt']
  const keyData = type === 'SVR' ? data['tls.key'] : undefined
  const keyReading = readPrivateKey(keyData)
  const { problem, chain, certificateSize, chainSize } = readChain(type, certificateData, keyReading)
  const key = keyState(type, keyReading, chain?.ownsKey ?? false)
  return {
    type,
    ...(chain !== undefined && { chain: chain.chain }),
    ...(problem !== undefined && { problem }),
    key,
    ...(key === 'unreadable' && keyReading.kind === 'unreadable' && { keyProblem: keyReading.detail }),
    sizes: {
      certificate: certificateSize,
      chain: chainSize,
      key: keyReading.kind === 'missing' ? 0 : keyReading.size,
    },
    inputHash: chain?.chain.chainFingerprint ?? `raw:${fingerprint(certificateData ?? Buffer.alloc(0))}`,
    keyPem() {
      const reading = key === 'matches' ? readPrivateKey(keyData) : undefined
      if (reading?.kind !== 'readable') throw new Error(`There is no private key to send: ${key}`)
      return reading.pem()
    },
  }
}

interface ChainReading {
  readonly certificateSize: number
  readonly chainSize: number
  readonly problem?: ChainProblem
  readonly chain?: { readonly chain: Chain; readonly ownsKey: boolean }
}

function readChain(
  type: CertificateType,
  data: Buffer | undefined,
  keyReading: PrivateKeyReading,
): ChainReading {
  if (data === undefined || isBlank(data)) {
    return { certificateSize: 0, chainSize: 0, problem: { kind: 'missing' } }
  }
  const { blocks, problems } = readPem(data)
  const certificateBlocks = unique(blocks.filter((each) => isCertificateLabel(each.label)))
  const sizes = measure(certificateBlocks)
  const unreadable = (detail: string) => ({ ...sizes, problem: { kind: 'unreadable' as const, detail } })

  if (sizes.certificateSize > sizeLimits.certificate || sizes.chainSize > sizeLimits.chain) {
    return { ...sizes, problem: { kind: 'too-large' } }
  }
  const damage = problems.find((each) => isCertificateLabel(each.label))
  if (damage !== undefined) return unreadable(describe(damage))
  const certificates: X509Certificate[] = []
  for (const [index, block] of certificateBlocks.entries()) {
    const certificate = parse(block)
    if (certificate === undefined) return unreadable(`certificate ${index + 1} is PEM, but no X.509`)
    certificates.push(certificate)
  }
  const ownsKey = (certificate: X509Certificate) =>
    keyReading.kind === 'readable' && certificate.checkPrivateKey(keyReading.key)
  const leaf = type === 'CA' ? certificates[0] : findLeaf(certificates, ownsKey)
  if (leaf === undefined) return unreadable('it holds no PEM block of a certificate')
  return { ...sizes, chain: { chain: describeChain(type, certificates, leaf), ownsKey: ownsKey(leaf) } }
}

function describeChain(
  type: CertificateType,
  certificates: readonly X509Certificate[],
  leaf: X509Certificate,
): Chain {
  const ordered = orderChain(certificates, leaf).map((each) => each.raw)
  return {
    ...describeLeaf(leaf),
    lastNotAfter: Math.max(...certificates.map((each) => Date.parse(each.validTo))),
    chainFingerprint: chainFingerprint(type, ordered),
    length: ordered.length,
    pem: ordered.map((der) => writePem('CERTIFICATE', der)).join('\n'),
  }
}

function parse(block: PemBlock): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(block.bytes)
    describeLeaf(certificate)
    return certificate
  } catch {
    return undefined
  }
}

function keyState(type: CertificateType, reading: PrivateKeyReading, ownedByLeaf: boolean): KeyState {
  if (type === 'CA') return 'not-needed'
  if (reading.kind !== 'readable') return reading.kind
  return ownedByLeaf ? 'matches' : 'mismatch'
}

/** The labels of RFC 7468 and of older tools. */
function isCertificateLabel(label: string): boolean {
  return label === 'CERTIFICATE' || label === 'X509 CERTIFICATE' || label === 'TRUSTED CERTIFICATE'
}

function unique(blocks: readonly PemBlock[]): PemBlock[] {
  return [...new Map(blocks.map((each) => [each.bytes.toString('latin1'), each])).values()]
}

/** Sizes of the PEM as it will be sent, one newline between two certificates. */
function measure(blocks: readonly PemBlock[]) {
  let certificateSize = 0
  let chainSize = Math.max(0, blocks.length - 1)
  for (const block of blocks) {
    const size = pemSize('CERTIFICATE', block.bytes.length)
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
