import type { X509Certificate } from 'node:crypto'
import { readPublicKey, verificationCost } from './public-key.ts'

/**
 * Which certificate stands for the server. With a key, the one it belongs to (a non-CA certificate before a CA one);
 * else the first that is not a CA, else the first. Undefined for an empty list only.
 */
export function findLeaf(
  certificates: readonly X509Certificate[],
  belongsToKey: (certificate: X509Certificate) => boolean,
): X509Certificate | undefined {
  const owned = certificates.filter(belongsToKey)
  return owned.find(isLeaf) ?? owned[0] ?? certificates.find(isLeaf) ?? certificates[0]
}

/**
 * The order in which a bundle is sent: the path from the leaf upwards, then the rest as it came. Cross-signed bundles
 * (leaf, I by R1, I by R2, R1) have several paths. The shortest path to a root in the bundle is used; without a root, the
 * longest of the shortest paths. A missing intermediate or root is not an error: the service decides whether it needs one.
 *
 * The work is bounded by counts, not by time: the same bundle has the same order on every machine.
 */
export function orderChain(
  certificates: readonly X509Certificate[],
  leaf: X509Certificate,
): X509Certificate[] {
  const path = pathUpwards(certificates, leaf)
  const onPath = new Set(path)
  return [...path, ...certificates.filter((each) => !onPath.has(each))]
}

interface Step {
  readonly certificate: X509Certificate
  readonly below: Step | undefined
  readonly depth: number
}

/** Breadth first, each certificate entered once, so that rings of cross-signed roots end too. */
function pathUpwards(certificates: readonly X509Certificate[], leaf: X509Certificate): X509Certificate[] {
  const issuers = new IssuerSearch()
  const steps: Step[] = [{ certificate: leaf, below: undefined, depth: 0 }]
  const unused = new Set(certificates)
  unused.delete(leaf)
  let end: Step | undefined
  for (const step of steps) {
    if (end === undefined || step.depth > end.depth) end = step
    if (step.certificate.checkIssued(step.certificate)) {
      end = step
      break
    }
    for (const issuer of issuers.among(unused, step.certificate)) {
      unused.delete(issuer)
      steps.push({ certificate: issuer, below: step, depth: step.depth + 1 })
    }
  }
  const path: X509Certificate[] = []
  for (let step = end; step !== undefined; step = step.below) path.unshift(step.certificate)
  return path
}

/**
 * Finds who may have issued a certificate: by names and key identifiers, and where these leave a choice (a CA that was
 * renewed with a new key and no key identifiers) by signature. When its budget is spent, it takes what the names say,
 * and then nothing.
 */
class IssuerSearch {
  #comparisonsLeft = 4_096
  #verificationsLeft = 64
  /** In tenths of a millisecond. */
  #costLeft = 100

  among(candidates: ReadonlySet<X509Certificate>, certificate: X509Certificate): readonly X509Certificate[] {
    if (candidates.size > this.#comparisonsLeft) return []
    this.#comparisonsLeft -= candidates.size
    const named = [...candidates].filter((each) => certificate.checkIssued(each))
    if (named.length < 2 || !this.#mayVerify(named)) return named
    const proven = named.filter((each) => hasSigned(each, certificate))
    return proven.length > 0 ? proven : named
  }

  #mayVerify(issuers: readonly X509Certificate[]): boolean {
    if (issuers.length > this.#verificationsLeft) return false
    const cost = issuers.reduce((sum, { raw }) => sum + verificationCost(readPublicKey(raw)), 0)
    if (cost > this.#costLeft) return false
    this.#verificationsLeft -= issuers.length
    this.#costLeft -= cost
    return true
  }
}

function hasSigned(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey)
  } catch {
    return false // an algorithm that OpenSSL does not have
  }
}

function isLeaf(certificate: X509Certificate): boolean {
  return !certificate.ca
}
