import { expect, it } from 'vitest'
import {
  createAuthority,
  createLeaf,
  chainFingerprint as expected,
} from '../../test/fixtures/certificates.ts'
import { chainFingerprint, fingerprint } from './fingerprint.ts'

it("is what other tools show as the certificate's SHA-256 fingerprint", async () => {
  const { der, certificate } = await createLeaf({ commonName: 'a.example.com' })
  expect(fingerprint(der)).toBe(certificate.fingerprint256.replaceAll(':', '').toLowerCase())
})

it('tells chains apart by type, members and order', async () => {
  const issuer = await createAuthority({ name: 'Issuer' })
  const leaf = await createLeaf({ commonName: 'a.example.com', issuer })
  const chain = [leaf.der, issuer.der]
  expect(chainFingerprint('SVR', chain)).toBe(expected('SVR', leaf, issuer))
  const others = [
    chainFingerprint('CA', chain),
    chainFingerprint('SVR', [leaf.der]),
    chainFingerprint('SVR', chain.toReversed()),
  ]
  expect(new Set([chainFingerprint('SVR', chain), ...others]).size).toBe(4)
})
