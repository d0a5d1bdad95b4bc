import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { statusAnnotations } from '../../test/heart/observed.ts'
import { statusKeys } from './annotation-keys.ts'
import { chainPrefix, readStatus, type SentSettings, supersede, toAnnotations, writeSent } from './status.ts'

const hex = 'ab'.repeat(32)
const complete = {
  certificateId: 'abcd1234',
  account: 'default@ssl.example.com',
  fingerprint: hex,
  chainFingerprint: `SVR:${hex}`,
}

describe('what was uploaded', () => {
  it('is read where id, account and both fingerprints are there', () => {
    expect(readStatus(statusAnnotations(complete)).uploaded).toEqual(complete)
  })

  it.each(Object.keys(complete) as (keyof typeof complete)[])('counts as absent without %s', (key) => {
    expect(readStatus(statusAnnotations({ ...complete, [key]: undefined })).uploaded).toBeUndefined()
  })

  it.each<[keyof typeof complete, string]>([
    ['certificateId', ''],
    ['certificateId', 'abcd 1234'],
    ['certificateId', 'a'.repeat(65)],
    ['certificateId', 'abcd1234\n'],
    ['account', 'default'],
    ['account', 'a@b@c'],
    ['fingerprint', hex.toUpperCase()],
    ['fingerprint', hex.slice(2)],
    ['chainFingerprint', hex],
    ['chainFingerprint', `XYZ:${hex}`],
  ])('counts as absent when %s is %j', (key, value) => {
    expect(readStatus(statusAnnotations({ ...complete, [key]: value })).uploaded).toBeUndefined()
  })
})

describe('the other keys', () => {
  it('are read', () => {
    const status = readStatus(
      statusAnnotations({
        notAfter: '2026-03-02T00:00:00Z',
        syncedAt: '2026-01-01T00:00:00Z',
        previousCertificateId: 'old1@0123456789ab,old2@ba9876543210',
        origin: 'Adopted',
        intent: `CA:${hex}`,
        settings: `v1:${hex}`,
        phase: 'Rejected',
        reason: 'RefusedByService',
        message: 'Correct the Secret.',
        rejectedFor: hex,
        rejectedAt: '2026-01-01T00:00:00Z',
        handledRequest: 'now',
      }),
    )
    expect(status).toEqual({
      uploaded: undefined,
      notAfter: '2026-03-02T00:00:00Z',
      syncedAt: '2026-01-01T00:00:00Z',
      previous: [
        { certificateId: 'old1', chainPrefix: '0123456789ab' },
        { certificateId: 'old2', chainPrefix: 'ba9876543210' },
      ],
      origin: 'Adopted',
      intent: `CA:${hex}`,
      settings: { hash: `v1:${hex}`, refused: [], code: undefined },
      phase: 'Rejected',
      reason: 'RefusedByService',
      message: 'Correct the Secret.',
      rejectedFor: hex,
      rejectedAt: Date.UTC(2026, 0, 1),
      handledRequest: 'now',
    })
  })

  it.each<[keyof typeof statusKeys, string]>([
    ['notAfter', 'tomorrow'],
    ['syncedAt', '2026-01-01'],
    ['origin', 'Stolen'],
    ['intent', hex],
    ['settings', `v2:${hex}`],
    ['phase', 'synced'],
    ['reason', 'NoSuchReason'],
    ['reason', 'constructor'],
    ['message', ''],
    ['rejectedFor', 'x'],
    ['rejectedAt', '2026-13-45T99:99:99Z'],
    ['handledRequest', ''],
  ])('%s counts as absent when it is %j', (key, value) => {
    expect(readStatus(statusAnnotations({ [key]: value }))[key as 'phase']).toBeUndefined()
  })

  it('previous ids that are ill-formed are passed over', () => {
    const text = 'old1@0123456789ab,,old2,@0123456789ab,old3@x,old4@0123456789ab@x, old5@0123456789ab'
    expect(readStatus(statusAnnotations({ previousCertificateId: text })).previous).toEqual([
      { certificateId: 'old1', chainPrefix: '0123456789ab' },
    ])
  })

  it('are answered for any text', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...Object.values(complete)))
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...Object.values(statusKeys)), text), (annotations) => {
        readStatus(annotations)
      }),
    )
  })
})

describe('superseded ids', () => {
  const uploaded = { ...complete, certificateId: 'new1' }
  const previous = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ certificateId: `old${i}`, chainPrefix: '0123456789ab' }))

  it('begin with the newest, under the prefix of its chain', () => {
    expect(supersede(previous(1), uploaded, 'new2')).toBe(
      `new1@${chainPrefix(`SVR:${hex}`)},old0@0123456789ab`,
    )
  })

  it('are ten at most: the oldest is dropped', () => {
    const text = supersede(previous(10), uploaded, 'new2') ?? ''
    expect(text.split(',')).toHaveLength(10)
    expect(text).toContain('new1@')
    expect(text).toContain('old8@')
    expect(text).not.toContain('old9@')
  })

  it('never name the id that is in force, and none twice', () => {
    expect(supersede([...previous(2), ...previous(2)], uploaded, 'old1')).toBe(
      `new1@${'ab'.repeat(6)},old0@0123456789ab`,
    )
  })

  it('are none where nothing was superseded', () => {
    expect(supersede([], undefined, 'new2')).toBeNull()
    expect(supersede([], uploaded, 'new1')).toBeNull()
  })

  it('survive being written and read, however often', () => {
    let text: string | null = null
    for (let i = 0; i < 30; i++) {
      const read = readStatus(statusAnnotations({ previousCertificateId: text ?? undefined })).previous
      expect(read).toHaveLength(Math.min(i, 10))
      text = supersede(read, { ...complete, certificateId: `id${i}` }, `id${i + 1}`)
    }
    expect(text).toMatch(/^id29@.*,id20@[0-9a-f]{12}$/)
  })
})

describe('what is on record of the settings', () => {
  const hash = `v1:${hex}`

  it.each<SentSettings>([
    { hash, refused: [], code: undefined },
    { hash, refused: ['settings'], code: 'InvalidParameter.Odd' },
    { hash, refused: ['settings', 'chain-tag'], code: undefined },
    { hash, refused: ['all-tags'], code: 'UnauthorizedOperation' },
  ])('comes back as it was written: %j', (sent) => {
    expect(readStatus({ [statusKeys.settings]: writeSent(sent) }).settings).toEqual(sent)
  })
})

describe('a change', () => {
  it('is written under the whole keys, and leaves out what it does not name', () => {
    expect(toAnnotations({ phase: 'Synced', intent: null })).toEqual({
      [statusKeys.phase]: 'Synced',
      [statusKeys.intent]: null,
    })
    expect(toAnnotations({})).toEqual({})
  })
})
