import { beforeAll, expect, it } from 'vitest'
import { createMaterial, notAfter, type TestMaterial, testNow } from '../../../test/heart/material.ts'
import { observedOf, uploadedStatus, userAnnotations } from '../../../test/heart/observed.ts'
import { statusKeys } from '../../contract/annotation-keys.ts'
import { secretFacts } from './secret-facts.ts'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

it('are those of the certificate in the Secret, where there is no status', () => {
  expect(secretFacts(observedOf(material.first), {}, testNow)).toEqual({
    notAfter: notAfter.getTime(),
    uploadedNotAfter: undefined,
    phase: 'Unknown',
    reason: 'Unknown',
  })
})

it('are those of the status, as it is after a slice was written', () => {
  const status = { notAfter: '2026-02-01T00:00:00Z', phase: 'Synced', reason: 'CertificateUploaded' }
  const observed = observedOf(material.second, {
    ...userAnnotations(),
    ...uploadedStatus(material.first, 'id', status),
  })
  expect(secretFacts(observed, {}, testNow)).toMatchObject({
    uploadedNotAfter: Date.UTC(2026, 1, 1),
    phase: 'Synced',
    reason: 'CertificateUploaded',
  })
  const slice = { [statusKeys.phase]: 'Failed', [statusKeys.reason]: 'QuotaExceeded' }
  expect(secretFacts(observed, slice, testNow)).toMatchObject({
    uploadedNotAfter: Date.UTC(2026, 1, 1),
    phase: 'Failed',
    reason: 'QuotaExceeded',
  })
})

it('have no expiry of an upload that is taken back, or that is none', () => {
  const status = uploadedStatus(material.first, 'id', { notAfter: '2026-02-01T00:00:00Z' })
  const observed = observedOf(material.first, { ...userAnnotations(), ...status })
  expect(
    secretFacts(observed, { [statusKeys.certificateId]: null }, testNow).uploadedNotAfter,
  ).toBeUndefined()
  const { [statusKeys.certificateId]: _, ...rest } = observed.secret.annotations
  expect(secretFacts(observedOf(material.first, rest), {}, testNow).uploadedNotAfter).toBeUndefined()
})
