import { expect, it } from 'vitest'
import { createManualClock } from '../../../test/fakes/manual-clock.ts'
import { SyncLag } from './sync-lag.ts'

it('the oldest change that is not synced counts, from its first change on', async () => {
  const clock = createManualClock()
  const ages = new SyncLag(clock)
  expect(ages.oldestMs()).toBe(0)

  ages.changed('web/a')
  await clock.advance(1_000)
  ages.changed('web/b')
  ages.changed('web/a')
  await clock.advance(1_000)
  expect(ages.oldestMs()).toBe(2_000)

  ages.settled('web/a')
  expect(ages.oldestMs()).toBe(1_000)
  ages.settled('web/a')
  ages.settled('web/b')
  expect(ages.oldestMs()).toBe(0)
})
