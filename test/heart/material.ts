import type { CertificateType } from '../../src/certificate/material.ts'
import {
  bundle,
  chainFingerprint,
  createAuthority,
  createLeaf,
  crossSign,
  type TestCertificate,
} from '../fixtures/certificates.ts'

/** When the tests happen, ms since the epoch. */
export const testNow = Date.UTC(2026, 0, 1)

const day = 86_400_000
export const notBefore = new Date(testNow - 30 * day)
export const notAfter = new Date(testNow + 60 * day)

/** One chain as a Secret holds it, with what the operator should say of it. */
export interface TestChain {
  readonly certificates: readonly TestCertificate[]
  readonly leaf: TestCertificate
  readonly fingerprint: string
  readonly chainFingerprint: string
  /** tls.crt and tls.key; for a CA, ca.crt. */
  readonly data: Readonly<Record<string, Buffer>>
}

/** Certificates of one authority: two chains of one leaf, and renewals. */
export interface TestMaterial {
  /** A leaf under its intermediate. */
  readonly first: TestChain
  /** The same leaf under an intermediate that another root signed: a chain-only change. */
  readonly firstAgain: TestChain
  /** The same leaf alone: a third chain of it. */
  readonly firstAlone: TestChain
  /** A renewal: another leaf for the same name. */
  readonly second: TestChain
  /** The authority's certificates as a CA. */
  readonly authority: TestChain
  /** Another leaf, new with every call. */
  another(options?: { readonly commonName?: string; readonly notAfter?: Date }): Promise<TestChain>
}

export async function createMaterial(): Promise<TestMaterial> {
  const validity = { notBefore, notAfter }
  const root = await createAuthority({ name: 'Root', ...validity })
  const otherRoot = await createAuthority({ name: 'Other root', ...validity })
  const intermediate = await createAuthority({ name: 'Intermediate', issuer: root, ...validity })
  const crossed = await crossSign(intermediate, otherRoot)
  const leaf = (options: { commonName?: string; notAfter?: Date } = {}) =>
    createLeaf({ commonName: 'a.example.com', issuer: intermediate, ...validity, ...options })
  const one = await leaf()
  const two = await leaf({ notAfter: new Date(notAfter.getTime() + 30 * day) })
  return {
    first: chainOf(one, intermediate),
    firstAgain: chainOf(one, crossed),
    firstAlone: chainOf(one),
    second: chainOf(two, intermediate),
    authority: caOf(intermediate, root),
    another: async (options) => chainOf(await leaf(options), intermediate),
  }
}

export function chainOf(leaf: TestCertificate, ...issuers: readonly TestCertificate[]): TestChain {
  const data = {
    'tls.crt': Buffer.from(bundle(leaf, ...issuers)),
    'tls.key': Buffer.from(leaf.keyPem),
  }
  return describe('SVR', [leaf, ...issuers], leaf, data)
}

export function caOf(first: TestCertificate, ...rest: readonly TestCertificate[]): TestChain {
  return describe('CA', [first, ...rest], first, { 'ca.crt': Buffer.from(bundle(first, ...rest)) })
}

function describe(
  type: CertificateType,
  certificates: readonly TestCertificate[],
  leaf: TestCertificate,
  data: Record<string, Buffer>,
): TestChain {
  return {
    certificates,
    leaf,
    fingerprint: leaf.fingerprint,
    chainFingerprint: chainFingerprint(type, ...certificates),
    data,
  }
}
