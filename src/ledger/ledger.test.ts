import { beforeEach, describe, expect, it } from 'vitest'
import { chainTag, ownerTags } from '../contract/ownership.ts'
import { claimAfterMs, goneAfterMs, type Upload } from './entry.ts'
import { Ledger } from './ledger.ts'
import { findGone } from './testing/find-gone.ts'
import { loseAll } from './testing/lose-all.ts'
import { plainUpload } from './testing/plain-upload.ts'
import { remoteCertificate } from './testing/remote-certificate.ts'

const chain = `SVR:${'a'.repeat(64)}`
const other = `SVR:${'b'.repeat(64)}`
const notAfter = 1_800_000_000_000
const minute = 60_000
const tags = (chainFingerprint: string) => [
  ...ownerTags({ cluster: 'test', namespace: 'web', name: 'site' }),
  chainTag({ chainFingerprint, notBefore: 0 }),
]

let woken: string[]
let ledger: Ledger

beforeEach(() => {
  woken = []
  ledger = new Ledger({ wake: (keys) => woken.push(...keys), cluster: 'test' })
})

function uploadedAs(id: string, more: Partial<Upload> = {}, now = 0, of = chain): void {
  ledger.learnUploaded(id, of, notAfter, { ...plainUpload, ...more }, now)
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

  it('is the one that the service confirmed last', () => {
    uploadedAs('id-1')
    uploadedAs('id-2', {}, minute)
    expect(holder(minute)).toBe('id-2')
  })

  it('is rather one that was only answered than one that a lookup missed since the service named it', () => {
    uploadedAs('id-1')
    ledger.learnUnlisted('id-1', minute)
    expect(holder(minute)).toBe('id-1')
    uploadedAs('id-2', { repeated: true }, 2 * minute)
    expect(holder(2 * minute)).toBe('id-2')
  })

  it('is never one whose upload stored a new certificate, until it is shown again', () => {
    uploadedAs('id-1')
    uploadedAs('id-2', { by: 'other/site' }, 0, other)
    for (const [id, key] of [
      ['id-1', 'web/site'],
      ['id-2', 'other/site'],
    ] as const) {
      ledger.claim(key, id)
      ledger.learnListed(remoteCertificate(id, { tags: [] }), 0)
      ledger.learnAbsent(id, key, minute)
    }
    ledger.learnProvenGone('id-1')
    ledger.learnNamed('id-2', 'other/site', minute)
    ledger.learnNamed('id-3', 'web/site', minute)
    expect([ledger.isGone('id-1'), ledger.isGone('id-2')]).toEqual([true, false])
    ledger.learnListed(remoteCertificate('id-1', { tags: [] }), 2 * minute)
    expect(ledger.isGone('id-1')).toBe(false)
  })

  it('is for its owner the copy that comes back', () => {
    uploadedAs('id-1', { own: true })
    ledger.learnListed(remoteCertificate('id-1', { tags: [] }), 0)
    ledger.learnAbsent('id-1', 'web/site', minute)
    const holderOfOwn = () => ledger.holderOf(chain, { key: 'web/site', own: true }, minute)?.certificateId
    expect(holderOfOwn()).toBeUndefined()
    ledger.learnListed(remoteCertificate('id-1', { tags: [] }), minute)
    expect(holderOfOwn()).toBe('id-1')
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

  it('is the next one where an answer named one that will not do', () => {
    for (const [id, at] of [
      ['id-1', 0],
      ['id-2', minute],
    ] as const)
      uploadedAs(id, { repeated: true }, at)
    const except = (...unfit: readonly string[]) =>
      ledger.holderOf(chain, { key: 'web/new', own: false }, minute, (id) => unfit.includes(id))
        ?.certificateId
    expect([except(), except('id-2'), except('id-1', 'id-2')]).toEqual(['id-2', 'id-1', undefined])
    // What is proven to hold the chain will do for everybody.
    uploadedAs('id-2', {}, minute)
    expect(except('id-2')).toBe('id-2')
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
  it('takes two lookups ten minutes apart', () => {
    uploadedAs('id-1', {}, -minute)
    ledger.claim('web/site', 'id-1')
    ledger.learnAbsent('id-1', undefined, 0)
    expect(ledger.isGone('id-1')).toBe(false)
    expect(holder()).toBeUndefined()
    ledger.learnAbsent('id-1', undefined, goneAfterMs - 1)
    expect(ledger.isGone('id-1')).toBe(false)
    expect(ledger.absence.suspects(goneAfterMs)).toEqual(['id-1'])
    ledger.learnAbsent('id-1', undefined, goneAfterMs)
    expect(ledger.isGone('id-1')).toBe(true)
    expect(ledger.absence.suspects(goneAfterMs)).toEqual([])
  })

  it('is proven by a lookup at once where it was listed before', () => {
    uploadedAs('id-1')
    ledger.learnListed(remoteCertificate('id-1', { tags: tags(chain) }), 1)
    ledger.learnAbsent('id-1', 'web/site', 2)
    expect(ledger.isGone('id-1')).toBe(true)
  })

  it('is not proven by a lookup less than a minute after an upload answered it', () => {
    uploadedAs('id-1')
    ledger.learnAbsent('id-1', 'web/site', minute - 1)
    expect(ledger.isGone('id-1')).toBe(false)
    expect(holder()).toBe('id-1')
    expect(ledger.absence.countsFrom('id-1')).toBe(minute)
    ledger.learnAbsent('id-1', 'web/site', minute)
    expect(ledger.isGone('id-1')).toBe(true)
  })

  it('takes one lookup where somebody of the only namespace that names it asks, and wakes all who do', () => {
    ledger.claim('web/site', 'id-1')
    ledger.claim('web/other', 'id-1')
    ledger.claim('shop/third', 'id-2')
    ledger.learnListed(remoteCertificate('id-1'), 0)
    ledger.learnAbsent('id-1', 'web/site', 1)
    expect(ledger.isGone('id-1')).toBe(true)
    expect(woken).toEqual(['web/site', 'web/other'])
  })

  it('takes two lookups ten minutes apart where another namespace names it, whoever asks', () => {
    ledger.claim('web/site', 'id-1')
    ledger.claim('shop/site', 'id-1')
    ledger.learnListed(remoteCertificate('id-1'), 0)
    for (const at of [1, goneAfterMs]) {
      for (const key of ['web/site', 'shop/site']) ledger.learnAbsent('id-1', key, at)
      expect(ledger.isGone('id-1')).toBe(false)
      expect(ledger.absence.isSuspect('id-1')).toBe(true)
      expect(ledger.absence.provesFrom('id-1', 'web/site')).toBe(1 + goneAfterMs)
    }
    ledger.learnAbsent('id-1', 'shop/site', 1 + goneAfterMs)
    expect([ledger.isGone('id-1'), ledger.absence.isSuspect('id-1')]).toEqual([true, false])
  })

  it('takes a second lookup a minute later where somebody asks for what this process has not seen', () => {
    ledger.claim('web/site', 'id-1')
    for (const at of [5, 4 + minute]) {
      ledger.learnAbsent('id-1', 'web/site', at)
      expect(ledger.isGone('id-1')).toBe(false)
      expect(ledger.absence.provesFrom('id-1', 'web/site')).toBe(5 + minute)
    }
    ledger.learnAbsent('id-1', 'web/site', 5 + minute)
    expect(ledger.isGone('id-1')).toBe(true)
  })

  it('does not fade, and is taken back where it is listed', () => {
    findGone(ledger, 'id-1', 0)
    expect(ledger.isGone('id-1')).toBe(true)
    ledger.learnListed(remoteCertificate('id-1'), 100 * claimAfterMs)
    expect(ledger.isGone('id-1')).toBe(false)
  })

  it('is not said where it was found in between', () => {
    ledger.learnAbsent('id-1', undefined, 0)
    ledger.learnListed(remoteCertificate('id-1'), 1)
    ledger.learnAbsent('id-1', undefined, goneAfterMs)
    expect(ledger.isGone('id-1')).toBe(false)
  })

  it('is a mistake where an upload answers it: its absence proves nothing for a day', () => {
    for (const [key, id] of claimed) ledger.claim(key, id)
    for (const [, id] of claimed) findGone(ledger, id, 0)
    woken.length = 0
    uploadedAs('id-1', { repeated: true }, 10)
    expect(woken).toEqual(['web/site'])
    expect([ledger.isGone('id-1'), ledger.isGone('id-2')]).toEqual([false, true])
    expect(ledger.absence.isNotVisible('id-1')).toBe(true)
    ledger.learnAbsent('id-1', 'web/site', claimAfterMs)
    expect(ledger.isGone('id-1')).toBe(false)
    ledger.learnAbsent('id-1', 'web/site', claimAfterMs + 10)
    expect(ledger.isGone('id-1')).toBe(true)
  })

  it('is a mistake where a search by chain names it', () => {
    ledger.claim('web/site', 'id-1')
    findGone(ledger, 'id-1', 0)
    ledger.learnNamed('id-1', 'web/site', 10)
    expect([ledger.isGone('id-1'), ledger.absence.isNotVisible('id-1')]).toEqual([false, true])
  })

  it('wakes whoever named it before it was taken back, as soon as it turns out to be there', () => {
    ledger.claim('web/site', 'id-1')
    findGone(ledger, 'id-1', 0)
    ledger.claim('web/site', undefined)
    ledger.claim('web/other', 'id-1')
    woken.length = 0
    ledger.learnListed(remoteCertificate('id-1'), 1)
    expect(woken).toEqual(['web/other', 'web/site'])
  })
})

/** Claims of two namespaces, and one more. */
const claimed = [
  ['web/site', 'id-1'],
  ['shop/site', 'id-2'],
  ['web/more', 'id-3'],
] as const

describe('that lookups do not show what is there', () => {
  const named = (id: string, by: string) => uploadedAs(id, { by, repeated: true }, 10)

  it('is said of the account by two ids of two namespaces: then everybody is woken', () => {
    for (const [key, id] of claimed) ledger.claim(key, id)
    for (const [, id] of claimed) findGone(ledger, id, 0)
    named('id-1', 'web/site')
    named('id-3', 'web/more')
    expect(ledger.absence.hidesCertificates(10)).toBe(false)
    expect(ledger.isGone('id-2')).toBe(true)
    woken.length = 0
    uploadedAs('id-2', { by: 'shop/site', repeated: true }, 20)
    expect(ledger.absence.hidesCertificates(20)).toBe(true)
    expect(woken).toEqual(['shop/site'])
    ledger.claim('web/last', 'id-4')
    ledger.learnAbsent('id-4', 'web/last', claimAfterMs)
    expect(ledger.isGone('id-4')).toBe(false)
    expect(ledger.absence.hidesCertificates(claimAfterMs + 20)).toBe(false)
  })

  it('is said by two ids where there is one namespace, and by one where there is one id', () => {
    ledger.claim('web/site', 'id-1')
    findGone(ledger, 'id-1', 0)
    named('id-1', 'web/site')
    expect(ledger.absence.hidesCertificates(10)).toBe(true)
    ledger.claim('web/more', 'id-3')
    expect(ledger.absence.hidesCertificates(10)).toBe(false)
    findGone(ledger, 'id-3', 10)
    named('id-3', 'web/more')
    expect(ledger.absence.hidesCertificates(10)).toBe(true)
    ledger.claim('shop/site', 'id-2')
    expect(ledger.absence.hidesCertificates(10)).toBe(false)
  })

  it('takes back what was called gone, and wakes whoever named it', () => {
    for (const [key, id] of claimed) ledger.claim(key, id)
    for (const [, id] of claimed) findGone(ledger, id, 0)
    named('id-1', 'web/site')
    woken.length = 0
    named('id-2', 'shop/site')
    expect(woken).toEqual(['shop/site', 'web/more'])
    expect(ledger.isGone('id-3')).toBe(false)
  })

  it('ends for an id as soon as it is shown, and wakes whose status says that it is not', () => {
    ledger.claim('web/site', 'id-1')
    findGone(ledger, 'id-1', 0)
    named('id-1', 'web/site')
    ledger.waitForId('web/site', 'id-1')
    woken.length = 0
    // A listing that began before the lookup which did not show it.
    ledger.learnListed(remoteCertificate('id-1'), -1)
    expect([ledger.absence.isNotVisible('id-1'), woken]).toEqual([true, []])
    ledger.learnListed(remoteCertificate('id-1'), 11)
    expect([ledger.absence.isNotVisible('id-1'), ledger.isShown('id-1')]).toEqual([false, true])
    expect(woken).toEqual(['web/site'])
    expect(ledger.absence.hidesCertificates(11)).toBe(false)
  })

  it('is not known any more of an id whose lookup was refused', () => {
    ledger.learnListed(remoteCertificate('id-1'), 0)
    expect(ledger.isShown('id-1')).toBe(true)
    ledger.learnUnlisted('id-1', 1)
    expect(ledger.isShown('id-1')).toBe(false)
  })
})

describe('a key that waits for a chain', () => {
  it.each<[string, () => void]>([
    ['an upload of another one is answered', () => uploadedAs('id-1', { by: 'web/other' })],
    [
      'a listing shows its tag',
      () => ledger.learnListed(remoteCertificate('id-1', { tags: tags(chain) }), 0),
    ],
  ])('is woken when %s, once', (_, name) => {
    ledger.waitForChain('web/site', chain)
    ledger.waitForChain('web/third', other)
    name()
    expect(woken).toEqual(['web/site'])
    name()
    expect(woken).toEqual(['web/site'])
  })

  it('is not woken by its own upload, by a copy that is somebody else’s own, or when it does not wait any more', () => {
    ledger.waitForChain('web/site', chain)
    uploadedAs('id-1')
    ledger.waitForChain('web/other', other)
    uploadedAs('id-2', { by: 'web/third', own: true }, 0, other)
    ledger.forget('web/other', 0)
    uploadedAs('id-3', { by: 'web/third' }, 0, other)
    expect(woken).toEqual([])
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

describe('when a certificate expires', () => {
  const listed = (id: string) => {
    const eightHoursOff = notAfter + 8 * 60 * minute
    ledger.learnListed(remoteCertificate(id, { tags: tags(chain), notAfter: eightHoursOff }), minute)
    return eightHoursOff
  }

  it('is what was read from it, whatever a listing says afterwards', () => {
    uploadedAs('id-1')
    listed('id-1')
    expect(ledger.expiryOf('id-1')).toBe(notAfter)
  })

  it('is what a listing says only until it is read from the certificate', () => {
    const date = listed('id-1')
    expect(ledger.expiryOf('id-1')).toBe(date)
    uploadedAs('id-1')
    expect(ledger.expiryOf('id-1')).toBe(notAfter)
  })
})

describe('the account', () => {
  it('is another one where a listing names another owner, until somebody trusts it', () => {
    ledger.claim('web/site', 'id-1')
    ledger.learnListed(remoteCertificate('id-1', { ownerUin: '1' }), 0)
    expect(ledger.account.isDoubted).toBe(false)
    ledger.learnListed(remoteCertificate('id-2', { ownerUin: '2' }), 0)
    expect(ledger.account.isDoubted).toBe(true)
    ledger.trustAccount()
    expect(ledger.account.isDoubted).toBe(false)
    expect(woken).toEqual(['web/site'])
  })

  const none = () => loseAll(ledger, 0)

  /** The namespaces that claim these ids, each a letter; for whom the account is doubted then. */
  function doubtedFor(claims: Readonly<Record<string, string>>): string {
    for (const [namespace, ids] of Object.entries(claims)) {
      for (const id of ids) ledger.claim(`${namespace}/${id}`, `id-${id}`)
    }
    none()
    const namespaces = [...Object.keys(claims), 'another']
    const doubted = namespaces.filter((it) => ledger.account.isDoubtedFor(`${it}/new`))
    return doubted.length === namespaces.length ? 'everybody' : doubted.join()
  }

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['one id', { a: '1' }, ''],
    ['several ids of one namespace', { a: '12' }, 'a'],
    ['an id each of two namespaces', { a: '1', b: '2' }, ''],
    ['an id, and many of another namespace', { a: '1', b: '23456' }, 'b'],
    ['an id that another namespace names as well', { a: '1', b: '12' }, 'b'],
    ['an id that all name', { a: '1', b: '1', c: '1' }, ''],
    ['an id each of three namespaces', { a: '1', b: '2', c: '3' }, 'everybody'],
    ['two ids each of two namespaces', { a: '12', b: '34' }, 'everybody'],
    ['two ids that two namespaces name', { a: '12', b: '12' }, 'everybody'],
  ])('is another one by %s that are missing: for whom', (_, claims, whom) => {
    expect(doubtedFor(claims)).toBe(whom)
  })

  it.each<[string, Readonly<Record<string, string>>, string, string]>([
    ['one of two', { a: '12' }, 'a/2', ''],
    ['one of three', { a: '123' }, 'a/2', 'a'],
    ['two of three', { a: '123' }, 'a/2,a/1', ''],
    ['those of one of two namespaces', { a: '12', b: '34' }, 'b/3,b/4', 'a'],
    ['those of one of four namespaces', { a: '1', b: '2', c: '3', d: '4' }, 'd/4', 'a,b,c,d'],
    ['those of two of four namespaces', { a: '1', b: '2', c: '3', d: '4' }, 'd/4,c/3', ''],
  ])('is doubted no longer than the claims last that it follows from: %s end', (_, claims, end, left) => {
    doubtedFor(claims)
    ledger.waitForChain('another/site', chain)
    for (const key of end.split(',')) ledger.forget(key, 0)
    expect(
      Object.keys(claims)
        .filter((it) => ledger.account.isDoubtedFor(`${it}/new`))
        .join(),
    ).toBe(left)
    const isForAnother = ledger.account.isDoubtedFor('another/site')
    expect(woken.includes('another/site')).toBe(!isForAnother && (left === '' || 'b' in claims))
  })

  it('is doubted for a namespace whatever becomes of claims of others, or of ids that exist', () => {
    doubtedFor({ a: '123' })
    ledger.claim('a/other', 'found')
    ledger.claim('c/1', 'id-1')
    for (const key of ['a/other', 'c/1', 'a/1']) ledger.forget(key, 0)
    expect(['a/new', 'c/new'].filter((key) => ledger.account.isDoubtedFor(key))).toEqual(['a/new'])
  })

  it('is doubted for one namespace alone, whoever names its ids later', () => {
    doubtedFor({ a: '123' })
    for (const id of ['1', '2', '3']) ledger.claim(`b/${id}`, `id-${id}`)
    for (const key of ['a/1', 'a/2']) ledger.forget(key, 0)
    expect(ledger.account.isDoubted).toBe(false)
  })

  it('is doubted no more when what claimed a missing id claims another one', () => {
    doubtedFor({ a: '12' })
    ledger.claim('a/1', 'id-3')
    expect(ledger.account.isDoubted).toBe(false)
  })

  it('of another owner stays that, whatever claims end', () => {
    doubtedFor({ web: '12' })
    ledger.learnListed(remoteCertificate('other-1', { ownerUin: '1' }), 0)
    ledger.learnListed(remoteCertificate('other-2', { ownerUin: '2' }), 0)
    for (const key of ['web/1', 'web/2']) ledger.forget(key, 0)
    expect(ledger.account.isDoubted).toBe(true)
  })

  it('that is doubted for one namespace still proves what is gone for the others', () => {
    ledger.claim('web/site', 'id-1')
    ledger.claim('web/other', 'id-2')
    none()
    ledger.claim('shop/site', 'id-3')
    for (const id of ['id-1', 'id-3']) findGone(ledger, id, 0)
    expect([ledger.isGone('id-1'), ledger.isGone('id-3')]).toEqual([false, true])
  })

  it.each<[string, () => void, boolean]>([
    ['a new certificate', () => uploadedAs('new', { by: 'shop/site' }), false],
    ['one that it had already', () => uploadedAs('old', { by: 'shop/site', repeated: true }), false],
    [
      'a listed one with our tags',
      () => ledger.learnListed(remoteCertificate('new', { tags: tags(chain) }), 0),
      true,
    ],
    ['a listed one without tags', () => ledger.learnListed(remoteCertificate('new', { tags: [] }), 0), false],
    [
      'one of them that is shown again',
      () => ledger.learnListed(remoteCertificate('id-2', { tags: [] }), 0),
      true,
    ],
    [
      'one that a status names since',
      () => {
        ledger.claim('evil/site', 'known')
        ledger.learnListed(remoteCertificate('known', { tags: [] }), 0)
      },
      false,
    ],
    [
      'a listed one that was just uploaded',
      () => {
        uploadedAs('new', { by: 'shop/site' })
        ledger.learnListed(remoteCertificate('new', { tags: tags(chain) }), 1)
      },
      false,
    ],
    [
      'a listed one whose Secret waits for the answer to its upload',
      () => {
        const owner = ownerTags({ cluster: 'test', namespace: 'blog', name: 'site' })
        const made = remoteCertificate('new', {
          tags: [...owner, chainTag({ chainFingerprint: other, notBefore: 0 })],
        })
        ledger.learnListed(made, 1)
        ledger.claim('blog/site', 'new')
        ledger.learnListed(made, 2)
        woken = []
      },
      false,
    ],
  ])('that shows none of the ids on record is the right one because of %s: %#', (_, find, isRight) => {
    ledger.claim('web/site', 'id-1')
    ledger.claim('shop/site', 'id-2')
    ledger.claim('docs/site', 'id-3')
    ledger.waitForChain('blog/site', other)
    none()
    find()
    expect(ledger.account.isDoubted).toBe(!isRight)
    expect(woken).toEqual(isRight ? ['web/site', 'shop/site', 'docs/site', 'blog/site'] : [])
    none()
    expect(ledger.account.isDoubted).toBe(!isRight)
  })

  it('of new credentials does not show that what the former ones missed is gone', () => {
    ledger.claim('web/site', 'id-1')
    ledger.learnAbsent('id-1', undefined, 0)
    ledger.credentialsChanged(minute)
    ledger.learnAbsent('id-1', undefined, goneAfterMs)
    expect(ledger.isGone('id-1')).toBe(false)
    ledger.learnAbsent('id-1', undefined, 2 * goneAfterMs)
    expect(ledger.isGone('id-1')).toBe(true)
  })

  it('whose owner changed is not the right one because of what is uploaded to it', () => {
    ledger.learnListed(remoteCertificate('id-1', { ownerUin: '1' }), 0)
    ledger.learnListed(remoteCertificate('id-1', { ownerUin: '2' }), 0)
    uploadedAs('new')
    expect(ledger.account.isDoubted).toBe(true)
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

  it('has room for what statuses name, and shrinks with the claims', () => {
    const ids = Array.from({ length: 20_100 }, (_, i) => `id-${i}`)
    const known = () => ids.filter((id) => ledger.uploadOf(id, chain) !== undefined).length
    for (const id of ids) {
      ledger.claim(`web/${id}`, id)
      uploadedAs(id)
    }
    expect(known()).toBe(20_100)
    for (const id of ids) ledger.forget(`web/${id}`, 0)
    uploadedAs('new')
    expect(known()).toBe(19_999)
  })
})
