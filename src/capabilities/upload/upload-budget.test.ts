import { describe, expect, it } from 'vitest'
import { UploadBudget } from './upload-budget.ts'

const key = 'web/site'
const hour = 3_600_000
const now = Date.UTC(2026, 0, 1)

describe('the upload budget of a Secret', () => {
  it('is free until it is used up, and again when the oldest upload is an hour ago', () => {
    const budget = new UploadBudget(2, hour)
    budget.spend(key, 'one', now)
    expect(budget.freeAt(key, 'two', now + 1)).toBeUndefined()
    budget.spend(key, 'two', now + 60_000)
    expect(budget.freeAt(key, 'three', now + 60_001)).toBe(now + hour)
    expect(budget.freeAt(key, 'three', now + hour - 1)).toBe(now + hour)
    expect(budget.freeAt(key, 'three', now + hour)).toBeUndefined()
    budget.spend(key, 'three', now + hour)
    expect(budget.freeAt(key, 'four', now + hour)).toBe(now + 60_000 + hour)
  })

  it('is not spent by another attempt with the same chain', () => {
    const budget = new UploadBudget(1, hour)
    for (let i = 0; i < 5; i++) budget.spend(key, 'one', now + i)
    expect(budget.freeAt(key, 'one', now + 5)).toBeUndefined()
    expect(budget.freeAt(key, 'two', now + 5)).toBe(now + hour)
  })

  it('is its own', () => {
    const budget = new UploadBudget(1, hour)
    budget.spend(key, 'one', now)
    expect(budget.freeAt('web/other', 'two', now)).toBeUndefined()
  })

  it('holds for thousands of Secrets, of which the old ones are forgotten', () => {
    const budget = new UploadBudget(1, hour)
    for (let i = 0; i < 3_000; i++) budget.spend(`web/${i}`, 'one', now + i)
    expect(budget.freeAt('web/2999', 'two', now + 3_000)).toBe(now + 2_999 + hour)
    expect(budget.freeAt('web/0', 'two', now + hour)).toBeUndefined()
  })
})
