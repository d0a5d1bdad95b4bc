import { beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, type ManualClock } from '../../../test/fakes/manual-clock.ts'
import { WriteBudget } from './write-budget.ts'

const key = 'web/site'

let clock: ManualClock
let budget: WriteBudget

beforeEach(() => {
  clock = createManualClock()
  budget = new WriteBudget(clock)
})

function takeAll(): void {
  for (let i = 0; i < 6; i++) expect(budget.take(key)).toBe(0)
}

describe('the status writes of a Secret', () => {
  it('are six, then one every 20 s', async () => {
    takeAll()
    expect(budget.take(key)).toBe(20_000)
    await clock.advance(5_000)
    expect(budget.take(key)).toBe(15_000)
    await clock.advance(15_000)
    expect(budget.take(key)).toBe(0)
    expect(budget.take(key)).toBe(20_000)
  })

  it('are at most ten in a minute of asking all the time', async () => {
    let writes = 0
    for (let ms = 0; ms <= 60_000; ms += 500) {
      if (budget.take(key) === 0) writes++
      await clock.advance(500)
    }
    expect(writes).toBeLessThanOrEqual(10)
    expect(writes).toBeGreaterThanOrEqual(9)
  })

  it('are six again after two minutes of rest, and no more after a day', async () => {
    takeAll()
    await clock.advance(120_000)
    takeAll()
    await clock.advance(86_400_000)
    takeAll()
    expect(budget.take(key)).toBe(20_000)
  })

  it('are given back where the API server did not take one', () => {
    takeAll()
    budget.giveBack(key)
    expect(budget.take(key)).toBe(0)
    expect(budget.take(key)).toBe(20_000)
  })

  it("are a Secret's own, however many Secrets there are", () => {
    takeAll()
    for (let i = 0; i < 5_000; i++) expect(budget.take(`web/other-${i}`)).toBe(0)
    expect(budget.take(key)).toBe(20_000)
  })
})
