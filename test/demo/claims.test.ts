import { expect, test } from 'vitest'
import { statusKeys, userKeys } from '../../src/contract/annotation-keys.ts'
import type { AuditEvent } from '../control-plane/audit.ts'
import type { Call } from '../simulator/call-log.ts'
import type { CertificateView } from '../simulator/server.ts'
import {
  type Claim,
  everyCertificateIsTagged,
  everyStatusIsTrue,
  neverTooFast,
  noCertificateTwice,
  noKeyIsAnywhere,
} from './claims.ts'
import {
  brokenOnesAreReported,
  othersAreLeftAlone,
  sharedOnesAreUploadedOnce,
  temporaryOnesWait,
} from './claims-first-sync.ts'
import {
  endsInOrder,
  killedInTheMiddle,
  lostOnesAreFoundAgain,
  restartCostsNothing,
  unnamedIds,
} from './claims-kill.ts'
import { correctedOnesAreUploaded, nothingElseIsWritten, renewedOnesRemember } from './claims-renewal.ts'
import type { Evidence } from './evidence.ts'
import type { Member } from './member.ts'

const hash = (digit: string) => digit.repeat(64)
const accountName = 'default@127.0.0.1:1'
const optedIn: Record<string, string> = { [userKeys.upload]: 'true' }

/** A Secret that holds the certificate with this digit in its fingerprints. */
function member(name: string, digit: string, expected?: Member['expected'], annotations = optedIn): Member {
  const chain = `SVR:${hash(digit)}`
  return {
    name,
    about: '',
    annotations,
    data: {},
    leaf: hash(digit),
    chain,
    expected: expected ?? { phase: 'Synced', chain },
  }
}

function synced(id: string, digit: string, previous?: string): Record<string, string> {
  return {
    [statusKeys.phase]: 'Synced',
    [statusKeys.reason]: 'CertificateUploaded',
    [statusKeys.certificateId]: id,
    [statusKeys.account]: accountName,
    [statusKeys.fingerprint]: hash(digit),
    [statusKeys.chainFingerprint]: `SVR:${hash(digit)}`,
    ...(previous !== undefined && { [statusKeys.previousCertificateId]: `${previous}@${'f'.repeat(12)}` }),
  }
}

function outcome(phase: string, reason: string): Record<string, string> {
  return { [statusKeys.phase]: phase, [statusKeys.reason]: reason }
}

/** What the operator tags the certificate of a Secret with. */
function tags(name: string, digit: string, cluster = 'demo') {
  const values = { cluster, secret: `demo/${name}`, chain: `SVR:${hash(digit)}:1767225600` }
  return Object.entries(values).map(([key, TagValue]) => ({ TagKey: `cert-sync/${key}`, TagValue }))
}

function certificate(id: string, digit: string): CertificateView {
  return {
    id,
    account: '1',
    type: 'SVR',
    leafFingerprint: hash(digit),
    chainFingerprint: `SVR:${hash(digit)}`,
    alias: '',
    projectId: 0,
    use: '',
    tags: tags('one', digit),
    createdAt: '2026-01-01T00:00:00Z',
  }
}

function upload(digit: string): Call {
  return {
    number: 1,
    action: 'UploadCertificate',
    result: 'Success',
    delivery: 'answered',
    requestId: '',
    arrivedAt: '',
    arrivedMs: 0,
    leafFingerprint: hash(digit),
  }
}

/** @param seconds after the beginning */
function request(verb: string, name: string, seconds = 0): AuditEvent {
  return {
    auditID: '',
    stage: 'ResponseComplete',
    verb,
    requestURI: '',
    user: { username: 'operator' },
    objectRef: { resource: 'secrets', name },
    requestReceivedTimestamp: new Date(seconds * 1_000).toISOString(),
    stageTimestamp: '',
  }
}

/** Two Secrets share a certificate, one is broken, one waits, one is a stranger, one is paused; all as it should be. */
function world(): Evidence & { annotations: Map<string, Record<string, string>> } {
  return {
    at: 1_000,
    members: [
      member('one', 'a'),
      member('two', 'a'),
      member('broken', 'b', { phase: 'Rejected', reason: 'KeyMismatch' }),
      member('temporary', 'c', { phase: 'Pending', reason: 'TemporaryCertificate' }),
      member('stranger', 'd', { phase: 'none', why: 'not opted in' }, {}),
      member('paused', 'e', { phase: 'none', why: 'paused' }),
    ],
    annotations: new Map([
      ['one', synced('id00000a', 'a')],
      ['two', synced('id00000a', 'a')],
      ['broken', outcome('Rejected', 'KeyMismatch')],
      ['temporary', outcome('Pending', 'TemporaryCertificate')],
      ['stranger', {}],
      ['paused', {}],
    ]),
    accountName,
    certificates: [certificate('id00000a', 'a')],
    calls: [upload('a')],
    maxInAnySecond: 10,
    requests: [request('get', 'one'), request('patch', 'one'), request('get', 'paused')],
  }
}

const holds = { broken: [] }
const isBroken = (claim: Claim) => claim.broken.length > 0

test('in a world as it should be, every claim holds', () => {
  const now = world()

  for (const claim of [
    everyStatusIsTrue(now),
    noCertificateTwice(now),
    neverTooFast(now),
    sharedOnesAreUploadedOnce(now, ['one', 'two']),
    brokenOnesAreReported(now),
    temporaryOnesWait(now),
    othersAreLeftAlone(now),
    nothingElseIsWritten(now, now, []),
    restartCostsNothing(now, now),
    lostOnesAreFoundAgain(now, ['id00000a']),
    killedInTheMiddle(['id00000a']),
    noKeyIsAnywhere(now.members, { logs: '', annotations: '', Events: '', metrics: '' }),
    renewedOnesRemember(now, now, []),
    correctedOnesAreUploaded(now, now, []),
    endsInOrder(0),
  ]) {
    expect(claim).toMatchObject(holds)
    // Behind the check mark, in 80 columns.
    expect(claim.promise.length).toBeLessThanOrEqual(74)
  }
  expect(unnamedIds(now)).toEqual([])
})

test('a status is untrue without an id, with that of another certificate, in another account', () => {
  const untrue = [
    outcome('Synced', 'CertificateUploaded'),
    synced('id00000b', 'a'),
    { ...synced('id00000a', 'a'), [statusKeys.account]: 'default@elsewhere' },
    { ...synced('id00000a', 'a'), [statusKeys.fingerprint]: hash('b') },
    { ...synced('id00000a', 'a'), ...outcome('Failed', 'ServiceUnavailable') },
  ]
  for (const annotations of untrue) {
    const now = { ...world(), certificates: [certificate('id00000a', 'a'), certificate('id00000b', 'b')] }
    now.annotations.set('one', annotations)

    expect(everyStatusIsTrue(now).broken).toHaveLength(1)
  }
})

test('a status is untrue when the cloud holds another certificate under its id', () => {
  expect(everyStatusIsTrue({ ...world(), certificates: [certificate('id00000a', 'b')] }).broken).toHaveLength(
    2,
  )
})

test('a second copy breaks a promise, and is named', () => {
  const certificates = [certificate('id00000a', 'a'), certificate('id00000b', 'a')]

  expect(noCertificateTwice({ certificates }).broken).toEqual(['id00000a = id00000b'])
  expect(noCertificateTwice({ certificates: [certificate('x', 'a'), certificate('y', 'b')] })).toMatchObject(
    holds,
  )
})

test('a certificate without its own three tags breaks a promise, and is shown with those that it has', () => {
  const tagged = (...each: ReturnType<typeof tags>) => {
    const now = { ...world(), certificates: [{ ...certificate('id00000a', 'a'), tags: each }] }
    now.annotations.set('broken', synced('id00000b', 'b', 'id00000c'))
    return everyCertificateIsTagged(now)
  }

  expect(tagged(...tags('one', 'a'))).toMatchObject(holds)
  expect(tagged(...tags('two', 'a'))).toMatchObject(holds)
  expect(tagged(...tags('broken', 'a'))).toSatisfy(isBroken)
  expect(tagged(...tags('one', 'b'))).toSatisfy(isBroken)
  expect(tagged(...tags('one', 'a', 'other'))).toSatisfy(isBroken)
  expect(tagged(...tags('one', 'a').slice(0, 2)).broken).toEqual([
    'id00000a: cert-sync/cluster=demo cert-sync/secret=demo/one',
  ])
})

test('the tags of a superseded certificate name the Secret that remembers its id', () => {
  const now = { ...world(), certificates: [certificate('id00000c', 'c')] }
  expect(everyCertificateIsTagged(now)).toSatisfy(isBroken)

  now.annotations.set('one', synced('id00000a', 'a', 'id00000c'))
  expect(everyCertificateIsTagged(now)).toMatchObject(holds)
})

test('an eleventh call in a second breaks a promise', () => {
  expect(neverTooFast({ maxInAnySecond: 11 })).toSatisfy(isBroken)
})

test('a shared certificate with two ids or two uploads breaks a promise', () => {
  const twoIds = world()
  twoIds.annotations.set('two', synced('id00000b', 'a'))

  expect(sharedOnesAreUploadedOnce(twoIds, ['one', 'two'])).toSatisfy(isBroken)
  const twoUploads = { ...world(), calls: [upload('a'), upload('a')] }
  expect(sharedOnesAreUploadedOnce(twoUploads, ['one', 'two'])).toSatisfy(isBroken)
})

test('a broken Secret that was sent, or says nothing, breaks a promise', () => {
  expect(brokenOnesAreReported({ ...world(), calls: [upload('b')] }).broken).toHaveLength(1)
  const silent = world()
  silent.annotations.set('broken', {})
  expect(brokenOnesAreReported(silent).broken).toHaveLength(1)
})

test('a temporary certificate that was sent breaks a promise', () => {
  expect(temporaryOnesWait({ ...world(), calls: [upload('c')] }).broken).toHaveLength(1)
})

test('a stranger may not be read, a paused Secret may be read but not written', () => {
  const touched = (verb: string, name: string) => {
    return othersAreLeftAlone({ ...world(), requests: [request(verb, name)] }).broken
  }

  expect(touched('get', 'stranger')).toHaveLength(1)
  expect(touched('patch', 'paused')).toHaveLength(1)
  expect(touched('get', 'paused')).toEqual([])
  expect(touched('patch', 'one')).toEqual([])
})

test('a renewal needs a new id and the old one on record', () => {
  const before = world()
  const after = (annotations: Record<string, string>) => {
    const now = world()
    now.annotations.set('one', annotations)
    return renewedOnesRemember(before, now, ['one'])
  }

  expect(after(synced('id00000b', 'b', 'id00000a'))).toMatchObject(holds)
  expect(after(synced('id00000b', 'b'))).toSatisfy(isBroken)
  expect(after(synced('id00000a', 'a', 'id00000a'))).toSatisfy(isBroken)
})

test('a correction needs an id where there was none', () => {
  const after = world()
  after.annotations.set('broken', synced('id00000b', 'b'))

  expect(correctedOnesAreUploaded(world(), after, ['broken'])).toMatchObject(holds)
  expect(correctedOnesAreUploaded(world(), world(), ['broken'])).toSatisfy(isBroken)
  expect(correctedOnesAreUploaded(world(), after, ['one'])).toSatisfy(isBroken)
})

test('a write to a Secret that nobody changed breaks a promise', () => {
  const before = world()
  const after = {
    ...before,
    requests: [...before.requests, request('patch', 'two', 2), request('get', 'one', 2)],
  }

  expect(nothingElseIsWritten(before, after, ['two'])).toMatchObject(holds)
  expect(nothingElseIsWritten(before, after, ['one']).broken).toEqual(['two'])
})

test('an id that no Secret names, now or before, is lost until it is found again', () => {
  const lost = { ...world(), certificates: [certificate('id00000a', 'a'), certificate('id00000b', 'b')] }
  expect(unnamedIds(lost)).toEqual(['id00000b'])
  expect(killedInTheMiddle(['id00000b'])).toMatchObject(holds)
  expect(killedInTheMiddle([])).toSatisfy(isBroken)
  expect(lostOnesAreFoundAgain(lost, ['id00000b'])).toSatisfy(isBroken)

  lost.annotations.set('one', synced('id00000b', 'b', 'id00000a'))
  lost.annotations.delete('two')

  expect(unnamedIds(lost)).toEqual([])
  expect(lostOnesAreFoundAgain(lost, ['id00000b'])).toMatchObject(holds)
})

test('an upload or a write after a restart breaks a promise', () => {
  const before = world()

  expect(restartCostsNothing(before, { ...before, calls: [...before.calls, upload('a')] })).toSatisfy(
    isBroken,
  )
  const written = { ...before, requests: [...before.requests, request('patch', 'one', 2)] }
  expect(restartCostsNothing(before, written)).toSatisfy(isBroken)
})

test('an operator that had to be killed did not end in order', () => {
  expect(endsInOrder(null)).toSatisfy(isBroken)
  expect(endsInOrder(1)).toSatisfy(isBroken)
})

test('a line of a key is found wherever it is, also where line breaks are escaped', () => {
  const lines = ['k', 'l', 'm', 'n'].map((letter) => letter.repeat(64))
  const key = ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n')
  const members = [{ ...member('one', 'a'), data: { 'tls.key': key } }]

  expect(noKeyIsAnywhere(members, { logs: 'all is well', Events: '' })).toMatchObject(holds)
  expect(noKeyIsAnywhere(members, { logs: '', Events: JSON.stringify({ note: key }) }).broken).toEqual([
    'Events',
  ])
  expect(noKeyIsAnywhere(members, { logs: `x${lines[2]}y`, Events: '' }).broken).toEqual(['logs'])
})
