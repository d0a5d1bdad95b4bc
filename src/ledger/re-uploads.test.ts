import { beforeEach, describe, expect, it } from 'vitest'
import { ReUploads } from './re-uploads.ts'

const hour = 3_600_000
const newId = { answered: true, newId: true }
const oldId = { answered: true, newId: false }

let reUploads: ReUploads

beforeEach(() => {
  reUploads = new ReUploads()
})

describe('what is gone is uploaded again', () => {
  it('at once, after six hours, then daily', () => {
    let now = 0
    const due = () => reUploads.dueAt('web/site', 'chain', now) - now
    for (const pause of [0, 6 * hour, 24 * hour, 24 * hour]) {
      expect(due()).toBe(pause)
      now += pause
      expect(due()).toBe(0)
      reUploads.begins('web/site')
      reUploads.ended('web/site', 'chain', newId, now)
    }
  })

  it('one key at a time, until one of them brings a new id', () => {
    reUploads.begins('web/first')
    expect(reUploads.dueAt('web/second', 'other', 0)).toBeGreaterThan(0)
    expect(reUploads.dueAt('web/first', 'chain', 0)).toBe(0)
    reUploads.ended('web/first', 'chain', oldId, 0)
    reUploads.begins('web/third')
    expect(reUploads.dueAt('web/second', 'other', 0)).toBeGreaterThan(0)
    reUploads.ended('web/third', 'third', newId, 0)
    reUploads.begins('web/fourth')
    expect(reUploads.dueAt('web/second', 'other', hour)).toBe(hour)
    expect(reUploads.dueAt('web/second', 'other', hour + 1)).toBeGreaterThan(hour + 1)
  })

  it('one at a time again where the certificates were there all the time', () => {
    reUploads.begins('web/first')
    reUploads.ended('web/first', 'chain', newId, 0)
    reUploads.inVain()
    reUploads.begins('web/second')
    expect(reUploads.dueAt('web/third', 'other', 1)).toBeGreaterThan(1)
  })

  it('without a pause where there was no answer', () => {
    reUploads.begins('web/site')
    reUploads.ended('web/site', 'chain', { answered: false, newId: false }, 0)
    expect(reUploads.dueAt('web/site', 'chain', 1)).toBe(1)
  })

  it('by the next one where the one that tries is deleted', () => {
    reUploads.begins('web/first')
    reUploads.forget('web/first')
    expect(reUploads.dueAt('web/second', 'other', 0)).toBe(0)
  })
})
