import { describe, expect, it } from 'vitest'
import { clusterTag } from '../contract/ownership.ts'
import type { ObjectKey } from '../ports/secrets.ts'
import type { CertificatePage, CertificateQuery, RemoteCertificate, Tag } from '../ports/ssl-service.ts'
import type { DoubtReason } from './account-doubt.ts'
import { Inventory } from './inventory.ts'
import { goneAfterMs, Ledger } from './ledger.ts'

const minute = 60_000
const hour = 60 * minute

/** An inventory of an account, asked and answered by hand. */
class Account {
  readonly woken: ObjectKey[] = []
  readonly doubts: DoubtReason[] = []
  readonly ledger = new Ledger(
    (keys) => this.woken.push(...keys),
    ({ why }) => this.doubts.push(why),
    'test',
  )
  readonly inventory = new Inventory({
    ledger: this.ledger,
    cluster: 'test',
    intervalMs: hour,
    keys: () => this.secrets,
    random: () => 0.5,
  })
  secrets: ObjectKey[] = []
  certificates: RemoteCertificate[] = []
  pageSize = 500
  now = 0
  readonly queries: CertificateQuery[] = []

  /** A Secret whose status names an id. */
  claim(key: ObjectKey, id: string): void {
    this.secrets.push(key)
    this.ledger.claim(key, id)
  }

  hold(certificateId: string, secret?: string, ownerUin?: string): void {
    const tags: Tag[] =
      secret === undefined ? [] : [clusterTag('test'), { key: 'cert-sync/secret', value: secret }]
    const dates = { notBefore: undefined, notAfter: undefined }
    this.certificates.push({ certificateId, alias: '', type: 'SVR', domain: '', ...dates, tags, ownerUin })
  }

  /** Goes on until the inventory waits; until when. */
  run(answer = (query: CertificateQuery) => this.page(query)): number {
    for (let steps = 0; steps < 1_000; steps++) {
      const step = this.inventory.next(this.now)
      if (step.kind === 'Wait') return step.until
      if (step.kind === 'Learn') {
        this.inventory.learn(this.now)
        continue
      }
      this.queries.push(step.query)
      const page = answer(step.query)
      if (page) this.inventory.answered(step.query, page, this.now)
      else this.inventory.refused(step.query, this.now)
    }
    throw new Error('the inventory has no end')
  }

  page(query: CertificateQuery): CertificatePage | undefined {
    const all = this.certificates.filter(({ certificateId, tags }) =>
      query.by === 'ids' ? query.ids.includes(certificateId) : tags.length > 0,
    )
    const offset = query.by === 'ids' ? 0 : query.offset
    const certificates = all.slice(offset, offset + this.pageSize)
    return { certificates, entries: certificates.length, total: all.length }
  }
}

describe('an inventory', () => {
  it('lists page by page, learns in parts, and waits for the next interval', () => {
    const account = new Account()
    for (let i = 0; i < 1_200; i++) account.hold(`id${i}`, `web/${i}`)
    expect(account.run()).toBe(hour)
    expect(account.queries.map((it) => 'offset' in it && it.offset)).toEqual([0, 500, 1_000])
    expect(account.ledger.ownershipOf('id1199')?.secret).toBe('web/1199')
    account.now = hour
    expect(account.run()).toBe(2 * hour)
  })

  it('counts the certificates by what they are to the Secrets', () => {
    const account = new Account()
    expect(account.inventory.counts).toBeUndefined()
    account.claim('web/a', 'current')
    account.claim('web/b', 'by-hand')
    account.claim('web/c', 'gone')
    account.hold('current', 'web/a')
    account.hold('old', 'web/a')
    account.hold('left', 'web/of-nobody')
    account.hold('by-hand')
    account.hold('foreign')
    account.run()
    expect(account.inventory.counts).toEqual({ current: 1, superseded: 1, orphaned: 1, unowned: 1 })
  })

  it('looks up what the listing lacks, a hundred at a time', () => {
    const account = new Account()
    for (let i = 0; i < 250; i++) {
      account.claim(`web/${i}`, `id${i}`)
      account.hold(`id${i}`)
    }
    account.run()
    const sizes = account.queries.flatMap((it) => (it.by === 'ids' ? [it.ids.length] : []))
    expect(sizes).toEqual([100, 100, 50])
    expect(account.inventory.counts?.unowned).toBe(250)
  })

  it('learns nothing of a listing whose total changes, makes it again in a minute, and not for ever', () => {
    const account = new Account()
    account.pageSize = 1
    account.claim('web/a', 'a')
    for (const id of ['a', 'b']) account.hold(id, `web/${id}`)
    const changing = (query: CertificateQuery) => {
      const page = account.page(query)
      return page && query.by === 'tags' ? { ...page, total: 2 + query.offset } : page
    }
    const waits: number[] = []
    for (let i = 0; i < 4; i++) {
      account.now = account.run(changing)
      waits.push(account.now)
    }
    expect(waits).toEqual([minute, 2 * minute, 3 * minute, 3 * minute + hour])
    expect(account.ledger.ownershipOf('b')).toBeUndefined()
    expect(account.queries.every((it) => it.by === 'tags')).toBe(true)
    expect(account.inventory.counts).toBeUndefined()
  })

  it('begins the listing anew whose pages are too far apart', () => {
    const account = new Account()
    account.hold('a', 'web/a')
    const first = account.inventory.next(0)
    account.now = 11 * minute
    expect(account.inventory.next(account.now)).toEqual(first)
    expect(account.run()).toBe(11 * minute + hour)
  })
})

describe('an id that nobody finds', () => {
  function missing(): Account {
    const account = new Account()
    account.claim('web/a', 'a')
    account.claim('web/b', 'b')
    account.hold('b', 'web/b')
    return account
  }

  it('is looked up again ten minutes later, and is gone then for whoever names it', () => {
    const account = missing()
    expect(account.run()).toBe(goneAfterMs)
    expect(account.ledger.isGone('a')).toBe(false)
    account.now = goneAfterMs
    expect(account.run()).toBe(hour)
    expect(account.ledger.isGone('a')).toBe(true)
    expect(account.woken).toEqual(['web/a'])
    expect(account.queries.map((it) => it.by)).toEqual(['tags', 'ids', 'ids'])
  })

  it('is not gone when the second look-up finds it', () => {
    const account = missing()
    account.run()
    account.now = goneAfterMs
    account.hold('a')
    account.run()
    expect(account.ledger.isGone('a')).toBe(false)
    expect(account.woken).toEqual([])
  })

  it('is not gone where the answer is not whole', () => {
    const account = missing()
    const cut = (query: CertificateQuery) => {
      const page = account.page(query)
      return page && query.by === 'ids' ? { ...page, total: 5 } : page
    }
    for (account.now = 0; account.now < 3 * hour; account.now += goneAfterMs) account.run(cut)
    expect(account.ledger.isGone('a')).toBe(false)
  })

  it('is asked for alone where the service refuses the others because of it', () => {
    const account = new Account()
    for (let i = 0; i < 60; i++) {
      account.claim(`web/${i}`, `id${i}`)
      if (i !== 7) account.hold(`id${i}`)
    }
    for (let calls = 0; calls < 100; calls++) {
      const step = account.inventory.next(0)
      if (step.kind === 'Wait') break
      if (step.kind === 'Learn') account.inventory.learn(0)
      else if (step.query.by === 'ids' && step.query.ids.length > 1 && step.query.ids.includes('id7')) {
        expect(account.inventory.narrow(step.query)).toBe(true)
      } else {
        account.inventory.answered(step.query, account.page(step.query) as CertificatePage, 0)
      }
    }
    expect(account.ledger.nextSuspectAt(0)).toBe(goneAfterMs)
    expect(account.inventory.counts?.unowned).toBe(59)
  })
})

describe('a service that refuses', () => {
  it('listings by tag is asked for every id on record instead; nothing is counted', () => {
    const account = new Account()
    account.claim('web/a', 'a')
    account.hold('a')
    expect(account.run((query) => (query.by === 'tags' ? undefined : account.page(query)))).toBe(hour)
    expect(account.queries.map((it) => it.by)).toEqual(['tags', 'ids'])
    expect(account.inventory.counts).toBeUndefined()
  })

  it('everything is asked again at the next interval only', () => {
    const account = new Account()
    account.claim('web/a', 'a')
    expect(account.run(() => undefined)).toBe(hour)
    expect(account.queries.map((it) => it.by)).toEqual(['tags', 'ids'])
    expect(account.doubts).toEqual([])
  })
})

describe('an account', () => {
  it('that shows none of two ids on record is another one; nothing in it is gone', () => {
    const account = new Account()
    account.claim('web/a', 'a')
    account.claim('web/b', 'b')
    account.run()
    expect(account.doubts).toEqual(['NoneFound'])
    expect(account.ledger.isAnotherAccount).toBe(true)
    for (; account.now < 5 * hour; account.now += goneAfterMs) account.run()
    expect(account.woken).toEqual([])
    expect(account.doubts).toHaveLength(1)
  })

  it('is doubted once in a process, and once more with new credentials', () => {
    const account = new Account()
    account.claim('web/a', 'a')
    account.claim('web/b', 'b')
    account.run()
    account.ledger.trustAccount()
    account.now = hour
    account.run()
    expect(account.doubts).toHaveLength(1)
    account.now += minute
    account.inventory.credentialsChanged(account.now)
    account.run()
    expect(account.doubts).toHaveLength(2)
  })

  it('is the right one where this process uploaded to it, although it lists late', () => {
    const account = new Account()
    account.claim('web/a', 'a')
    account.claim('web/b', 'b')
    const upload = {
      by: 'web/a',
      own: false,
      repeated: false,
      request: undefined,
      settings: '',
      rung: 'Nothing',
      account: 'Nothing',
    } as const
    account.ledger.learnUploaded('a', 'SVR:a', 0, { ...upload, refusedWith: undefined }, 0)
    account.run()
    expect(account.doubts).toEqual([])
  })

  it('whose owner changes is another one', () => {
    const account = new Account()
    account.hold('a', 'web/a', '1')
    account.run()
    account.certificates = []
    account.hold('a', 'web/a', '2')
    account.now = hour
    account.run()
    expect(account.doubts).toEqual(['OwnerChanged'])
  })
})

describe('a listing', () => {
  it('says nothing of what a look-up found out since it began', () => {
    const account = new Account()
    account.claim('web/a', 'a')
    account.hold('a', 'web/a')
    account.now = 1
    const step = account.inventory.next(0)
    if (step.kind !== 'Call') throw new Error('no call')
    account.inventory.answered(step.query, account.page(step.query) as CertificatePage, 1)
    account.ledger.learnAbsent('a', { requested: true }, 2)
    account.inventory.learn(3)
    expect(account.ledger.isGone('a')).toBe(true)
  })
})
