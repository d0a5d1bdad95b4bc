import { describe, expect, it } from 'vitest'
import { clusterTag } from '../contract/ownership.ts'
import type { ObjectKey } from '../ports/secrets.ts'
import type { CertificatePage, CertificateQuery, RemoteCertificate, Tag } from '../ports/ssl-service.ts'
import type { DoubtReason } from './account-doubt.ts'
import { goneAfterMs } from './entry.ts'
import { Inventory } from './inventory.ts'
import { Ledger } from './ledger.ts'
import { findGone } from './testing/find-gone.ts'
import { plainUpload } from './testing/plain-upload.ts'
import { remoteCertificate } from './testing/remote-certificate.ts'

const minute = 60_000
const hour = 60 * minute

type Answer = CertificatePage | 'unanswered' | 'refused' | 'denied'

/** An inventory of an account, asked and answered by hand. */
class Account {
  readonly woken: ObjectKey[] = []
  readonly doubts: DoubtReason[] = []
  readonly ledger = new Ledger({
    wake: (keys) => this.woken.push(...keys),
    onDoubt: ({ why }) => this.doubts.push(why),
    cluster: 'test',
  })
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
    this.certificates.push(remoteCertificate(certificateId, { tags, ownerUin }))
  }

  /** Goes on until the inventory waits; until when. */
  run(answer: (query: CertificateQuery) => Answer = (query) => this.page(query)): number {
    for (let steps = 0; steps < 1_000; steps++) {
      const step = this.inventory.next(this.now)
      if (step.kind === 'Wait') return step.until
      if (step.kind === 'Learn') {
        this.inventory.learn(this.now)
        continue
      }
      this.queries.push(step.query)
      const page = answer(step.query)
      if (typeof page !== 'string') this.inventory.answered(step.query, page, this.now)
      else this.inventory[page](step.query, this.now)
    }
    throw new Error('the inventory has no end')
  }

  /** An inventory, and another one a minute later: what is missed twice speaks of the account. */
  judge(answer?: (query: CertificateQuery) => Answer): void {
    this.run(answer)
    this.now += minute
    this.run(answer)
  }

  page(query: CertificateQuery): CertificatePage {
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

  it('takes what the pages of an inconsistent listing show for true, and looks up the rest', () => {
    const account = new Account()
    account.pageSize = 1
    for (const id of ['a', 'b', 'gone', 'passed-over']) account.claim(`web/${id}`, id)
    for (const id of ['a', 'b', 'passed-over']) account.hold(id, `web/${id}`)
    const changing = (query: CertificateQuery) => {
      const page = account.page(query)
      return query.by === 'tags' ? { ...page, total: query.offset === 0 ? 3 : 2 } : page
    }
    expect(account.run(changing)).toBe(goneAfterMs)
    expect(account.queries.filter((it) => it.by === 'ids')).toEqual([
      { by: 'ids', ids: ['gone', 'passed-over'] },
    ])
    expect(account.ledger.ownershipOf('passed-over')?.secret).toBe('web/passed-over')
    account.now = goneAfterMs
    account.run(changing)
    expect(['a', 'b', 'gone', 'passed-over'].filter((id) => account.ledger.isGone(id))).toEqual(['gone'])
  })

  it('counts nothing where the listing is inconsistent, and goes on saying what the last one counted', () => {
    const account = new Account()
    account.claim('web/a', 'a')
    account.hold('a', 'web/a')
    account.run()
    account.hold('b', 'web/b')
    account.now = hour
    account.run((query) => ({ ...account.page(query), total: undefined }))
    expect(account.inventory.counts).toEqual({ current: 1, superseded: 0, orphaned: 0, unowned: 0 })
  })

  it('ends where a certificate comes with every page', () => {
    const account = new Account()
    account.pageSize = 2
    for (let i = 0; i < 40; i++) account.hold(`id${i}`, `web/${i}`)
    account.claim('web/gone', 'gone')
    let come = 0
    account.run((query) => {
      account.certificates.unshift(remoteCertificate(`new${come++}`, { tags: [clusterTag('test')] }))
      return account.page(query)
    })
    expect(account.ledger.absence.nextSuspectAt(0)).toBe(goneAfterMs)
  })

  it('goes on with a listing whose pages are far apart', () => {
    const account = new Account()
    account.pageSize = 1
    for (const id of ['a', 'b', 'c']) account.hold(id, 'web/a')
    account.run((query) => {
      if (account.queries.length <= 2) account.now += 25 * minute
      return account.page(query)
    })
    expect(account.inventory.counts?.orphaned).toBe(3)
    expect(account.queries.slice(0, 3).map((it) => 'offset' in it && it.offset)).toEqual([0, 1, 2])
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

  it('is not gone when the second lookup finds it', () => {
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
      return query.by === 'ids' ? { ...page, total: 5 } : page
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
    account.run((query) =>
      query.by === 'ids' && query.ids.length > 1 && query.ids.includes('id7')
        ? 'refused'
        : account.page(query),
    )
    expect(account.ledger.absence.nextSuspectAt(0)).toBe(goneAfterMs)
    expect(account.inventory.counts?.unowned).toBe(59)
  })
})

describe('an id that the service has no answer for', () => {
  function withOdd(): Account {
    const account = new Account()
    account.claim('a/odd', 'odd')
    for (let i = 0; i < 10; i++) account.claim(`b/${i}`, `id${i}`)
    for (let i = 0; i < 9; i++) account.hold(`id${i}`)
    return account
  }

  const isOdd = (query: CertificateQuery) => query.by === 'ids' && query.ids.includes('odd')

  it('is passed; the others are looked up, and the inventory ends', () => {
    const account = withOdd()
    expect(account.run((query) => (isOdd(query) ? 'unanswered' : account.page(query)))).toBe(goneAfterMs)
    expect(account.inventory.passed).toBe(1)
    expect(account.inventory.counts?.unowned).toBe(9)
    account.now = goneAfterMs
    account.run((query) => (isOdd(query) ? 'unanswered' : account.page(query)))
    expect(account.woken).toEqual(['b/9'])
    expect(account.ledger.isGone('odd')).toBe(false)
  })

  it('does not put off the second lookup of others', () => {
    const account = new Account()
    for (const namespace of ['evil', 'vile']) {
      for (let i = 0; i < 99; i++) account.claim(`${namespace}/${i}`, `odd-${namespace}${i}`)
    }
    account.claim('web/a', 'a')
    let goneAt = Number.POSITIVE_INFINITY
    account.run((query) => {
      account.now += 20_000
      if (account.ledger.isGone('a')) goneAt = Math.min(goneAt, account.now)
      const hasOdd = query.by === 'ids' && query.ids.some((id) => id.startsWith('odd'))
      return hasOdd ? 'unanswered' : account.page(query)
    })
    expect(goneAt).toBeLessThan(15 * minute)
    expect(account.now).toBeGreaterThan(20 * minute)
  })

  it('is looked up again with the next inventory', () => {
    const account = withOdd()
    account.run((query) => (isOdd(query) ? 'unanswered' : account.page(query)))
    account.now = hour
    account.queries.length = 0
    account.run()
    expect(account.queries.filter(isOdd)).toHaveLength(1)
    expect(account.inventory.passed).toBe(0)
  })

  it('says nothing of the account, whoever writes many of them down', () => {
    const account = new Account()
    for (let i = 0; i < 300; i++) account.claim(`a/${i}`, `odd${i}`)
    account.run((query) => (query.by === 'ids' ? 'unanswered' : account.page(query)))
    expect(account.inventory.passed).toBe(300)
    expect(account.doubts).toEqual([])
    account.now = hour
    account.judge()
    expect(account.doubts).toEqual(['NoneFound'])
  })
})

describe('a service that has no answer', () => {
  it('is asked on, an inventory each interval, and nothing is gone', () => {
    const account = new Account()
    for (let i = 0; i < 250; i++) {
      account.claim(`web${i % 2}/${i}`, `id${i}`)
      account.hold(`id${i}`)
    }
    const recoversAt = 5.5 * hour
    account.run((query) => {
      account.now += minute
      return account.now > recoversAt ? account.page(query) : 'unanswered'
    })
    const begins = account.queries.filter(
      (query, i) => query.by === 'tags' && account.queries[i - 1]?.by !== 'tags',
    )
    expect(begins).toHaveLength(6)
    expect(account.inventory.passed).toBe(0)
    expect(account.ledger.claimedIds().filter((id) => !account.ledger.isSeenSince(id, recoversAt))).toEqual(
      [],
    )
  })

  it('to a page for ten minutes is asked for the ids that were not listed', () => {
    const account = new Account()
    account.pageSize = 1
    for (const id of ['a', 'b', 'c']) {
      account.claim(`web/${id}`, id)
      account.hold(id, `web/${id}`)
    }
    account.run((query) => {
      if (query.by === 'ids' || query.offset === 0) return account.page(query)
      account.now += minute
      return 'unanswered'
    })
    expect(account.now).toBe(10 * minute)
    expect(account.queries.at(-1)).toEqual({ by: 'ids', ids: ['c'] })
  })
})

describe('a service that refuses', () => {
  it('listings by tag is asked for every id on record instead; nothing is counted', () => {
    const account = new Account()
    account.claim('web/a', 'a')
    account.hold('a')
    expect(account.run((query) => (query.by === 'tags' ? 'denied' : account.page(query)))).toBe(hour)
    expect(account.queries.map((it) => it.by)).toEqual(['tags', 'ids'])
    expect(account.inventory.counts).toBeUndefined()
  })

  it('everything is asked again at the next interval only', () => {
    const account = new Account()
    account.claim('web/a', 'a')
    expect(account.run(() => 'denied')).toBe(hour)
    expect(account.queries.map((it) => it.by)).toEqual(['tags', 'ids'])
    expect(account.doubts).toEqual([])
  })
})

describe('an inventory is overdue', () => {
  type Respond = (query: CertificateQuery, account: Account) => Answer

  /** Whether it is after so many hours in which the account responds so, with one of two ids on record. */
  function isOverdueAfter(hours: number, respond: Respond): boolean {
    const account = new Account()
    for (const id of ['a', 'b']) account.claim(`web/${id}`, id)
    account.hold('a', 'web/a')
    const end = hours * hour
    while (account.now < end) {
      const waitsUntil = account.run((query) => (account.now < end ? respond(query, account) : 'denied'))
      account.now = Math.max(account.now, waitsUntil)
    }
    return account.inventory.isOverdue(0, end)
  }

  const silence: Respond = (_, account) => {
    account.now += minute
    return 'unanswered'
  }

  it.each<[string, number, boolean, Respond]>([
    ['three intervals without an answer', 3.1, true, silence],
    ['less than three intervals without an answer', 2.9, false, silence],
    ['three intervals in which every call is refused', 3.1, true, () => 'denied'],
    ['lists that are refused', 9.5, false, (it, by) => (it.by === 'tags' ? 'refused' : by.page(it))],
    ['lookups that are refused', 9.5, false, (it, by) => (it.by === 'ids' ? 'refused' : by.page(it))],
    ['answers', 9.5, false, (it, by) => by.page(it)],
  ])('after %s: %s hours, %s', (_, hours, overdue, respond) => {
    expect(isOverdueAfter(hours, respond)).toBe(overdue)
  })

  it('no earlier than an hour after the process began to make them, however short the interval', () => {
    const { ledger } = new Account()
    const inventory = new Inventory({ ledger, cluster: 'test', intervalMs: minute, keys: () => [] })
    const since = 5 * hour
    const overdue = [0, 1].map((ms) => inventory.isOverdue(since, since + hour + ms))
    expect(overdue).toEqual([false, true])
  })
})

describe('an account', () => {
  it('that shows none of the ids on record is another one; nothing in it is gone', () => {
    const account = new Account()
    for (const key of ['a/1', 'a/2', 'b/1', 'b/2']) account.claim(key, key)
    account.judge()
    expect(account.doubts).toEqual(['NoneFound'])
    expect(account.ledger.account.isWholeDoubted).toBe(true)
    for (; account.now < 5 * hour; account.now += goneAfterMs) account.run()
    expect(account.woken).toEqual([])
    expect(account.doubts).toHaveLength(1)
  })

  it('is doubted once in a process, and once more with new credentials', () => {
    const account = new Account()
    account.claim('web/a', 'a')
    account.claim('web/b', 'b')
    account.judge()
    account.ledger.trustAccount()
    account.now = hour
    account.judge()
    expect(account.doubts).toHaveLength(1)
    account.now += minute
    account.ledger.credentialsChanged(account.now)
    account.inventory.credentialsChanged(account.now)
    account.judge()
    expect(account.doubts).toHaveLength(2)
  })

  it('is not another one because it lists late what this process uploaded to it', () => {
    const account = new Account()
    account.claim('web/a', 'a')
    account.claim('web/b', 'b')
    account.ledger.learnUploaded('a', 'SVR:a', 0, { ...plainUpload, by: 'web/a' }, 0)
    for (; account.now < hour; account.now += minute) account.run()
    expect(account.doubts).toEqual([])
  })

  it('that shows ids on record when they are looked up again a minute later is the right one', () => {
    const account = new Account()
    for (const key of ['a/1', 'a/2', 'b/1', 'b/2']) account.claim(key, key)
    expect(account.run()).toBe(minute)
    for (const key of ['a/1', 'a/2', 'b/1', 'b/2']) account.hold(key)
    account.now = minute
    expect(account.run()).toBe(minute + hour)
    expect(account.doubts).toEqual([])
  })

  it('is judged before anything in it is gone, although odd ids keep the inventory from its end', () => {
    const account = new Account()
    for (const namespace of ['evil', 'vile']) {
      for (let i = 0; i < 99; i++) account.claim(`${namespace}/${i}`, `odd-${namespace}${i}`)
    }
    for (const key of ['a/1', 'a/2', 'b/1', 'b/2']) account.claim(key, key)
    account.run((query) => {
      account.now += 20_000
      const hasOdd = query.by === 'ids' && query.ids.some((id) => id.startsWith('odd'))
      return hasOdd ? 'unanswered' : account.page(query)
    })
    expect(account.now).toBeGreaterThan(20 * minute)
    expect([account.doubts, account.woken]).toEqual([['NoneFound'], []])
  })

  it('is judged whoever keeps making up ids', () => {
    const account = new Account()
    for (const key of ['a/1', 'a/2', 'b/1', 'b/2']) account.claim(key, key)
    for (let i = 0; account.now < 10 * minute; i++, account.now += minute) {
      account.claim(`evil/${i}`, `new${i}`)
      account.run()
    }
    expect(account.ledger.account.isWholeDoubted).toBe(true)
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
  it('says nothing of what a lookup found out since it began', () => {
    const account = new Account()
    account.claim('web/a', 'a')
    account.hold('a', 'web/a')
    account.now = 1
    const step = account.inventory.next(0)
    if (step.kind !== 'Call') throw new Error('no call')
    account.inventory.answered(step.query, account.page(step.query), 1)
    findGone(account.ledger, 'a', 2)
    account.inventory.learn(3)
    expect(account.ledger.isGone('a')).toBe(true)
  })
})
