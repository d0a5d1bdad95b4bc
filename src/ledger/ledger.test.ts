import { beforeEach, describe, expect, it } from 'vitest'
import { chainTag, ownerTags } from '../contract/ownership.ts'
import type { Upload } from './entry.ts'
import { claimAfterMs, goneAfterMs, Ledger } from './ledger.ts'
import { remoteCertificate } from './testing/remote-certificate.ts'

const chain = `SVR:${'a'.repeat(64)}`
const other = `SVR:${'b'.repeat(64)}`
const notAfter = 1_800_000_000_000
const upload: Upload = {
  by: 'web/site',
  own: false,
  repeated: false,
  request: undefined,
  settings: 'v1:x',
  rung: 'Nothing',
  account: 'Nothing',
  refusedWith: undefined,
}
const tags = (chainFingerprint: string) => [
  ...ownerTags({ cluster: 'test', namespace: 'web', name: 'site' }),
  chainTag({ chainFingerprint, notBefore: 0 }),
]

let woken: string[]
let ledger: Ledger

beforeEach(() => {
  woken = []
  ledger = new Ledger((keys) => woken.push(...keys))
})

function uploadedAs(id: string, more: Partial<Upload> = {}, now = 0, of = chain): void {
  ledger.learnUploaded(id, of, notAfter, { ...upload, ...more }, now)
}

const holder = (now = 0, of = chain) =>
  ledger.holderOf(of, { key: 'web/new', own: false }, now)?.certificateId

describe('which id holds a chain', () => {
  it('is known from an upload and from a chain tag, and from nothing else', () => {
    expect(holder()).toBeUndefined()
    uploadedAs('id-1')
    expect(holder()).toBe('id-1')
    ledger.learnListed(remoteCertificate('id-2', { tags: tags(other) }), 0)
    expect(holder(0, other)).toBe('id-2')
    ledger.learnListed(remoteCertificate('id-3', { tags: [], alias: 'web/site' }), 0)
    ledger.claim('web/site', 'id-3')
    expect(ledger.chainOf('id-3')).toBeUndefined()
  })

  it('is the smallest where several hold it', () => {
    uploadedAs('id-2')
    uploadedAs('id-1')
    expect(holder()).toBe('id-1')
  })

  it('counts for a day after the service said so last, then it is a claim', () => {
    uploadedAs('id-1')
    expect(holder(claimAfterMs)).toBe('id-1')
    expect(holder(claimAfterMs + 1)).toBeUndefined()
    ledger.learnListed(remoteCertificate('id-1'), claimAfterMs)
    expect(holder(claimAfterMs + 1)).toBe('id-1')
  })

  it('is not proven by an answer that repeats an id, but that id may serve until its tag says otherwise', () => {
    uploadedAs('id-1', { repeated: true })
    expect(ledger.chainOf('id-1')).toBeUndefined()
    expect(holder()).toBe('id-1')
    ledger.learnListed(remoteCertificate('id-1', { tags: tags(other) }), 0)
    expect(holder()).toBeUndefined()
    expect(holder(0, other)).toBe('id-1')
  })

  it('is for one Secret alone where that has a copy of its own', () => {
    uploadedAs('id-1', { own: true })
    expect(holder()).toBeUndefined()
    expect(ledger.holderOf(chain, { key: 'web/site', own: true }, 0)?.certificateId).toBe('id-1')
    expect(ledger.holderOf(chain, { key: 'web/other', own: true }, 0)).toBeUndefined()
    expect(ledger.isOwnCopyOf('id-1', 'web/site')).toBe(true)
    expect(ledger.isOwnCopyOf('id-1', 'web/other')).toBe(false)
  })

  it('is for nobody where a listed alias looks like that of a copy', () => {
    ledger.learnListed(remoteCertificate('id-1', { tags: tags(chain), alias: 'x 0123456789abcdef' }), 0)
    expect(holder()).toBeUndefined()
  })
})

describe('that an id is gone', () => {
  it('takes two look-ups ten minutes apart', () => {
    uploadedAs('id-1')
    ledger.claim('web/site', 'id-1')
    ledger.learnAbsent('id-1', { requested: false }, 0)
    expect(ledger.isGone('id-1')).toBe(false)
    expect(holder()).toBeUndefined()
    ledger.learnAbsent('id-1', { requested: false }, goneAfterMs - 1)
    expect(ledger.isGone('id-1')).toBe(false)
    expect(ledger.suspects(goneAfterMs)).toEqual(['id-1'])
    ledger.learnAbsent('id-1', { requested: false }, goneAfterMs)
    expect(ledger.isGone('id-1')).toBe(true)
    expect(ledger.suspects(goneAfterMs)).toEqual([])
  })

  it('takes one look-up where somebody asked for it, and wakes every key that named it', () => {
    ledger.claim('web/site', 'id-1')
    ledger.claim('web/other', 'id-1')
    ledger.claim('web/third', 'id-2')
    ledger.learnAbsent('id-1', { requested: true }, 0)
    expect(ledger.isGone('id-1')).toBe(true)
    expect(woken).toEqual(['web/site', 'web/other'])
  })

  it('does not fade, and is taken back where it is listed', () => {
    ledger.learnAbsent('id-1', { requested: true }, 0)
    expect(ledger.isGone('id-1')).toBe(true)
    ledger.learnListed(remoteCertificate('id-1'), 100 * claimAfterMs)
    expect(ledger.isGone('id-1')).toBe(false)
  })

  it('is not said where it was found in between', () => {
    ledger.learnAbsent('id-1', { requested: false }, 0)
    ledger.learnListed(remoteCertificate('id-1'), 1)
    ledger.learnAbsent('id-1', { requested: false }, goneAfterMs)
    expect(ledger.isGone('id-1')).toBe(false)
  })

  it('is a mistake where an upload answers it: absence proves nothing for a day, and everybody is woken', () => {
    ledger.claim('web/site', 'id-1')
    ledger.claim('web/other', 'id-2')
    ledger.learnAbsent('id-1', { requested: true }, 0)
    ledger.learnAbsent('id-2', { requested: true }, 0)
    woken.length = 0
    uploadedAs('id-1', { repeated: true }, 10)
    expect(woken).toEqual(['web/site', 'web/other'])
    expect(ledger.isGone('id-2')).toBe(false)
    ledger.learnAbsent('id-2', { requested: true }, claimAfterMs)
    expect(ledger.isGone('id-2')).toBe(false)
    expect(ledger.hidesCertificates(claimAfterMs)).toBe(true)
    ledger.learnAbsent('id-2', { requested: true }, claimAfterMs + 10)
    expect(ledger.isGone('id-2')).toBe(true)
  })
})

describe('claims', () => {
  it('are of one id for each key, and end with the Secret', () => {
    ledger.claim('web/site', 'id-1')
    ledger.claim('web/other', 'id-1')
    expect(ledger.claimantsOf('id-1')).toEqual(['web/site', 'web/other'])
    ledger.claim('web/site', 'id-2')
    expect(ledger.claimedIds()).toEqual(['id-1', 'id-2'])
    ledger.forget('web/site', 0)
    expect(ledger.claimedIds()).toEqual(['id-1'])
    ledger.claim('web/other', undefined)
    expect(ledger.claimedIds()).toEqual([])
  })

  it('say nothing of what the service says: that stays known without the Secret', () => {
    uploadedAs('id-1')
    ledger.claim('web/site', 'id-1')
    ledger.forget('web/site', 0)
    expect(holder()).toBe('id-1')
    expect(ledger.expiryOf('id-1')).toBe(notAfter)
  })
})

describe('the account', () => {
  it('is another one where a listing names another owner, until somebody trusts it', () => {
    ledger.claim('web/site', 'id-1')
    ledger.learnListed(remoteCertificate('id-1', { ownerUin: '1' }), 0)
    expect(ledger.isAnotherAccount).toBe(false)
    ledger.learnListed(remoteCertificate('id-2', { ownerUin: '2' }), 0)
    expect(ledger.isAnotherAccount).toBe(true)
    ledger.trustAccount()
    expect(ledger.isAnotherAccount).toBe(false)
    expect(woken).toEqual(['web/site'])
  })
})

describe('its size', () => {
  it('is bounded: what was heard of longest ago goes first, but nothing that a status names', () => {
    ledger.claim('web/site', 'claimed')
    for (let i = 0; i < 20_100; i += 1) uploadedAs(`id-${i}`, {}, 0, `${chain}-${i}`)
    expect(ledger.uploadOf('id-0', `${chain}-0`)).toBeUndefined()
    expect(ledger.holderOf(`${chain}-0`, { key: 'web/new', own: false }, 0)).toBeUndefined()
    expect(ledger.uploadOf('id-20099', `${chain}-20099`)).toBeDefined()
    expect(ledger.claimedIds()).toEqual(['claimed'])
  })
})
