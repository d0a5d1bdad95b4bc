import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestMaterial } from '../../../test/heart/material.ts'
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
import { chainPrefix } from '../../contract/status.ts'
import { statusPatch } from '../../engine/status/status-patch.ts'
import type { Outcome } from '../../engine/step.ts'
import type { Upload } from '../../ledger/entry.ts'
import { findGone } from '../../ledger/testing/find-gone.ts'
import { type FailureClass, ServiceError } from '../../ports/service-error.ts'
import { isReason } from '../../reasons.ts'
import * as outcomes from './outcomes.ts'
import { chainViewOf, later, now, plainUpload, viewOf } from './testing/upload-view.ts'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

type Status = Parameters<typeof uploadedStatus>[2]

/** A Secret with the first chain, whose status says so. */
function claiming(status: Status = {}, settings: Parameters<typeof userAnnotations>[0] = {}): Observed {
  const uploaded = uploadedStatus(material.first, 'id-of-first', status)
  return observedOf(material.first, { ...userAnnotations(settings), ...uploaded })
}

/** The Secret after an outcome was written down. */
function written(observed: Observed, { slice }: Outcome): Observed {
  const entries = Object.entries({ ...observed.secret.annotations, ...slice })
  const kept = entries.filter((entry): entry is [string, string] => entry[1] !== null)
  return observe({ ...observed.secret, annotations: Object.fromEntries(kept) }, identity)
}

const uploaded = (observed: Observed, upload: Partial<Upload> = {}, more = {}) => {
  const sent = { ...plainUpload, settings: observed.settingsHash, ...upload }
  return outcomes.uploaded(chainViewOf(observed, more), { certificateId: 'new', upload: sent }, {}, now)
}
const stillSynced = (observed: Observed, at = now) => outcomes.alreadySynced(chainViewOf(observed), {}, at)
const error = (failure: FailureClass, more: object = {}) =>
  new ServiceError({
    ...{ failure, action: 'UploadCertificate', code: 'SomeCode', requestId: 'req-1', hint: 'Do something.' },
    ...more,
  })
const value = (outcome: Outcome, key: keyof typeof statusKeys) => outcome.slice[statusKeys[key]]

describe('an uploaded certificate', () => {
  it('has its id, account, fingerprints and expiry in the status, all of them its own (I6)', () => {
    const { first, second } = material
    const before = { ...userAnnotations(), ...uploadedStatus(first, 'id-of-first') }
    expect(uploaded(observedOf(second, before)).slice).toMatchObject(
      Object.fromEntries(
        Object.entries({
          certificateId: 'new',
          account: identity.account,
          fingerprint: second.fingerprint,
          chainFingerprint: second.chainFingerprint,
          notAfter: '2026-04-01T00:00:00Z',
          syncedAt: '2026-01-01T00:00:00Z',
          origin: 'Uploaded',
          previousCertificateId: `id-of-first@${chainPrefix(first.chainFingerprint)}`,
          intent: null,
          rejectedFor: null,
          rejectedAt: null,
        }).map(([name, text]) => [statusKeys[name as keyof typeof statusKeys], text]),
      ),
    )
  })

  it('was uploaded, or adopted where it was there or another Secret uploaded it', () => {
    const fresh = observedOf(material.first)
    const first = uploaded(fresh)
    expect([first.reason, value(first, 'settings')]).toEqual(['CertificateUploaded', fresh.settingsHash])
    for (const upload of [{ repeated: true }, { by: 'web/other' }]) {
      const adopted = uploaded(fresh, upload)
      expect([adopted.reason, value(adopted, 'settings')]).toEqual(['CertificateAdopted', null])
    }
  })

  it('names what was left out, by us or because the service refused it', () => {
    const byUs = uploaded(observedOf(material.first, userAnnotations({ tags: 'project=x' })))
    expect(byUs.reason).toBe('SettingsRefused')
    expect(byUs.message).toContain('"project"')
    const refused = uploaded(observedOf(material.first), { rung: 'Settings', refusedWith: 'SomeCode' })
    expect(refused.reason).toBe('SettingsRefused')
    expect(refused.message).toContain('SomeCode')
    expect(stillSynced(written(observedOf(material.first), refused)).message).toBe(refused.message)
  })

  it.each<[string, Partial<Upload>, RegExp]>([
    [
      "the user's settings, which are to be corrected",
      { rung: 'Settings' },
      /without alias, certificate-use and tags: .* at least one of them \(SomeCode\)\. Correct the annotations/,
    ],
    [
      'the tag of its chain, which is not for the user to correct',
      { account: 'ChainTag' },
      /without the tag cert-sync\/chain: .* refused it \(SomeCode\)\. The annotations need no change/,
    ],
    [
      'both',
      { rung: 'ChainTag' },
      /without alias, certificate-use, tags and the tag cert-sync\/chain: .* Correct the annotations/,
    ],
    ['every tag', { rung: 'Everything' }, /certificate-use and any tag: .* no ownership tags/],
  ])('names what the service refused: %s', (_, upload, message) => {
    const outcome = uploaded(observedOf(material.first), { ...upload, refusedWith: 'SomeCode' })
    expect([outcome.reason, outcome.message]).toEqual(['SettingsRefused', expect.stringMatching(message)])
  })

  it('says so when the settings have changed since it was sent', () => {
    const sent = `v1:${'0'.repeat(64)}`
    const outcome = uploaded(observedOf(material.first), { settings: sent })
    expect([outcome.reason, value(outcome, 'settings')]).toEqual(['SettingsNotApplied', sent])
  })

  it('leaves ids of another account out of what it superseded, and ids that are gone', () => {
    const status = { account: 'other@ssl.example.com', previousCertificateId: 'older@0123456789ab' }
    const of = (more: Status) =>
      observedOf(material.second, { ...userAnnotations(), ...uploadedStatus(material.first, 'id', more) })
    expect(value(uploaded(of(status)), 'previousCertificateId')).toBeNull()
    const { ledger } = viewOf(of({}))
    findGone(ledger, 'id', 0)
    expect(value(uploaded(of({}), {}, { ledger }), 'previousCertificateId')).toBeNull()
  })

  it('that is still uploaded gets no new status, and its missing keys back', () => {
    const observed = written(observedOf(material.first), uploaded(observedOf(material.first)))
    expect(statusPatch(observed.secret.annotations, stillSynced(observed, later(1)).slice)).toBeUndefined()
    for (const name of ['notAfter', 'origin', 'settings', 'phase', 'reason', 'message'] as const) {
      const { [statusKeys[name]]: text, ...rest } = observed.secret.annotations
      expect(value(stillSynced(observedOf(material.first, rest)), name), name).toBe(text)
    }
  })

  it('has the fingerprint of its chain, whatever somebody wrote there, and was synced when it was', () => {
    const syncedAt = '2025-12-31T00:00:00Z'
    const outcome = stillSynced(claiming({ fingerprint: '0'.repeat(64), syncedAt }))
    expect(value(outcome, 'fingerprint')).toBe(material.first.fingerprint)
    expect(value(outcome, 'syncedAt')).toBe(syncedAt)
  })

  it('says once that changed settings were not applied, and no more when they are changed back', () => {
    const settings = observedOf(material.first).settingsHash
    const changed = claiming({ settings, origin: 'Uploaded' }, { alias: 'other' })
    const outcome = stillSynced(changed)
    expect(outcome.reason).toBe('SettingsNotApplied')
    const reported = written(changed, outcome)
    expect(statusPatch(reported.secret.annotations, stillSynced(reported).slice)).toBeUndefined()
    const { 'tencent-cert-sync.io/alias': _, ...restored } = reported.secret.annotations
    expect(stillSynced(observedOf(material.first, restored)).reason).toBe('CertificateUploaded')
  })
})

describe('a verified id', () => {
  it('echoes the request, also where nobody may look, and stays unverified until the next one', () => {
    const observed = claiming({}, { requestedAt: 'now' })
    const view = chainViewOf(observed)
    expect(value(outcomes.verified(view, {}, 'Exists', now), 'handledRequest')).toBe('now')
    const denied = outcomes.verified(view, {}, 'NotAllowed', now)
    expect([denied.phase, denied.reason]).toEqual(['Synced', 'VerifyNotAllowed'])
    const reported = written(observed, denied)
    expect(stillSynced(reported).reason).toBe('VerifyNotAllowed')
    expect(outcomes.verified(chainViewOf(reported), {}, 'Exists', now).reason).not.toBe('VerifyNotAllowed')
  })
})

describe('what is not synced', () => {
  const all = (observed: Observed) => {
    const view = viewOf(observed)
    return [
      outcomes.pending(view, 'TemporaryCertificate'),
      outcomes.pending(view, 'UploadBudgetExceeded'),
      outcomes.rejectedByPreflight(view, { reason: 'KeyMismatch', message: 'm' }),
      outcomes.rejectedByService(view, error('rejected'), now),
      outcomes.failed(view, error('outage'), 1),
      outcomes.existsElsewhere(view, undefined),
      outcomes.accountChanged(view),
      outcomes.unexpected(view, 'TypeError'),
    ]
  }

  it('leaves id, account, fingerprints, expiry and intent as they are (I6)', () => {
    const kept = [
      'certificateId',
      'account',
      'fingerprint',
      'chainFingerprint',
      'notAfter',
      'intent',
    ] as const
    for (const { slice, reason } of all(claiming({ intent: material.first.chainFingerprint }))) {
      for (const name of kept) expect(slice, reason).not.toHaveProperty([statusKeys[name]])
    }
  })

  it('echoes a request only when it is final', () => {
    for (const outcome of all(claiming({ handledRequest: 'before' }, { requestedAt: 'now' }))) {
      const echo = outcome.phase === 'Rejected' ? 'now' : undefined
      expect(value(outcome, 'handledRequest'), outcome.reason).toBe(echo)
    }
  })

  it('takes back an id that is gone', () => {
    const view = viewOf(claiming())
    findGone(view.ledger, 'id-of-first', 0)
    expect(value(outcomes.failed(view, error('outage'), 1), 'certificateId')).toBeNull()
    expect(value(outcomes.certificateMissing(view, 'id-of-first'), 'certificateId')).toBeNull()
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
    const outcome = outcomes.failed(viewOf(observedOf(material.first)), error(failure), 1)
    expect(outcome).toMatchObject({ phase: 'Failed', reason })
    expect(isReason(outcome.reason)).toBe(true)
    for (const part of ['SomeCode', 'Do something.']) expect(outcome.message).toContain(part)
  })
})

describe('a message', () => {
  it('is a function of reason and code: no attempt and no request id', () => {
    const view = viewOf(observedOf(material.first))
    const [one, two] = [1, 2].map((it) =>
      outcomes.failed(view, error('outage', { requestId: `req-${it}` }), it),
    )
    expect(one?.message).toBe(two?.message)
    expect(one?.slice).toEqual(two?.slice)
  })

  it('is short and can be stored, whatever goes into it', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 2_000 })
    fc.assert(
      fc.property(text, text, (code, given) => {
        const settings = { alias: `{${given}}`, tags: given }
        const observed = observedOf(material.first, userAnnotations(settings))
        const view = viewOf(observed)
        for (const { message } of [
          outcomes.failed(view, error('unknown', { code, hint: given }), 1),
          outcomes.rejectedByService(view, error('rejected', { code }), now),
          outcomes.rejectedByPreflight(view, { reason: 'MissingData', message: given }),
          uploaded(observed, { rung: 'Everything', refusedWith: code }),
        ]) {
          expect(message.length).toBeLessThanOrEqual(500)
          expect(message.isWellFormed()).toBe(true)
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
      origin: oneOf('x', 'Uploaded', 'Adopted'),
      intent: oneOf('x', first.chainFingerprint),
      settings: oneOf('x', `v1:${'0'.repeat(64)}`, `v1:${'0'.repeat(64)} without settings SomeCode`),
      phase: oneOf('x', 'Synced', 'Failed', 'Rejected'),
      reason: oneOf('x', 'SettingsRefused', 'NotVisible', 'VerifyNotAllowed', 'CertificateAdopted'),
      message: oneOf('', 'x', 'y'.repeat(600)),
      rejectedFor: oneOf('x', first.fingerprint),
      handledRequest: oneOf('', 'before', 'now'),
    })
    fc.assert(
      fc.property(status, fc.constantFrom(undefined, 'now'), (given, requestedAt) => {
        const annotations = {
          ...statusAnnotations(given),
          ...userAnnotations({ requestedAt }),
          ...uploadedStatus(first, 'id-of-first'),
        }
        const before = observe(snapshotOf(annotations, first.data), identity)
        const reported = written(before, stillSynced(before))
        const again = statusPatch(reported.secret.annotations, stillSynced(reported, later(60_000)).slice)
        expect(again).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })
})
