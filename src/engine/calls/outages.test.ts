import { expect, it } from 'vitest'
import { createManualClock } from '../../../test/fakes/manual-clock.ts'
import { Outages } from './outages.ts'

it('namespaces take turns to try, and in each of them the key that waits longest', () => {
  const outages = new Outages(createManualClock(), () => {})
  const meets = (key: string, group: string) =>
    outages.met(key, { failedBefore: true, urgent: false, expiresAt: undefined, group })
  for (let i = 0; i < 50; i++) meets(`evil/${i}`, 'evil')
  meets('web/a', 'web')
  meets('shop/a', 'shop')
  outages.over('shop/a')
  const tried = [1, 2, 3, 4].map(() => outages.nextToTry())
  expect(tried).toEqual(['evil/0', 'web/a', 'evil/1', 'web/a'])
})
