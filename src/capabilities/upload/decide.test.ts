import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestMaterial, testNow } from '../../../test/heart/material.ts'
import {
  blank,
  identity,
  observedOf,
  snapshotOf,
  statusAnnotations,
  uploadedStatus,
  userAnnotations,
} from '../../../test/heart/observed.ts'
import { statusKeys, userKeys } from '../../contract/annotation-keys.ts'
import { type Observed, observe } from '../../contract/observe.ts'
import { decide, rejectionLifetimeMs, requestOf } from './decide.ts'
import type { Decision, Memory } from './decision.ts'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

const later = testNow + 1
const certManager = { 'cert-manager.io/certificate-name': 'site' }

function decided(observed: Observed, memory: Partial<Memory> = {}, now = testNow): Decision {
  return decide(observed, { ...blank, ...memory }, identity, now)
}

/** A Secret whose status says that its chain is uploaded. */
function synced(
  settings: Parameters<typeof userAnnotations>[0] = {},
  status: Parameters<typeof uploadedStatus>[2] = {},
  more: Readonly<Record<string, string>> = {},
): Observed {
  const { first } = material
  const uploaded = uploadedStatus(first, 'id-of-first', status)
  return observedOf(first, { ...userAnnotations(settings), ...uploaded, ...more })
}

const fresh = (settings: Parameters<typeof userAnnotations>[0] = {}, more: Record<string, string> = {}) =>
  observedOf(material.first, { ...userAnnotations(settings), ...more })

const memo = (more: Partial<NonNullable<Memory['memo']>> = {}) => ({
  memo: { certificateId: 'id-of-memo', existed: false, by: 'web/site', settings: 'v1:x', ...more },
})

describe('what is left alone', () => {
  it('a Secret without the opt-in', () => {
    expect(decided(observedOf(material.first, {}))).toEqual({ kind: 'Ignore' })
  })

  it('a Secret whose opt-in says no', () => {
    expect(decided(synced({ upload: 'false', requestedAt: 'now' }))).toEqual({ kind: 'Ignore' })
  })

  it('a Secret that is being deleted', () => {
    const observed = observedOf(material.first, userAnnotations(), { deleting: true })
    expect(decided(observed)).toEqual({ kind: 'Ignore' })
  })

  it('a paused Secret, whatever else is wrong with it', () => {
    expect(decided(fresh({ paused: 'true' }))).toEqual({ kind: 'Skip' })
    expect(decided(fresh({ paused: 'true', upload: 'maybe', projectId: 'x' }))).toEqual({ kind: 'Skip' })
  })
})

describe('a value that does not parse', () => {
  it.each<Parameters<typeof userAnnotations>[0]>([
    { upload: 'maybe' },
    { certificateType: 'svr' },
    { repeatable: 'x' },
    { paused: 'x' },
    { projectId: 'x' },
  ])('rejects the Secret, also when its certificate is uploaded: %j', (settings) => {
    for (const observed of [fresh(settings), synced(settings)]) {
      expect(decided(observed)).toMatchObject({ kind: 'Reject', reason: 'InvalidAnnotation' })
    }
  })

  it('does so before anything is known of the certificate, and names the value', () => {
    const observed = observedOf({ data: {} }, userAnnotations({ projectId: 'x' }))
    const decision = decided(observed, { ...memo(), uploadsHeld: true })
    expect(decision).toMatchObject({ reason: 'InvalidAnnotation' })
    expect(decision).toHaveProperty('message', expect.stringContaining(`${userKeys.projectId} must be`))
  })

  it('rejects nothing where it is only cosmetic', () => {
    const settings = { alias: '{x}', tags: 'project=x', certificateUse: '?' }
    expect(decided(fresh(settings))).toEqual({ kind: 'Upload', plain: false })
  })
})

describe('a chain that is uploaded', () => {
  it('is synced', () => {
    expect(decided(synced())).toEqual({ kind: 'Synced' })
  })

  it('stays synced whatever else is going on', () => {
    const { first } = material
    const rejected = { phase: 'Rejected', rejectedAt: '2026-01-01T00:00:00Z', intent: first.chainFingerprint }
    const observed = synced({ repeatable: 'true', alias: 'new', tags: 'a=b' }, rejected, certManager)
    const memory: Partial<Memory> = {
      ...memo(),
      failure: { input: observed.input, until: later },
      uploadsHeld: true,
      lookupsHeld: true,
      budgetFreeAt: later,
      plainInput: observed.input,
      progress: { chainFingerprint: first.chainFingerprint, exists: true, sameId: true },
    }
    expect(decided(observed, memory)).toEqual({ kind: 'Synced' })
  })

  it('stays synced after it has expired', () => {
    const afterwards = material.first.leaf.notAfter.getTime() + 1
    expect(decided(synced(), {}, afterwards)).toEqual({ kind: 'Synced' })
  })

  it('stays synced without its key, or with the key of another', () => {
    const { first, second } = material
    for (const key of [undefined, second.data['tls.key']]) {
      const annotations = { ...userAnnotations(), ...uploadedStatus(first, 'id-of-first') }
      const observed = observedOf({ data: { ...first.data, 'tls.key': key as Buffer } }, annotations)
      expect(decided(observed)).toEqual({ kind: 'Synced' })
    }
  })

  it('is none in another account', () => {
    expect(decided(synced({}, { account: 'other@ssl.example.com' }))).toMatchObject({ kind: 'Upload' })
  })

  it('is none under another type', async () => {
    const { authority } = material
    const other = authority.chainFingerprint.replace('CA:', 'SVR:')
    const status = uploadedStatus(authority, 'id', { chainFingerprint: other })
    const observed = observedOf(authority, { ...userAnnotations({ certificateType: 'CA' }), ...status })
    expect(decided(observed)).toEqual({ kind: 'Upload', plain: false })
  })

  it.each(['certificateId', 'account', 'fingerprint', 'chainFingerprint'] as const)(
    'is none when the status lacks %s',
    (key) => {
      const { [statusKeys[key]]: _, ...rest } = uploadedStatus(material.first, 'id-of-first')
      expect(decided(fresh({}, rest))).toEqual({ kind: 'Upload', plain: false })
    },
  )

  it('gets its id back when somebody wrote another one over it', () => {
    const { chainFingerprint } = material.first
    const recorded = { chainFingerprint, certificateId: 'the-true-id', existed: true }
    expect(decided(synced(), { recorded })).toMatchObject({
      kind: 'Record',
      certificateId: 'the-true-id',
      existed: true,
    })
  })

  it('keeps its id when what is remembered is of another chain', () => {
    const recorded = {
      chainFingerprint: material.second.chainFingerprint,
      certificateId: 'other',
      existed: false,
    }
    expect(decided(synced(), { recorded })).toEqual({ kind: 'Synced' })
  })
})

describe('a request', () => {
  const asked = (status: Parameters<typeof uploadedStatus>[2] = {}) => synced({ requestedAt: 'now' }, status)

  it('asks for the id of an uploaded chain', () => {
    const verify = { kind: 'Verify', certificateId: 'id-of-first' }
    expect(decided(asked())).toEqual(verify)
    expect(decided(asked({ handledRequest: 'before' }))).toEqual(verify)
  })

  it('that was handled asks for nothing', () => {
    expect(decided(asked({ handledRequest: 'now' }))).toEqual({ kind: 'Synced' })
  })

  it('goes past a memo that is older than it', () => {
    expect(decided(asked(), memo())).toMatchObject({ kind: 'Verify' })
    expect(decided(asked(), memo({ request: 'web/site before' }))).toMatchObject({ kind: 'Verify' })
    expect(decided(fresh({ requestedAt: 'now' }), memo())).toEqual({ kind: 'Upload', plain: false })
  })

  it('is answered by a memo that was made for it, but not for another Secret', () => {
    const observed = asked()
    expect(decided(observed, memo({ request: requestOf(observed) }))).toEqual({ kind: 'Synced' })
    const fromElsewhere = memo({ request: 'web/other now' })
    expect(decided(observed, fromElsewhere)).toMatchObject({ kind: 'Verify' })
  })

  it('waits for its back-off, and for the account', () => {
    const observed = asked()
    const failure = { input: observed.input, until: later }
    expect(decided(observed, { failure, lookupsHeld: true })).toEqual({ kind: 'Wait', until: later })
    expect(decided(observed, { lookupsHeld: true })).toEqual({ kind: 'Hold' })
    expect(decided(observed, { uploadsHeld: true })).toMatchObject({ kind: 'Verify' })
  })

  it('whose id is gone leads to an upload, also when it is withdrawn meanwhile', () => {
    const goneId = 'id-of-first'
    expect(decided(asked(), { goneId })).toEqual({ kind: 'Upload', plain: false })
    expect(decided(synced(), { goneId })).toEqual({ kind: 'Upload', plain: false })
  })

  it('is not answered by an id that is gone for another chain', () => {
    expect(decided(asked(), { goneId: 'other' })).toMatchObject({ kind: 'Verify' })
  })
})

describe("cert-manager's temporary certificate", () => {
  it('is waited out, before any check or memory of it', () => {
    const observed = observedOf({ data: {} }, { ...userAnnotations(), ...certManager })
    expect(decided(observed, { ...memo(), uploadsHeld: true })).toEqual({
      kind: 'Pending',
      reason: 'TemporaryCertificate',
    })
  })

  it('is one no more when the issuer is named', () => {
    const issued = { ...certManager, 'cert-manager.io/issuer-name': 'ca' }
    expect(decided(fresh({}, issued))).toEqual({ kind: 'Upload', plain: false })
  })
})

describe('a certificate that cannot be right', () => {
  it.each<[string, () => Observed['secret']['data'], string]>([
    ['no data', () => ({}), 'MissingData'],
    ['no key', () => ({ 'tls.crt': material.first.data['tls.crt'] }), 'MissingData'],
    ['garbage', () => ({ ...material.first.data, 'tls.crt': Buffer.from('x') }), 'CertificateUnreadable'],
    [
      'the key of another',
      () => ({ ...material.first.data, 'tls.key': material.second.data['tls.key'] }),
      'KeyMismatch',
    ],
  ])('is rejected before anything is remembered or waited for: %s', (_, data, reason) => {
    const observed = observe(snapshotOf(userAnnotations(), data()), identity)
    const failure = { input: observed.input, until: later }
    expect(decided(observed, { ...memo(), failure, uploadsHeld: true })).toMatchObject({
      kind: 'Reject',
      reason,
    })
  })

  it('because it has expired is rejected', () => {
    const afterwards = material.first.leaf.notAfter.getTime() + 1
    expect(decided(fresh(), {}, afterwards)).toMatchObject({ kind: 'Reject', reason: 'CertificateExpired' })
  })
})

describe('an id that is remembered', () => {
  it('is recorded without a call, before all waiting', () => {
    const observed = fresh({}, statusAnnotations({ phase: 'Rejected', rejectedAt: '2026-01-01T00:00:00Z' }))
    const waiting: Partial<Memory> = {
      failure: { input: observed.input, until: later },
      uploadsHeld: true,
      budgetFreeAt: later,
    }
    expect(decided(observed, { ...memo(), ...waiting })).toMatchObject({
      kind: 'Record',
      certificateId: 'id-of-memo',
      existed: false,
    })
  })

  it('from the upload of another Secret was there already, as far as this one is concerned', () => {
    expect(decided(fresh(), memo({ by: 'web/other' }))).toMatchObject({ kind: 'Record', existed: true })
  })

  it('is not recorded where it is on record for another chain of the same leaf', () => {
    const { first, firstAgain } = material
    for (const status of [
      uploadedStatus(first, 'id-of-memo'),
      uploadedStatus(first, 'x', { previousCertificateId: 'id-of-memo@0123456789ab' }),
    ]) {
      const observed = observedOf(firstAgain, { ...userAnnotations(), ...status })
      expect(decided(observed, memo()).kind).not.toBe('Record')
    }
  })
})

describe('a rejection by the service', () => {
  const rejectedAt = testNow
  const rejected = (version = identity.version, settings: Parameters<typeof userAnnotations>[0] = {}) => {
    const { rejectionInput } = observe(snapshotOf(userAnnotations(), material.first.data), {
      ...identity,
      version,
    })
    const status = {
      phase: 'Rejected',
      rejectedFor: rejectionInput,
      rejectedAt: new Date(rejectedAt).toISOString(),
    }
    return fresh(settings, statusAnnotations(status))
  }

  it('is believed for a day', () => {
    const until = rejectedAt + rejectionLifetimeMs
    expect(decided(rejected(), {}, until - 1)).toEqual({ kind: 'Keep', until })
    expect(decided(rejected(), {}, until)).toEqual({ kind: 'Upload', plain: false })
  })

  it('at a time to come is not believed', () => {
    expect(decided(rejected(), {}, rejectedAt - 3_600_000)).toEqual({ kind: 'Upload', plain: false })
  })

  it('is believed before any other wait', () => {
    const observed = rejected()
    const failure = { input: observed.input, until: later }
    expect(decided(observed, { failure, uploadsHeld: true, budgetFreeAt: later })).toMatchObject({
      kind: 'Keep',
    })
  })

  it.each<[string, () => Observed]>([
    ['of another version of the operator', () => rejected('0.9.0')],
    ['before a request', () => rejected(undefined, { requestedAt: 'now' })],
    ['of other settings', () => rejected(undefined, { alias: 'other' })],
    ['of another project', () => rejected(undefined, { projectId: '7' })],
  ])('is not believed: %s', (_, observed) => {
    expect(decided(observed())).toEqual({ kind: 'Upload', plain: false })
  })

  it('of another certificate is not believed', () => {
    const { annotations } = rejected().secret
    expect(decided(observedOf(material.second, annotations))).toEqual({ kind: 'Upload', plain: false })
  })

  it('that somebody took the phase from is not believed', () => {
    const { [statusKeys.phase]: _, ...annotations } = rejected().secret.annotations
    expect(decided(observedOf(material.first, annotations))).toEqual({ kind: 'Upload', plain: false })
  })
})

describe('waiting', () => {
  it('is for the back-off of the same input', () => {
    const observed = fresh()
    const failure = { input: observed.input, until: later }
    expect(decided(observed, { failure, uploadsHeld: true, budgetFreeAt: later })).toEqual({
      kind: 'Wait',
      until: later,
    })
    expect(decided(observed, { failure }, later)).toEqual({ kind: 'Upload', plain: false })
    expect(decided(fresh({ alias: 'other' }), { failure })).toEqual({ kind: 'Upload', plain: false })
  })

  it('is for the account, before the budget', () => {
    expect(decided(fresh(), { uploadsHeld: true, budgetFreeAt: later })).toEqual({ kind: 'Hold' })
  })

  it('is for the budget, which then is free', () => {
    expect(decided(fresh(), { budgetFreeAt: later })).toEqual({
      kind: 'Pending',
      reason: 'UploadBudgetExceeded',
      until: later,
    })
    expect(decided(fresh(), { budgetFreeAt: later }, later)).toEqual({ kind: 'Upload', plain: false })
  })

  it('is for nothing where only lookups are held', () => {
    expect(decided(fresh(), { lookupsHeld: true })).toEqual({ kind: 'Upload', plain: false })
  })
})
