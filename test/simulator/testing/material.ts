import { bundle, createAuthority, createLeaf, type TestCertificate } from '../../fixtures/certificates.ts'

let authority: Promise<TestCertificate> | undefined
let count = 0

/** One root for all tests of a file. */
export function testRoot(): Promise<TestCertificate> {
  authority ??= createAuthority({ name: 'Simulator Test Root' })
  return authority
}

/** A new server certificate under the test root. */
export async function testLeaf(
  options: { readonly notBefore?: Date; readonly notAfter?: Date } = {},
): Promise<TestCertificate> {
  count += 1
  return createLeaf({ commonName: `host-${count}.example.com`, issuer: await testRoot(), ...options })
}

/** Parameters of a proper UploadCertificate of this leaf with these certificates behind it. */
export function uploadOf(leaf: TestCertificate, ...behind: readonly TestCertificate[]) {
  return {
    CertificatePublicKey: bundle(leaf, ...behind),
    CertificatePrivateKey: leaf.keyPem,
    Repeatable: false,
  }
}
