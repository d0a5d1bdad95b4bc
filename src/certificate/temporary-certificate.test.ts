import { expect, it } from 'vitest'
import { createLeaf, type TestCertificate, temporaryCertificate } from '../../test/fixtures/certificates.ts'
import { readMaterial } from './read-material.ts'
import { isTemporaryCertificate } from './temporary-certificate.ts'

const requested = { 'cert-manager.io/certificate-name': 'web' }
const issued = { ...requested, 'cert-manager.io/issuer-name': 'letsencrypt' }

it('takes a Secret that names its Certificate but no issuer for temporary', async () => {
  const leaf = await createLeaf({ commonName: 'a.example.com' })
  expect(isTemporaryCertificate(requested, materialOf(leaf))).toBe(true)
  expect(isTemporaryCertificate(requested, readMaterial({ type: 'SVR', data: {} }))).toBe(true)
})

it("takes a certificate of cert-manager's stand-in issuer for temporary, whatever the annotations", async () => {
  const temporary = materialOf(await temporaryCertificate({ commonName: 'a.example.com' }))
  expect(isTemporaryCertificate({}, temporary)).toBe(true)
  expect(isTemporaryCertificate(issued, temporary)).toBe(true)
})

it('takes an issued certificate, and one that cert-manager has nothing to do with, for what it is', async () => {
  const issuer = 'cert-manager.local.example.com'
  const leaf = await createLeaf({ commonName: issuer })
  expect(isTemporaryCertificate(issued, materialOf(leaf))).toBe(false)
  expect(isTemporaryCertificate({}, materialOf(leaf))).toBe(false)
  expect(isTemporaryCertificate({}, readMaterial({ type: 'SVR', data: {} }))).toBe(false)
})

function materialOf({ certificatePem, keyPem }: TestCertificate) {
  const data = { 'tls.crt': Buffer.from(certificatePem), 'tls.key': Buffer.from(keyPem) }
  return readMaterial({ type: 'SVR', data })
}
