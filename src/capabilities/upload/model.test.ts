import { createPrivateKey } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { createMaterial, type TestMaterial } from '../../../test/heart/material.ts'
import { identity, observedOf, uploadedStatus, userAnnotations } from '../../../test/heart/observed.ts'
import { statusKeys } from '../../contract/annotation-keys.ts'
import { chainTag, ownerTags } from '../../contract/ownership.ts'
import type { Phase } from '../../contract/status.ts'
import type { Outcome } from '../../engine/step.ts'
import { Ledger } from '../../ledger/ledger.ts'
import { findGone } from '../../ledger/testing/find-gone.ts'
import { remoteCertificate as remote } from '../../ledger/testing/remote-certificate.ts'
import { type FailureClass, ServiceError } from '../../ports/service-error.ts'
import type { Reason } from '../../reasons.ts'
import type { Lookup, LookupFor, UploadAction, UploadCertificate } from './action.ts'
import type { Page, Uploaded } from './calls.ts'
import { reportedOf, type UploadMemory } from './memory.ts'
import { model } from './model.ts'
import { recall, reporting, written } from './record.ts'
import { chainViewOf, ledgerWith, now } from './testing/upload-view.ts'
import { suffixOf } from './view.ts'

let material: TestMaterial

beforeAll(async () => {
  material = await createMaterial()
})

const plain: UploadCertificate = { name: 'UploadCertificate', rung: 'Nothing', account: 'Nothing' }
const lookup = (purpose: LookupFor, id = 'id'): Lookup => ({
  name: 'DescribeCertificates',
  purpose,
  query: { by: 'ids', ids: [id] },
})
const uploadedAs = (certificateId: string, repeated = false): Omit<Uploaded, 'action'> => ({
  kind: 'Uploaded',
  certificateId,
  repeated,
  requestId: 'request',
})
const page = (...certificates: ReturnType<typeof remote>[]): Omit<Page, 'action'> => ({
  kind: 'Page',
  certificates,
  isLast: true,
  nextOffset: 500,
})
const fresh = (settings: Parameters<typeof userAnnotations>[0] = {}) =>
  chainViewOf(observedOf(material.first, userAnnotations(settings)))
/** Another chain of the leaf on record. */
const chainOnly = () => {
  const status = uploadedStatus(material.first, 'id-of-first')
  return chainViewOf(observedOf(material.firstAgain, { ...userAnnotations(), ...status }))
}

function answered(
  view = fresh(),
  action: UploadCertificate,
  answer: Omit<Uploaded, 'action'>,
  memory: UploadMemory = {},
): UploadMemory {
  return model(view, memory, action, { ok: true, value: { ...answer, action } }, now)
}

function lookedUp(
  view = fresh(),
  action: Lookup,
  answer: Omit<Page, 'action'>,
  memory: UploadMemory = {},
): UploadMemory {
  return model(view, memory, action, { ok: true, value: { ...answer, action } }, now)
}

function failedWith(
  failure: FailureClass,
  {
    view = fresh(),
    action = plain,
    memory = {},
    perhapsKeyForm = false,
  }: {
    view?: ReturnType<typeof fresh>
    action?: UploadAction
    memory?: UploadMemory
    perhapsKeyForm?: boolean
  } = {},
): UploadMemory {
  const error = new ServiceError({ failure, action: action.name, code: 'SomeCode', perhapsKeyForm })
  return model(view, memory, action, { ok: false, error }, now)
}

describe('after an upload', () => {
  it('what failed and what was found out is forgotten', () => {
    const view = fresh()
    const { input } = view.observed
    const failure = { input, class: 'outage', attempt: 3, since: 0, until: 0 } as const
    const progress = { chainFingerprint: material.first.chainFingerprint, exists: true }
    expect(answered(view, plain, uploadedAs('new'), { failure, progress })).toMatchObject({
      failure: undefined,
      progress: undefined,
      last: { requestId: 'request', attempt: 4 },
    })
  })

  it('an id that is on record for another chain of the leaf is not taken', () => {
    const after = answered(chainOnly(), plain, uploadedAs('id-of-first', true))
    expect(after.progress).toEqual({
      chainFingerprint: material.firstAgain.chainFingerprint,
      sameLeafId: 'id-of-first',
      sameLeafAsked: false,
    })
  })

  it('an id whose tag names another chain is not taken, and one whose tag names this chain is', () => {
    const { first, firstAgain } = material
    const other = { ...chainOnly(), ledger: ledgerWith(first, 'id') }
    expect(answered(other, plain, uploadedAs('id', true)).progress?.sameLeafId).toBe('id')
    const same = { ...chainOnly(), ledger: ledgerWith(firstAgain, 'id-of-first') }
    expect(answered(same, plain, uploadedAs('id-of-first', true)).progress).toBeUndefined()
  })

  it('a copy that was asked for is taken', () => {
    const copy = { ...plain, copy: true, suffix: 'x' } as const
    expect(answered(chainOnly(), copy, uploadedAs('id-of-first')).progress).toBeUndefined()
  })
})

describe('after a lookup', () => {
  const asked = () => {
    const status = uploadedStatus(material.first, 'id')
    return chainViewOf(observedOf(material.first, { ...userAnnotations({ requestedAt: 'now' }), ...status }))
  }

  it.each([
    ['Exists', [remote('id')]],
    ['Gone', []],
  ] as const)('a request is answered: %s', (result, found) => {
    const view = asked()
    if (result === 'Gone') findGone(view.ledger, 'id', now.elapsed)
    const after = lookedUp(view, lookup('Request'), page(...found))
    expect(after.answered).toEqual({ request: 'web/site now', result })
    expect(after.absent).toBeUndefined()
  })

  it.each(['Request', 'Known'] as const)(
    'what may be listed late is looked up again a minute after the service named it: %s',
    (purpose) => {
      const view = { ...asked(), ledger: ledgerWith(material.first, 'id') }
      const after = lookedUp(view, lookup(purpose), page())
      expect(after).toEqual({ absent: { certificateId: 'id', until: now.elapsed + 60_000 } })
      expect(lookedUp(view, lookup(purpose), page(remote('id')), after).answered?.result).toBe('Exists')
    },
  )

  it('a request that was withdrawn meanwhile has no answer', () => {
    expect(lookedUp(fresh(), lookup('Request'), page()).answered).toBeUndefined()
  })

  it.each([
    ['Known', { knownAsked: true }],
    ['Previous', { previousAsked: true }],
    ['SameLeaf', { sameLeafAsked: true }],
  ] as const)('that was for %s and found nothing, another way is taken', (purpose, progress) => {
    expect(lookedUp(fresh(), lookup(purpose), page()).progress).toMatchObject(progress)
  })

  it('for what the search by chain named is made again for a minute, then another way is taken', () => {
    const first = lookedUp(fresh(), lookup('Candidate'), page())
    expect(first.progress).toMatchObject({ candidateLook: { since: now.elapsed, at: now.elapsed } })
    const candidateLook = { since: now.elapsed - 60_000, at: now.elapsed - 10_000 }
    const { chainFingerprint } = material.first
    const last = { progress: { chainFingerprint, candidate: 'id', candidateLook } }
    const after = lookedUp(fresh(), lookup('Candidate'), page(), last)
    expect(after.progress).toMatchObject({ candidate: undefined, noChainSearch: true })
  })

  it('for the owner it is not made again for the same id', () => {
    expect(lookedUp(fresh(), lookup('Owner'), page()).ownerAsked).toBe('id')
  })

  it('what the search by chain named is taken, unless it is of another type', () => {
    expect(lookedUp(fresh(), lookup('Candidate'), page(remote('id'))).progress).toBeUndefined()
    const other = page(remote('id', { type: 'CA' }))
    expect(lookedUp(fresh(), lookup('Candidate'), other).progress?.noChainSearch).toBe(true)
  })

  it('the copy that carries our tags ends the search; a forged alias does not', () => {
    const { first } = material
    const owner = ownerTags({ cluster: identity.cluster, namespace: 'web', name: 'other' })
    const notBefore = first.leaf.notBefore.getTime()
    const tags = [...owner, chainTag({ chainFingerprint: first.chainFingerprint, notBefore })]
    const memory: UploadMemory = { progress: { chainFingerprint: first.chainFingerprint, offset: 5 } }
    expect(lookedUp(fresh(), lookup('Copy'), page(remote('x', { tags })), memory).progress).toBeUndefined()
    const forged = lookedUp(fresh(), lookup('Copy'), page(remote('x', { alias: 'x' })), memory)
    expect(forged.progress).toMatchObject({
      noCopy: { since: now.elapsed, at: now.elapsed, epoch: 0 },
      offset: 0,
    })
  })

  it('the next page is asked for where there is one', () => {
    for (const purpose of ['Copy', 'Exists', 'OwnLeaf'] as const) {
      const more = { ...page(), isLast: false }
      expect(lookedUp(fresh(), lookup(purpose), more).progress?.offset, purpose).toBe(500)
    }
  })

  it('that looked for a copy before another one was begun, the search counts for the newer one', () => {
    const { chainFingerprint } = material.first
    const memory: UploadMemory = { progress: { chainFingerprint, noCopy: { since: 0, at: 0, epoch: 0 } } }
    expect(lookedUp(fresh(), lookup('Copy'), page(), memory).progress?.noCopy).toMatchObject({
      since: 0,
      at: now.elapsed,
    })
    const ledger = new Ledger()
    ledger.copies.begins(suffixOf(fresh()), 0)
    const afterwards = lookedUp({ ...fresh(), ledger }, lookup('Copy'), page(), memory)
    expect(afterwards.progress?.noCopy).toMatchObject({ since: 0, epoch: 1 })
  })

  it('a certificate that exists and is found nowhere is reported, and searched for anew after the back-off', () => {
    const after = lookedUp(fresh(), lookup('OwnLeaf'), page())
    expect(after.reported?.outcome.reason).toBe('ExistsElsewhere')
    expect(after.failure).toMatchObject({ class: 'exists', attempt: 1 })
    expect(after.progress).toMatchObject({ exists: false, noChainSearch: false, noChainTag: false })
  })
})

describe('after an error', () => {
  it.each<[FailureClass, string]>([
    ['outage', 'ServiceUnavailable'],
    ['caller', 'CredentialsRefused'],
    ['not-allowed', 'NotAllowed'],
    ['quota', 'QuotaExceeded'],
    ['unknown', 'UnexpectedError'],
    ['rejected', 'RefusedByService'],
  ])('of class %s the same input backs off, and it is reported as %s', (failure, reason) => {
    const view = fresh()
    const { input } = view.observed
    const after = failedWith(failure, { view })
    expect(after.failure).toMatchObject({ input, class: failure, attempt: 1, since: now.elapsed })
    expect(after.failure?.until).toBeGreaterThan(now.elapsed)
    expect(after.reported).toMatchObject({ input, outcome: { reason } })
  })

  it('of throttling nothing is reported before it has lasted a minute', () => {
    const view = fresh()
    const { input } = view.observed
    const throttledFor = (ms: number) => {
      const failure = { input, class: 'throttled', attempt: 9, since: now.elapsed - ms, until: 0 } as const
      return failedWith('throttled', { view, memory: { failure } })
    }
    expect(throttledFor(59_999).failure).toMatchObject({ class: 'throttled', attempt: 10 })
    expect(throttledFor(59_999).reported).toBeUndefined()
    expect(throttledFor(60_000).reported).toMatchObject({ input, outcome: { reason: 'Throttled' } })
  })

  it('that says that the certificate exists it is looked for, without a failure', () => {
    const after = failedWith('exists')
    expect(after).toMatchObject({ progress: { exists: true } })
    expect(after.failure).toBeUndefined()
  })

  it('that may be for cosmetics these are left out rung by rung, then it is a rejection', () => {
    const view = fresh()
    const { input } = view.observed
    const refused = (action: UploadCertificate) => failedWith('cosmetic', { view, action }).refused
    expect(refused(plain)).toEqual({ input, rung: 'Settings', code: 'SomeCode' })
    expect(refused({ ...plain, rung: 'Settings' })?.rung).toBe('ChainTag')
    expect(refused({ ...plain, rung: 'ChainTag' })?.rung).toBe('Everything')
    const last = failedWith('cosmetic', { view, action: { ...plain, rung: 'Everything' } })
    expect(last.reported?.outcome.reason).toBe('RefusedByService')
    expect(last.refused).toBeUndefined()
  })

  it('that may be for the form of the key it is sent as PKCS#8 once, where it has another form', () => {
    const tlsKey = createPrivateKey(String(material.first.data['tls.key'])).export({
      type: 'sec1',
      format: 'pem',
    })
    const data = { ...material.first.data, 'tls.key': Buffer.from(tlsKey) }
    const view = chainViewOf(observedOf({ data }))
    const first = failedWith('rejected', { view, perhapsKeyForm: true })
    expect(first.pkcs8For).toBe(view.observed.input)
    expect(first.failure).toBeUndefined()
    const again = failedWith('rejected', { view, perhapsKeyForm: true, action: { ...plain, asPkcs8: true } })
    expect(again.reported?.outcome.reason).toBe('RefusedByService')
    expect(failedWith('rejected', { perhapsKeyForm: true }).pkcs8For).toBeUndefined()
    const authority = chainViewOf(observedOf(material.authority, userAnnotations({ certificateType: 'CA' })))
    expect(failedWith('rejected', { view: authority, perhapsKeyForm: true }).pkcs8For).toBeUndefined()
  })

  it.each([
    ['Known', { knownAsked: true }],
    ['Previous', { previousAsked: true }],
    ['SameLeaf', { sameLeafAsked: true }],
    ['Candidate', { noChainSearch: true }],
    ['Exists', { noChainTag: true }],
  ] as const)('of a permission for %s it goes on without the lookup', (purpose, progress) => {
    const after = failedWith('not-allowed', { action: lookup(purpose) })
    expect(after.progress).toMatchObject(progress)
    expect(after.failure).toBeUndefined()
  })

  it.each(['Copy', 'OwnLeaf'] as const)('of a permission for %s it cannot go on', (purpose) => {
    expect(failedWith('not-allowed', { action: lookup(purpose) }).failure?.class).toBe('not-allowed')
  })

  it('of the search by chain another search is taken, unless it passes', () => {
    const action = { name: 'CheckCertificateExist' } as const
    for (const failure of ['not-allowed', 'unknown', 'rejected'] as const) {
      expect(failedWith(failure, { action }).progress, failure).toMatchObject({ noChainSearch: true })
    }
    for (const failure of ['outage', 'throttled', 'caller'] as const) {
      expect(failedWith(failure, { action }).failure?.class, failure).toBe(failure)
    }
  })
})

describe('the id on record', () => {
  const claiming = (certificateId = 'id', more = {}) => {
    const status = uploadedStatus(material.first, certificateId, more)
    return chainViewOf(observedOf(material.first, { ...userAnnotations(), ...status }))
  }
  const recorded = () => ({
    certificateId: 'id',
    chainFingerprint: material.first.chainFingerprint,
    existed: true,
  })

  it('is that of the first GET, whatever is written over it (I6)', () => {
    const memory = recall(claiming(), {})
    expect(memory.recorded).toEqual(recorded())
    expect(recall(claiming('other'), memory).recorded).toEqual(recorded())
  })

  it('is none of another account', () => {
    expect(recall(claiming('id', { account: 'other@host' }), {}).recorded).toBeUndefined()
  })

  it('is missing where it is gone, also after the status was cleared of it', () => {
    const view = claiming()
    findGone(view.ledger, 'id', now.elapsed)
    const memory = recall(view, { recorded: recorded() })
    expect(memory).toMatchObject({ missing: 'id', recorded: undefined })
    expect(recall({ ...fresh(), ledger: view.ledger }, memory).missing).toBe('id')
  })

  it('is what is about to be written: the write may be done and its answer lost', () => {
    const slice = {
      [statusKeys.certificateId]: 'new',
      [statusKeys.chainFingerprint]: material.first.chainFingerprint,
      [statusKeys.origin]: 'Uploaded',
    }
    const outcome = {
      reason: 'CertificateUploaded',
      message: '',
      severity: 'Normal',
      newsworthy: [],
      fields: {},
    } as const
    expect(reporting(fresh().observed, { missing: 'id' }, { ...outcome, slice })).toMatchObject({
      missing: undefined,
      recorded: { ...recorded(), certificateId: 'new', existed: false },
    })
    expect(reporting(fresh().observed, { missing: 'id' }, { ...outcome, slice: {} }).missing).toBe('id')
  })
})

describe('what was reported last', () => {
  const outcome = (reason: Reason, phase: Phase): Outcome => ({
    ...{ reason, message: '', severity: 'Warning', newsworthy: [], fields: {} },
    slice: { [statusKeys.phase]: phase },
  })

  it('is the newest outcome of the input, whatever failed before', () => {
    const { input } = fresh().observed
    const before = { reported: { input, outcome: outcome('RefusedByService', 'Rejected') } }
    const after = reporting(fresh().observed, before, outcome('NotVisible', 'Failed'))
    expect(reportedOf(after, fresh().observed)?.reason).toBe('NotVisible')
    expect(reportedOf(after, { ...fresh().observed, input: 'other' })).toBeUndefined()
  })

  it('is nothing once it is Synced', () => {
    const before = reporting(fresh().observed, {}, outcome('NotVisible', 'Failed'))
    const after = reporting(fresh().observed, before, outcome('CertificateUploaded', 'Synced'))
    expect(reportedOf(after, fresh().observed)).toBeUndefined()
  })
})

describe('after a write', () => {
  it('of an intent the intent is remembered; of a success what led to it is forgotten', () => {
    const memory: UploadMemory = {
      answered: { request: 'web/site now', result: 'Exists' },
      last: { attempt: 1 },
    }
    expect(written(memory, { [statusKeys.intent]: 'chain' })).toEqual({ ...memory, intended: 'chain' })
    const after = written(
      { ...memory, intended: 'chain' },
      { [statusKeys.phase]: 'Synced', [statusKeys.intent]: null },
    )
    expect(after).toEqual({ answered: undefined, last: undefined, intended: undefined, reported: undefined })
    expect(written(memory, { [statusKeys.phase]: 'Failed' })).toEqual(memory)
  })
})
