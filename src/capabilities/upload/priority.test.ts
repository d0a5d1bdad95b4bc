import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestMaterial, testNow } from '../../../test/heart/material.ts'
import { observedOf, uploadedStatus, userAnnotations } from '../../../test/heart/observed.ts'
import { Ledger } from '../../ledger/ledger.ts'
import { type FailureClass, ServiceError } from '../../ports/service-error.ts'
import type { UploadMemory } from './memory.ts'
import { model } from './model.ts'
import { priorityOf } from './priority.ts'
import { chainViewOf, now, plainUpload } from './testing/upload-view.ts'
import type { ViewOfChain } from './view.ts'

const day = 86_400_000

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

/** A renewal of what is uploaded, which expires so many days from now by the account, and by the status whenever. */
function expiring(days: number, notAfter = '1970-01-01T00:00:00Z') {
  const { first, second } = material
  const ledger = new Ledger()
  ledger.learnUploaded('id', first.chainFingerprint, testNow + days * day, plainUpload, now.elapsed)
  const status = uploadedStatus(first, 'id', { notAfter })
  return chainViewOf(observedOf(second, { ...userAnnotations(), ...status }), { ledger })
}

describe('the priority of an upload', () => {
  it.each([
    [-3, true],
    [7, true],
    [7.01, false],
    [900, false],
  ])('is urgent where what the account holds expires within a week: %s days, %s', (days, urgent) => {
    expect(priorityOf(expiring(days), {}, now)).toMatchObject({ urgent, expiresAt: testNow + days * day })
  })

  it('is not urgent for an annotation, which a tenant may set: that counts among the keys of its namespace only', () => {
    const { first, second } = material
    const soon = new Date(testNow + day).toISOString()
    const status = uploadedStatus(first, 'id', { notAfter: soon })
    const forged = chainViewOf(observedOf(second, { ...userAnnotations(), ...status }))
    expect(priorityOf(forged, {}, now)).toMatchObject({
      urgent: false,
      expiresAt: testNow + day,
      group: 'web',
    })
  })

  it('is not urgent for an id that belongs to another Secret', () => {
    const { first, second } = material
    const ledger = new Ledger()
    const theirs = { ...plainUpload, by: 'web/other' }
    ledger.learnUploaded('id', first.chainFingerprint, testNow + day, theirs, now.elapsed)
    const view = chainViewOf(observedOf(second, { ...userAnnotations(), ...uploadedStatus(first, 'id') }), {
      ledger,
    })
    expect(priorityOf(view, {}, now).urgent).toBe(false)
  })

  it('of what was never uploaded goes behind what expires within a week, and before the rest', () => {
    const fresh = chainViewOf(observedOf(material.first))
    expect(priorityOf(fresh, {}, now)).toEqual({
      failedBefore: false,
      urgent: false,
      expiresAt: testNow + 7 * day,
      group: 'web',
    })
  })

  it.each<[FailureClass, boolean]>([
    ['outage', true],
    ['unknown', true],
    ['throttled', false],
  ])('goes behind others after a failure with the same chain: %s, %s', (failure, failedBefore) => {
    const view = chainViewOf(observedOf(material.first))
    expect(priorityOf(view, failedWith(view, failure), now).failedBefore).toBe(failedBefore)
  })

  it('stays behind others whatever is set or asked for, until the chain is another one', () => {
    const memory = failedWith(chainViewOf(observedOf(material.first)))
    const asked = chainViewOf(
      observedOf(material.first, userAnnotations({ requestedAt: 'now', projectId: '7' })),
    )
    expect(priorityOf(asked, memory, now).failedBefore).toBe(true)
    const renewed = chainViewOf(observedOf(material.second))
    expect(priorityOf(renewed, memory, now).failedBefore).toBe(false)
    // Whoever changes back and forth gains nothing.
    expect(priorityOf(asked, failedWith(renewed, 'outage', memory), now).failedBefore).toBe(true)
  })
})

/** What is remembered after a failed upload of what is observed. */
function failedWith(view: ViewOfChain, failure: FailureClass = 'outage', before: UploadMemory = {}) {
  const action = { name: 'UploadCertificate', rung: 'Nothing', account: 'Nothing' } as const
  const error = new ServiceError({ failure, action: action.name, code: 'SomeCode' })
  return model(view, before, action, { ok: false, error }, now)
}
