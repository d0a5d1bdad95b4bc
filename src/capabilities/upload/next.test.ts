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
import { statusKeys, userKeys } from '../../contract/annotation-keys.ts'
import { type Observed, observe } from '../../contract/observe.ts'
import type { Failure } from '../../engine/failure.ts'
import type { Instant, Step } from '../../engine/step.ts'
import { claimAfterMs } from '../../ledger/entry.ts'
import { Ledger } from '../../ledger/ledger.ts'
import { findGone } from '../../ledger/testing/find-gone.ts'
import { loseAll } from '../../ledger/testing/lose-all.ts'
import { blankMemory, type UploadMemory } from './memory.ts'
import { next, rejectionLifetimeMs } from './next.ts'
import { later, ledgerWith, now, viewOf } from './testing/upload-view.ts'
import { openRequest, type UploadView } from './view.ts'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

type Settings = Parameters<typeof userAnnotations>[0]
type View = Partial<UploadView> & { readonly ledger?: Ledger }

const certManager = { 'cert-manager.io/certificate-name': 'site' }
const upload = { kind: 'Call', action: { name: 'UploadCertificate', rung: 'Nothing' } }
const synced = { kind: 'Report', label: 'Synced', settled: true }

function step(
  observed: Observed,
  { memory = {}, view = {}, at = now }: { memory?: UploadMemory; view?: View; at?: Instant } = {},
): Step {
  return next(viewOf(observed, view), { ...blankMemory, ...memory }, at)
}

/** A Secret whose status says that its chain is uploaded. */
function claiming(
  settings: Settings = {},
  status: Parameters<typeof uploadedStatus>[2] = {},
  more: Readonly<Record<string, string>> = {},
): Observed {
  const uploaded = uploadedStatus(material.first, 'id-of-first', status)
  return observedOf(material.first, { ...userAnnotations(settings), ...uploaded, ...more })
}

const fresh = (settings: Settings = {}, more: Record<string, string> = {}) =>
  observedOf(material.first, { ...userAnnotations(settings), ...more })

function failing(input: string, until = now.elapsed + 1): Failure {
  return { input, class: 'unknown', attempt: 1, since: now.elapsed, until }
}

const held: View = { heldFor: () => 'NotAllowed' }
const noBudget: View = { budgetFreeAt: now.elapsed + 1 }

describe('what is left alone', () => {
  it('is a Secret without the opt-in', () => {
    expect(step(observedOf(material.first, {}))).toEqual({ kind: 'Done', label: 'NotOptedIn' })
  })

  it('is a Secret whose opt-in says no', () => {
    const observed = claiming({ upload: 'false', requestedAt: 'now' })
    expect(step(observed)).toEqual({ kind: 'Done', label: 'NotOptedIn' })
  })

  it('is a Secret that is being deleted', () => {
    const observed = observedOf(material.first, userAnnotations(), { deleting: true })
    expect(step(observed)).toEqual({ kind: 'Done', label: 'NotOptedIn' })
  })

  it('is a paused Secret, whatever else is wrong with it', () => {
    for (const more of [{}, { upload: 'maybe', projectId: 'x' }]) {
      expect(step(fresh({ paused: 'true', ...more }))).toEqual({ kind: 'Done', label: 'Paused' })
    }
  })
})

describe('a value that does not parse', () => {
  const rejected = { kind: 'Report', label: 'Rejected', outcome: { reason: 'InvalidAnnotation' } }

  it.each<Settings>([
    { upload: 'maybe' },
    { certificateType: 'svr' },
    { repeatable: 'x' },
    { paused: 'x' },
    { projectId: 'x' },
  ])('rejects the Secret, also when its certificate is uploaded: %j', (settings) => {
    for (const observed of [fresh(settings), claiming(settings)])
      expect(step(observed)).toMatchObject(rejected)
  })

  it('does so before anything is known of the certificate, and names the value', () => {
    const observed = observedOf({ data: {} }, userAnnotations({ projectId: 'x' }))
    const rejection = step(observed, { view: { ...held, ledger: ledgerWith(material.first, 'id') } })
    expect(rejection).toMatchObject(rejected)
    expect(rejection).toHaveProperty(
      'outcome.message',
      expect.stringContaining(`${userKeys.projectId} must be`),
    )
  })

  it('rejects nothing where it is only cosmetic', () => {
    expect(step(fresh({ alias: '{x}', tags: 'project=x', certificateUse: '?' }))).toMatchObject(upload)
  })
})

describe('a status that names an id for the chain', () => {
  it('is true', () => {
    expect(step(claiming())).toMatchObject(synced)
  })

  it('stays true whatever else is going on', () => {
    const { first } = material
    const status = { phase: 'Rejected', rejectedAt: '2026-01-01T00:00:00Z', intent: first.chainFingerprint }
    const observed = claiming({ repeatable: 'true', alias: 'new', tags: 'a=b' }, status, certManager)
    const memory: UploadMemory = {
      failure: failing(observed.input),
      refused: { input: observed.input, rung: 'Settings', code: 'x' },
      progress: { chainFingerprint: first.chainFingerprint, exists: true, sameLeafId: 'id' },
    }
    expect(step(observed, { memory, view: { ...held, ...noBudget } })).toMatchObject(synced)
  })

  it('stays true after the certificate has expired', () => {
    const at = { wall: material.first.leaf.notAfter.getTime() + 1, elapsed: now.elapsed }
    expect(step(claiming(), { at })).toMatchObject(synced)
  })

  it('stays true without the key, or with the key of another', () => {
    const { first, second } = material
    for (const key of [undefined, second.data['tls.key']]) {
      const annotations = { ...userAnnotations(), ...uploadedStatus(first, 'id-of-first') }
      const data = { ...first.data, 'tls.key': key }
      expect(step(observe(snapshotOf(annotations, data), identity))).toMatchObject(synced)
    }
  })

  it('says nothing of another account', () => {
    expect(step(claiming({}, { account: 'other@ssl.example.com' }))).toMatchObject(upload)
  })

  it('says nothing of another type', () => {
    const { authority } = material
    const other = authority.chainFingerprint.replace('CA:', 'SVR:')
    const status = uploadedStatus(authority, 'id', { chainFingerprint: other })
    const observed = observedOf(authority, { ...userAnnotations({ certificateType: 'CA' }), ...status })
    expect(step(observed)).toMatchObject(upload)
  })

  it.each(['certificateId', 'account', 'fingerprint', 'chainFingerprint'] as const)(
    'counts only as a whole: without %s the chain is uploaded',
    (key) => {
      const { [statusKeys[key]]: _, ...rest } = uploadedStatus(material.first, 'id-of-first')
      expect(step(fresh({}, rest))).toMatchObject(upload)
    },
  )

  it('gets the id back that somebody wrote another one over (I6)', () => {
    const { chainFingerprint } = material.first
    const recorded = { chainFingerprint, certificateId: 'the-true-id', existed: true }
    const expected = { ...synced, outcome: { slice: { [statusKeys.certificateId]: 'the-true-id' } } }
    expect(step(claiming(), { memory: { recorded } })).toMatchObject(expected)
  })

  it('overrules memory where its tag proves it, and where the remembered id is gone', () => {
    const { chainFingerprint } = material.first
    const recorded = { chainFingerprint, certificateId: 'remembered', existed: true }
    const gone = new Ledger()
    findGone(gone, 'remembered', now.elapsed)
    for (const ledger of [ledgerWith(material.first, 'id-of-first'), gone]) {
      const kept = step(claiming(), { memory: { recorded }, view: { ledger } })
      expect(kept).toMatchObject(synced)
      expect(kept).not.toHaveProperty(['outcome', 'slice', statusKeys.certificateId])
    }
  })

  it('keeps its id when what is remembered is of another chain', () => {
    const { chainFingerprint } = material.second
    const kept = step(claiming(), {
      memory: { recorded: { chainFingerprint, certificateId: 'other', existed: false } },
    })
    expect(kept).not.toHaveProperty(['outcome', 'slice', statusKeys.certificateId])
  })

  it('is a lie where the id is gone, or holds another chain by its tag', () => {
    const gone = new Ledger()
    findGone(gone, 'id-of-first', now.elapsed)
    for (const ledger of [gone, ledgerWith(material.firstAgain, 'id-of-first')]) {
      expect(step(claiming(), { view: { ledger } })).toMatchObject(upload)
    }
  })
})

describe('a request', () => {
  const asked = (status: Parameters<typeof uploadedStatus>[2] = {}) =>
    claiming({ requestedAt: 'now' }, status)
  const lookup = {
    kind: 'Call',
    action: { name: 'DescribeCertificates', purpose: 'Request', query: { by: 'ids', ids: ['id-of-first'] } },
  }

  it('looks the id of an uploaded chain up', () => {
    expect(step(asked())).toMatchObject(lookup)
    expect(step(asked({ handledRequest: 'before' }))).toMatchObject(lookup)
  })

  it('that was handled asks for nothing', () => {
    expect(step(asked({ handledRequest: 'now' }))).toMatchObject(synced)
  })

  it('goes past an upload that is older than it', () => {
    const ledger = ledgerWith(material.first, 'id-of-first')
    const before = ledgerWith(material.first, 'id-of-first', { request: 'web/site before' })
    for (const it of [ledger, before]) expect(step(asked(), { view: { ledger: it } })).toMatchObject(lookup)
  })

  it('is answered by an upload that was made for it, but not for another Secret', () => {
    const observed = asked()
    const own = ledgerWith(material.first, 'id-of-first', { request: openRequest(observed) })
    expect(step(observed, { view: { ledger: own } })).toMatchObject(synced)
    const others = ledgerWith(material.first, 'id-of-first', { request: 'web/other now' })
    expect(step(observed, { view: { ledger: others } })).toMatchObject(lookup)
  })

  it.each([
    ['Exists', 'CertificateAdopted'],
    ['NotAllowed', 'VerifyNotAllowed'],
    ['Gone', 'NotVisible'],
  ] as const)('that was answered with %s is echoed', (result, reason) => {
    const observed = asked({ origin: 'Adopted' })
    const answered = { request: openRequest(observed) ?? '', result }
    expect(step(observed, { memory: { answered } })).toMatchObject({
      ...synced,
      outcome: { reason, slice: { [statusKeys.handledRequest]: 'now' } },
    })
  })

  it('waits for its back-off, and for the account', () => {
    const observed = asked()
    const memory = { failure: failing(observed.input) }
    expect(step(observed, { memory })).toMatchObject({ kind: 'Wait', label: 'BackOff' })
    expect(step(observed, { view: held })).toMatchObject({ kind: 'Held', label: 'AccountHeld' })
    const uploadsHeld: View = {
      heldFor: (action) => (action === 'UploadCertificate' ? 'NotAllowed' : undefined),
    }
    expect(step(observed, { view: uploadsHeld })).toMatchObject(lookup)
  })

  it('whose id is gone leads to an upload, also when it is withdrawn meanwhile', () => {
    const ledger = new Ledger()
    findGone(ledger, 'id-of-first', now.elapsed)
    for (const observed of [asked(), claiming()]) {
      expect(step(observed, { view: { ledger } })).toMatchObject(upload)
    }
  })
})

describe("cert-manager's temporary certificate", () => {
  it('is waited out, before any check or memory of it', () => {
    const observed = observedOf({ data: {} }, { ...userAnnotations(), ...certManager })
    const view = { ...held, ledger: ledgerWith(material.first, 'id') }
    expect(step(observed, { view })).toMatchObject({
      kind: 'Report',
      label: 'Pending',
      outcome: { reason: 'TemporaryCertificate' },
    })
  })

  it('is one no more when the issuer is named', () => {
    const issued = { ...certManager, 'cert-manager.io/issuer-name': 'ca' }
    expect(step(fresh({}, issued))).toMatchObject(upload)
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
    const view = { ...held, ledger: ledgerWith(material.first, 'id') }
    expect(step(observed, { memory: { failure: failing(observed.input) }, view })).toMatchObject({
      kind: 'Report',
      label: 'Rejected',
      outcome: { reason },
      settled: true,
    })
  })

  it('because it has expired is rejected', () => {
    const at = { wall: material.first.leaf.notAfter.getTime() + 1, elapsed: now.elapsed }
    expect(step(fresh(), { at })).toMatchObject({ outcome: { reason: 'CertificateExpired' } })
  })
})

describe('an id that the ledger knows for the chain', () => {
  const known = { kind: 'Call', action: { purpose: 'Known', query: { by: 'ids', ids: ['id-known'] } } }
  const ledger = (elapsed = now.elapsed) => ledgerWith(material.first, 'id-known', {}, elapsed)

  it('is written down without a call, before all waiting', () => {
    const observed = fresh({}, statusAnnotations({ phase: 'Rejected', rejectedAt: '2026-01-01T00:00:00Z' }))
    const memory = { failure: failing(observed.input) }
    const view = { ...held, ...noBudget, ledger: ledger() }
    expect(step(observed, { memory, view })).toMatchObject({
      ...synced,
      outcome: {
        reason: expect.stringMatching(/^(CertificateUploaded|SettingsNotApplied)$/),
        slice: { [statusKeys.certificateId]: 'id-known', [statusKeys.origin]: 'Uploaded' },
      },
    })
  })

  it('from the upload of another Secret was there already, as far as this one is concerned', () => {
    const others = ledgerWith(material.first, 'id-known', { by: 'web/other' })
    expect(step(fresh(), { view: { ledger: others } })).toMatchObject({
      ...synced,
      outcome: { reason: 'CertificateAdopted', slice: { [statusKeys.origin]: 'Adopted' } },
    })
  })

  it('is looked up after 75 minutes, and forgotten after a day', () => {
    const view = { ledger: ledger() }
    expect(step(fresh(), { view, at: later(75 * 60_000) })).toMatchObject(synced)
    expect(step(fresh(), { view, at: later(75 * 60_000 + 1) })).toMatchObject(known)
    expect(step(fresh(), { view, at: later(claimAfterMs + 1) })).toMatchObject(upload)
  })

  it('that cannot be looked up leads to an upload', () => {
    const { chainFingerprint } = material.first
    const memory: UploadMemory = { progress: { chainFingerprint, knownAsked: true } }
    expect(step(fresh(), { memory, view: { ledger: ledger() }, at: later(2 * 3_600_000) })).toMatchObject(
      upload,
    )
  })

  it('is looked up where a request asks for it', () => {
    expect(step(fresh({ requestedAt: 'now' }), { view: { ledger: ledger() } })).toMatchObject(known)
  })

  it('is not written down where it is on record for another chain of the same leaf', () => {
    const { first, firstAgain } = material
    const answered = ledgerWith(firstAgain, 'id-known', { repeated: true })
    for (const status of [
      uploadedStatus(first, 'id-known'),
      uploadedStatus(first, 'x', { previousCertificateId: 'id-known@0123456789ab' }),
    ]) {
      const observed = observedOf(firstAgain, { ...userAnnotations(), ...status })
      expect(step(observed, { view: { ledger: answered } }).kind).not.toBe('Report')
    }
  })

  it('for a Secret that wants a copy of its own is its own one only', () => {
    const own = { repeatable: 'true' }
    expect(step(fresh(own), { view: { ledger: ledger() } })).toMatchObject({ kind: 'WriteFirst' })
    const copy = ledgerWith(material.first, 'id-known', { own: true })
    expect(step(fresh(own), { view: { ledger: copy } })).toMatchObject(synced)
    // It is the Secret's own also when it does not ask for one any more; nobody else uses it.
    expect(step(fresh(), { view: { ledger: copy } })).toMatchObject(synced)
    const others = ledgerWith(material.first, 'id-known', { own: true, by: 'web/other' })
    expect(step(fresh(own), { view: { ledger: others } })).toMatchObject({ kind: 'WriteFirst' })
    expect(step(fresh(), { view: { ledger: others } })).toMatchObject(upload)
  })
})

describe('a rejection by the service', () => {
  const rejected = (version = identity.version, settings: Settings = {}) => {
    const { rejectionInput: rejectedFor } = observe(snapshotOf(userAnnotations(), material.first.data), {
      ...identity,
      version,
    })
    const rejectedAt = new Date(testNow).toISOString()
    return fresh(settings, statusAnnotations({ phase: 'Rejected', rejectedFor, rejectedAt }))
  }

  it('is accepted for a day', () => {
    const until = now.elapsed + rejectionLifetimeMs
    expect(step(rejected(), { at: later(rejectionLifetimeMs - 1) })).toMatchObject({
      kind: 'Wait',
      label: 'StillRejected',
      until,
      settled: true,
    })
    expect(step(rejected(), { at: later(rejectionLifetimeMs) })).toMatchObject(upload)
  })

  it('at a time in the future is not accepted', () => {
    expect(step(rejected(), { at: later(-3_600_000) })).toMatchObject(upload)
  })

  it('is accepted before any other wait', () => {
    const observed = rejected()
    const memory = { failure: failing(observed.input) }
    expect(step(observed, { memory, view: { ...held, ...noBudget } })).toMatchObject({
      label: 'StillRejected',
    })
  })

  it.each<[string, () => Observed]>([
    ['of another version of the operator', () => rejected('0.9.0')],
    ['before a request', () => rejected(undefined, { requestedAt: 'now' })],
    ['of other settings', () => rejected(undefined, { alias: 'other' })],
    ['of another project', () => rejected(undefined, { projectId: '7' })],
    ['of another certificate', () => observedOf(material.second, rejected().secret.annotations)],
    [
      'that somebody took the phase from',
      () => {
        const { [statusKeys.phase]: _, ...annotations } = rejected().secret.annotations
        return observedOf(material.first, annotations)
      },
    ],
  ])('is not accepted: %s', (_, observed) => {
    expect(step(observed())).toMatchObject(upload)
  })
})

describe('waiting', () => {
  it('is for the back-off of the same input', () => {
    const observed = fresh()
    const memory = { failure: failing(observed.input) }
    expect(step(observed, { memory, view: noBudget })).toMatchObject({
      kind: 'Wait',
      label: 'BackOff',
      until: now.elapsed + 1,
    })
    expect(step(observed, { memory, at: later(1) })).toMatchObject(upload)
    expect(step(fresh({ alias: 'other' }), { memory })).toMatchObject(upload)
  })

  it('says meanwhile how the last call with this input failed', () => {
    const observed = fresh()
    const outcome = {
      reason: 'UnexpectedError',
      message: 'm',
      severity: 'Warning',
      slice: {},
      newsworthy: [],
      fields: {},
    } as const
    const memory = { failure: failing(observed.input), reported: { input: observed.input, outcome } }
    expect(step(observed, { memory })).toMatchObject({ meanwhile: outcome })
    const other = { ...memory, reported: { input: 'other', outcome } }
    expect(step(observed, { memory: other })).not.toHaveProperty('meanwhile')
  })

  it('is for the budget, which then is free', () => {
    expect(step(fresh(), { view: noBudget })).toMatchObject({
      kind: 'Report',
      label: 'Pending',
      outcome: { reason: 'UploadBudgetExceeded' },
      until: now.elapsed + 1,
    })
    expect(step(fresh(), { view: noBudget, at: later(1) })).toMatchObject(upload)
  })

  it('is for the account', () => {
    expect(step(fresh(), { view: held })).toMatchObject({ kind: 'Held', action: upload.action })
    const ledger = new Ledger()
    ledger.claim('web/site', 'a')
    ledger.claim('web/other', 'b')
    loseAll(ledger, 0)
    expect(step(fresh(), { view: { ledger } })).toMatchObject({
      kind: 'Wait',
      label: 'AccountHeld',
      meanwhile: { reason: 'AccountChanged' },
    })
  })

  it('is for nothing where only lookups are held', () => {
    const heldFor: View['heldFor'] = (action) =>
      action === 'DescribeCertificates' ? 'NotAllowed' : undefined
    expect(step(fresh(), { view: { heldFor } })).toMatchObject(upload)
  })
})
