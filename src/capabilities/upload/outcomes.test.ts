import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestMaterial, testNow } from '../../../test/heart/material.ts'
import {
  identity,
  observedOf,
  snapshotOf,
  statusAnnotations,
  uploadedStatus,
  userAnnotations,
} from '../../../test/heart/observed.ts'
import { statusKeys } from '../../contract/annotation-keys.ts'
import { type Observed, observe } from '../../contract/observe.ts'
import { chainPrefix, statusPatch } from '../../contract/status.ts'
import { type FailureClass, ServiceError } from '../../ports/service-error.ts'
import { isReason } from '../../reasons.ts'
import {
  alreadySynced,
  existsElsewhere,
  failed,
  type Outcome,
  pending,
  rejectedByPreflight,
  rejectedByService,
  uploaded,
  verified,
} from './outcomes.ts'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

type Status = Parameters<typeof uploadedStatus>[2]

/** A Secret with the first chain, whose status says so. */
function synced(status: Status = {}, settings: Parameters<typeof userAnnotations>[0] = {}): Observed {
  return observedOf(material.first, {
    ...userAnnotations(settings),
    ...uploadedStatus(material.first, 'id-of-first', status),
  })
}

/** What the annotations say after an outcome was written down. */
function written(observed: Observed, outcome: Outcome): Observed {
  const patch = statusPatch(observed.secret.annotations, outcome.change) ?? {}
  const entries = Object.entries({ ...observed.secret.annotations, ...patch })
  const kept = entries.filter((entry): entry is [string, string] => entry[1] !== null)
  return observe({ ...observed.secret, annotations: Object.fromEntries(kept) }, identity)
}

const answer = { certificateId: 'new', existed: false }
const error = (failure: FailureClass, more: object = {}) =>
  new ServiceError({
    failure,
    action: 'UploadCertificate',
    code: 'SomeCode',
    requestId: 'req-1',
    hint: 'Do something.',
    ...more,
  })

describe('an uploaded certificate', () => {
  it('has its id, account, fingerprints and expiry in the status, all of them its own (I6)', () => {
    const { second } = material
    const before = { ...userAnnotations(), ...uploadedStatus(material.first, 'id-of-first') }
    const outcome = uploaded(observedOf(second, before), identity, answer, testNow)
    expect(outcome.change).toMatchObject({
      certificateId: 'new',
      account: identity.account,
      fingerprint: second.fingerprint,
      chainFingerprint: second.chainFingerprint,
      notAfter: '2026-04-01T00:00:00Z',
      syncedAt: '2026-01-01T00:00:00Z',
      origin: 'Uploaded',
      previousCertificateId: `id-of-first@${chainPrefix(material.first.chainFingerprint)}`,
      intent: null,
      rejectedFor: null,
      rejectedAt: null,
    })
  })

  it('was uploaded or adopted, as the answer said', () => {
    const fresh = observedOf(material.first)
    expect(uploaded(fresh, identity, answer, testNow)).toMatchObject({
      phase: 'Synced',
      reason: 'CertificateUploaded',
      change: { origin: 'Uploaded', settings: fresh.settingsHash },
    })
    expect(uploaded(fresh, identity, { ...answer, existed: true }, testNow)).toMatchObject({
      phase: 'Synced',
      reason: 'CertificateAdopted',
      change: { origin: 'Adopted', settings: null },
    })
  })

  it('names what was left out, by us or because the service refused it', () => {
    const observed = observedOf(material.first, userAnnotations({ tags: 'project=x' }))
    const outcome = uploaded(observed, identity, { ...answer, refusal: 'the alias' }, testNow)
    expect(outcome.reason).toBe('SettingsRefused')
    expect(outcome.message).toContain('"project"')
    expect(outcome.message).toContain('the alias')
  })

  it('says so when the settings have changed since it was sent', () => {
    const observed = observedOf(material.first)
    const sent = `v1:${'0'.repeat(64)}`
    expect(uploaded(observed, identity, { ...answer, settings: sent }, testNow)).toMatchObject({
      reason: 'SettingsNotApplied',
      change: { settings: sent },
    })
  })

  it('leaves ids of another account out of what it superseded', () => {
    const status = { account: 'other@ssl.example.com', previousCertificateId: 'older@0123456789ab' }
    const observed = observedOf(material.second, {
      ...userAnnotations(),
      ...uploadedStatus(material.first, 'id-of-first', status),
    })
    expect(uploaded(observed, identity, answer, testNow).change.previousCertificateId).toBeNull()
  })

  it('did not supersede an id that is gone, nor one that somebody wrote over the true one', () => {
    const gone = uploaded(synced(), identity, { ...answer, gone: true }, testNow)
    const tampered = uploaded(synced(), identity, answer, testNow)
    expect(gone.change.previousCertificateId).toBeNull()
    expect(tampered.change.previousCertificateId).toBeNull()
  })

  it('that is still uploaded gets no new status, and its missing keys back', () => {
    const first = uploaded(observedOf(material.first), identity, answer, testNow)
    const observed = written(observedOf(material.first), first)
    expect(
      statusPatch(observed.secret.annotations, alreadySynced(observed, testNow + 1).change),
    ).toBeUndefined()
    for (const key of ['notAfter', 'origin', 'settings', 'phase', 'reason', 'message'] as const) {
      const { [statusKeys[key]]: value, ...rest } = observed.secret.annotations
      const stripped = observedOf(material.first, rest)
      expect(alreadySynced(stripped, testNow + 1).change[key], key).toBe(value)
    }
  })

  it('has the fingerprint of its chain, whatever somebody wrote there', () => {
    const outcome = alreadySynced(synced({ fingerprint: '0'.repeat(64) }), testNow)
    expect(outcome.change.fingerprint).toBe(material.first.fingerprint)
  })

  it('was synced when it was, not when somebody looked', () => {
    const syncedAt = '2025-12-31T00:00:00Z'
    expect(alreadySynced(synced({ syncedAt }), testNow).change.syncedAt).toBe(syncedAt)
  })

  it('says once that changed settings were not applied, and no more when they are changed back', () => {
    const settings = observedOf(material.first).settingsHash
    const changed = synced({ settings, origin: 'Uploaded' }, { alias: 'other' })
    const outcome = alreadySynced(changed, testNow)
    expect(outcome).toMatchObject({ reason: 'SettingsNotApplied', change: { settings } })
    const told = written(changed, outcome)
    expect(statusPatch(told.secret.annotations, alreadySynced(told, testNow).change)).toBeUndefined()
    const back = observedOf(material.first, { ...told.secret.annotations, ...userAnnotations() })
    const restored = observe({ ...back.secret, annotations: without(back, 'alias') }, identity)
    expect(alreadySynced(restored, testNow).reason).toBe('CertificateUploaded')
  })

  it('keeps what was said of refused settings', () => {
    const observed = observedOf(material.first)
    const told = written(observed, uploaded(observed, identity, { ...answer, refusal: 'tags' }, testNow))
    expect(alreadySynced(told, testNow)).toMatchObject({
      reason: 'SettingsRefused',
      message: /tags/ as never,
    })
  })
})

describe('a verified id', () => {
  it('echoes the request, also where nobody may look', () => {
    const observed = synced({}, { requestedAt: 'now' })
    expect(verified(observed, true, testNow).change.handledRequest).toBe('now')
    expect(verified(observed, false, testNow)).toMatchObject({
      phase: 'Synced',
      reason: 'VerifyNotAllowed',
      change: { handledRequest: 'now' },
    })
  })

  it('stays unasked until the next request', () => {
    const told = written(
      synced({}, { requestedAt: 'now' }),
      verified(synced({}, { requestedAt: 'now' }), false, 1),
    )
    expect(alreadySynced(told, testNow).reason).toBe('VerifyNotAllowed')
    expect(verified(told, true, testNow).reason).not.toBe('VerifyNotAllowed')
  })
})

describe('what is not synced', () => {
  const outcomes = (observed: Observed): Outcome[] => [
    pending('TemporaryCertificate'),
    pending('UploadBudgetExceeded'),
    rejectedByPreflight(observed, 'KeyMismatch', 'tls.key does not belong to the certificate.'),
    rejectedByService(observed, error('rejected'), testNow),
    failed(error('outage')),
    existsElsewhere(),
  ]

  it('leaves id, account, fingerprints, expiry and intent as they are (I6)', () => {
    const observed = synced({ intent: material.first.chainFingerprint })
    for (const { change } of outcomes(observed)) {
      for (const key of [
        'certificateId',
        'account',
        'fingerprint',
        'chainFingerprint',
        'notAfter',
        'previousCertificateId',
        'intent',
      ] as const) {
        expect(change, key).not.toHaveProperty(key)
      }
    }
  })

  it('echoes a request only when it is final', () => {
    const observed = synced({ handledRequest: 'before' }, { requestedAt: 'now' })
    for (const { phase, change } of outcomes(observed)) {
      expect(change.handledRequest, phase).toBe(phase === 'Rejected' ? 'now' : undefined)
    }
  })

  it('says for what the service rejected it, and when', () => {
    const observed = observedOf(material.first)
    expect(rejectedByService(observed, error('rejected'), testNow).change).toMatchObject({
      rejectedFor: observed.rejectionInput,
      rejectedAt: '2026-01-01T00:00:00Z',
    })
    for (const outcome of [pending('TemporaryCertificate'), failed(error('outage'))]) {
      expect(outcome.change).toMatchObject({ rejectedFor: null, rejectedAt: null })
    }
  })

  it.each<[FailureClass, string]>([
    ['outage', 'ServiceUnavailable'],
    ['caller', 'CredentialsRefused'],
    ['not-allowed', 'NotAllowed'],
    ['quota', 'QuotaExceeded'],
    ['exists', 'ExistsElsewhere'],
    ['throttled', 'Throttled'],
    ['unknown', 'UnexpectedError'],
  ])('a failure of class %s is %s, with its code and what to do', (failure, reason) => {
    const outcome = failed(error(failure))
    expect(outcome).toMatchObject({ phase: 'Failed', reason })
    expect(isReason(outcome.reason)).toBe(true)
    expect(outcome.message).toContain('SomeCode')
    expect(outcome.message).toContain('Do something.')
  })
})

describe('a message', () => {
  it('is a function of reason and code: no time, attempt or request id', () => {
    for (const failure of ['outage', 'rejected'] as const) {
      const [one, two] = ['req-1', 'req-2'].map((requestId) => error(failure, { requestId }))
      const observed = observedOf(material.first)
      const tell =
        failure === 'outage' ? failed : (it: ServiceError) => rejectedByService(observed, it, testNow)
      expect(tell(one as ServiceError).message).toBe(tell(two as ServiceError).message)
      expect(tell(one as ServiceError).message).not.toContain('req-1')
    }
  })

  it('is cut between characters', () => {
    for (const start of ['', 'x']) {
      const { message } = failed(error('unknown', { code: '', hint: `${start}${'😀'.repeat(400)}` })).change
      expect(message).toHaveLength(500)
      expect(message?.isWellFormed()).toBe(true)
    }
  })

  it('is short and can be stored, whatever goes into it', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 2_000 })
    fc.assert(
      fc.property(text, text, (code, given) => {
        const observed = observedOf(material.first, userAnnotations({ alias: `{${given}}`, tags: given }))
        for (const { change } of [
          failed(error('unknown', { code, hint: given })),
          rejectedByService(observed, error('rejected', { code }), testNow),
          rejectedByPreflight(observed, 'InvalidAnnotation', given),
          uploaded(observed, identity, { ...answer, refusal: given }, testNow),
        ]) {
          expect(change.message?.length).toBeLessThanOrEqual(500)
          expect(change.message?.isWellFormed()).toBe(true)
        }
      }),
    )
  })
})

describe('an outcome that was written down', () => {
  it('is not written again, whatever the status said before (I5)', () => {
    const { first } = material
    const oneOf = (...words: string[]) => fc.constantFrom(undefined, ...words)
    const status = fc.record({
      notAfter: oneOf('x', '2026-03-02T00:00:00Z'),
      syncedAt: oneOf('x', '2026-01-01T00:00:00Z'),
      previousCertificateId: oneOf('x', 'old@0123456789ab'),
      origin: oneOf('x', 'Uploaded', 'Adopted'),
      intent: oneOf('x', first.chainFingerprint),
      settings: oneOf('x', `v1:${'0'.repeat(64)}`, observedOf(first).settingsHash),
      phase: oneOf('x', 'Synced', 'Failed', 'Rejected'),
      reason: oneOf('x', 'SettingsRefused', 'SettingsNotApplied', 'VerifyNotAllowed', 'CertificateAdopted'),
      message: oneOf('', 'x', 'y'.repeat(600)),
      rejectedFor: oneOf('x', first.fingerprint),
      rejectedAt: oneOf('x', '2026-01-01T00:00:00Z'),
      handledRequest: oneOf('', 'before', 'now'),
    })
    const requested = fc.constantFrom(undefined, 'now')
    fc.assert(
      fc.property(status, requested, (given, requestedAt) => {
        const annotations = {
          ...statusAnnotations(given),
          ...userAnnotations({ requestedAt }),
          ...uploadedStatus(first, 'id-of-first'),
        }
        const before = observe(snapshotOf(annotations, first.data), identity)
        const told = written(before, alreadySynced(before, testNow))
        const again = statusPatch(told.secret.annotations, alreadySynced(told, testNow + 60_000).change)
        expect(again).toBeUndefined()
      }),
      { numRuns: 1_000 },
    )
  })
})

function without({ secret }: Observed, name: 'alias'): Record<string, string> {
  const { [`tencent-cert-sync.io/${name}`]: _, ...rest } = secret.annotations
  return rest
}
