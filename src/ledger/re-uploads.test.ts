import { beforeEach, describe, expect, it } from 'vitest'
import { ReUploads } from './re-uploads.ts'

const hour = 3_600_000
const newId = { replaced: true, newId: true }
const oldId = { replaced: true, newId: false }
const inVain = { replaced: false, newId: false }

let reUploads: ReUploads
let woken: string[]

beforeEach(() => {
  woken = []
  reUploads = new ReUploads((keys) => woken.push(...keys))
})

const groupOf = (key: string) => key.split('/', 1)[0] ?? ''
const mayTry = (key: string, now = 0) => reUploads.mayTry(key, now)

/** A key is reconciled that would try: it prepares for that, or waits for its turn. */
function wants(key: string, now = 0): boolean {
  const may = mayTry(key, now)
  if (may) reUploads.prepares(key, now)
  else reUploads.waits(key, groupOf(key), now)
  return may
}

/** A key tries. */
function tries(key: string, ending = inVain, now = 0): void {
  reUploads.begins(key, now)
  reUploads.ended(key, `chain of ${key}`, ending, now)
}

/** The keys that have their turns one after the other; each tries, and so it ends. */
function turns(times: number, ending = inVain, now = 0): string[] {
  const had: string[] = []
  while (had.length < times) {
    const key = woken.shift()
    if (key === undefined) break
    had.push(key)
    expect(wants(key, now)).toBe(true)
    tries(key, ending, now)
  }
  return had
}

describe('what is gone is uploaded again', () => {
  it('at once, after six hours, then daily', () => {
    let now = 0
    const due = () => reUploads.dueAt('chain', { requested: false }, now) - now
    for (const pause of [0, 6 * hour, 24 * hour, 24 * hour]) {
      expect(due()).toBe(pause)
      now += pause
      expect(due()).toBe(0)
      reUploads.begins('web/site', now)
      reUploads.ended('web/site', 'chain', newId, now)
    }
    expect(reUploads.dueAt('chain', { requested: true }, now)).toBe(now)
  })

  it('without a pause where there was no answer', () => {
    reUploads.begins('web/site', 0)
    reUploads.ended('web/site', 'chain', inVain, 0)
    expect(reUploads.dueAt('chain', { requested: false }, 1)).toBe(1)
  })

  it('one key at a time, until one of them brings a new id', () => {
    reUploads.begins('web/first', 0)
    expect([mayTry('web/second'), mayTry('web/first')]).toEqual([false, true])
    reUploads.ended('web/first', 'chain', oldId, 0)
    reUploads.begins('web/third', 0)
    expect(mayTry('web/second')).toBe(false)
    reUploads.ended('web/third', 'third', newId, 0)
    reUploads.begins('web/fourth', hour)
    expect([mayTry('web/second', hour), mayTry('web/second', hour + 1)]).toEqual([true, false])
  })

  it('by all that wait as soon as one of them brought a new id', () => {
    for (const key of ['web/a', 'web/b', 'shop/a', 'blog/a']) wants(key)
    tries('web/a', newId)
    expect(woken).toEqual(['web/b', 'shop/a', 'blog/a'])
    expect(woken.map((key) => mayTry(key))).toEqual([true, true, true])
  })

  it('one at a time again where the certificates were there all the time', () => {
    tries('web/first', newId)
    reUploads.distrustLookups()
    reUploads.begins('web/second', 1)
    expect(mayTry('web/third', 1)).toBe(false)
  })
})

describe('the turn', () => {
  it('is taken before the call: nobody else asks for a permit meanwhile', () => {
    expect([wants('web/a'), wants('web/b'), wants('shop/a')]).toEqual([true, false, false])
    expect(woken).toEqual([])
  })

  it('goes by namespaces, however many keys one of them has', () => {
    for (let i = 0; i < 100; i++) wants(`evil/${i}`)
    for (const key of ['web/a', 'web/b', 'shop/a']) wants(key)
    tries('evil/0')
    expect(turns(6)).toEqual(['evil/1', 'web/a', 'shop/a', 'evil/2', 'web/b', 'evil/3'])
  })

  it('is given to one key at a time: it is woken when the one before has ended', () => {
    for (const key of ['web/a', 'web/b', 'web/c']) wants(key)
    reUploads.begins('web/a', 0)
    expect(woken).toEqual([])
    reUploads.ended('web/a', 'chain', inVain, 0)
    expect(woken).toEqual(['web/b'])
    expect([mayTry('web/b'), mayTry('web/c'), mayTry('web/late')]).toEqual([true, false, false])
  })

  it('comes to a key that tried in vain after all others that wait, for a minute', () => {
    wants('evil/0')
    wants('web/a')
    tries('evil/0')
    wants('evil/0', 1_000)
    for (const key of ['web/b', 'evil/1', 'evil/2']) wants(key, 2_000)
    expect(turns(5, inVain, 3_000)).toEqual(['web/a', 'web/b', 'evil/1', 'evil/2', 'evil/0'])
  })

  it('comes to it like to any other when the minute is over', () => {
    tries('shop/a')
    reUploads.begins('web/first', 30_000)
    for (const now of [59_999, 60_000]) wants('shop/a', now)
    wants('web/b', 60_000)
    reUploads.ended('web/first', 'chain', inVain, 60_000)
    expect(woken).toEqual(['shop/a'])
  })

  it('is kept by a lone key, however often it tries in vain', () => {
    for (let i = 0; i < 10; i++) {
      expect(wants('web/a', i * 1_000)).toBe(true)
      tries('web/a', inVain, i * 1_000)
      reUploads.leaves('web/a', i * 1_000)
    }
    expect(woken).toEqual([])
  })

  it.each<[string, (key: string) => void]>([
    ['is deleted', (key) => reUploads.forget(key, 0)],
    ['is paused, held at the gate or in its back-off', (key) => reUploads.leaves(key, 0)],
  ])('is handed over by a key that %s', (_, happens) => {
    for (const key of ['web/a', 'web/b', 'web/c', 'web/d']) wants(key)
    happens('web/c')
    happens('web/a')
    expect(woken).toEqual(['web/b'])
    happens('web/b')
    expect(woken).toEqual(['web/b', 'web/d'])
  })

  it('is handed over by a key that is deleted while it tries, or whose call is given up', () => {
    for (const key of ['web/a', 'web/b', 'web/c']) wants(key)
    reUploads.begins('web/a', 0)
    reUploads.forget('web/a', 0)
    reUploads.begins('web/b', 0)
    reUploads.abandoned('web/b', 0)
    expect(woken).toEqual(['web/b', 'web/c'])
  })

  it('goes to the next one when no use is made of it for half a minute', () => {
    for (const key of ['web/a', 'web/b', 'web/c']) wants(key)
    wants('web/b', 29_999)
    expect(woken).toEqual([])
    wants('web/c', 30_000)
    expect(woken).toEqual(['web/b'])
  })

  it('goes to the next one as well when the key that has it wants to try still', () => {
    for (const key of ['web/a', 'web/b', 'web/c']) wants(key)
    expect(reUploads.turnEndsAt('web/a', 10_000)).toBe(30_000)
    wants('web/a', 29_999)
    expect(woken).toEqual([])
    wants('web/a', 30_000)
    expect(woken).toEqual(['web/b'])
    expect(reUploads.turnEndsAt('web/a', 30_000)).toBeUndefined()
    wants('web/a', 60_000)
    expect(woken).toEqual(['web/b', 'web/c'])
  })

  it('is not lost by a key that waits long for its permit: it tries when it has one, but not beside another', () => {
    for (const key of ['web/a', 'web/b']) wants(key)
    expect(wants('web/b', 30_000)).toBe(true)
    reUploads.begins('web/b', 40_000)
    expect(mayTry('web/a', 40_000)).toBe(false)
    reUploads.ended('web/b', 'chain', inVain, 41_000)
    expect(mayTry('web/a', 41_000)).toBe(true)
  })
})
