import { createPrivateKey, createPublicKey, createSign, createVerify, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { Authority, signingKeys } from './pki.ts'

test('what the authority issues verifies by it, fits its key, and says whom and what it is for', async () => {
  const authority = await Authority.create()
  const issued = await authority.issue({
    subject: 'CN=kube-apiserver',
    usage: 'server',
    dnsNames: ['kubernetes.default.svc'],
    ipAddresses: ['10.98.0.1'],
  })
  const root = new X509Certificate(authority.certificatePem)
  const certificate = new X509Certificate(issued.certificate)
  expect(root.ca).toBe(true)
  expect(certificate.checkIssued(root) && certificate.verify(root.publicKey)).toBe(true)
  expect(certificate.checkPrivateKey(createPrivateKey(issued.key))).toBe(true)
  expect(certificate.checkIP('10.98.0.1')).toBe('10.98.0.1')
  expect(certificate.checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc')
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
  expect(new Date(certificate.validFrom).getTime()).toBeLessThan(Date.now() - 3_000_000)
})

test("a client's certificate holds its groups, and cannot serve", async () => {
  const authority = await Authority.create()
  const { certificate } = await authority.issue({ subject: 'O=system:masters, CN=admin', usage: 'client' })
  const read = new X509Certificate(certificate)
  expect(read.subject.split('\n').sort()).toEqual(['CN=admin', 'O=system:masters'])
  expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
})

test('a token signed with the one key verifies with the other', async () => {
  const { key, publicKey } = await signingKeys()
  const signature = createSign('SHA256').update('token').sign(createPrivateKey(key))
  expect(createVerify('SHA256').update('token').verify(createPublicKey(publicKey), signature)).toBe(true)
})
