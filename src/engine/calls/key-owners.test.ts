import { expect, test } from 'vitest'
import type { CallPermit } from './call-permit.ts'
import { type KeyOwner, KeyOwners } from './key-owners.ts'

const permit: CallPermit = { action: 'DescribeCertificates', call: (work) => work(AbortSignal.abort()) }

test('whoever owns a key is served and woken in its name, once, and in the order of its keys', async () => {
  const calls: unknown[] = []
  const owner = (name: string): KeyOwner => ({
    serve: async (key) => void calls.push([name, key]),
    wakeAtOnce: (keys, why) => calls.push([name, [...keys], why]),
  })
  const owners = new KeyOwners(owner('secrets'), [
    ['~one', owner('one')],
    ['~many', owner('many')],
  ])
  await owners.serve('web/site', permit)
  await owners.serve('~one', permit)
  await owners.serve('~many/cert1', permit)
  owners.wakeAtOnce(['web/b', '~many/cert2', 'web/a', '~many/cert1'], 'ServiceAnswers')
  expect(calls).toEqual([
    ['secrets', 'web/site'],
    ['one', '~one'],
    ['many', '~many/cert1'],
    ['secrets', ['web/b', 'web/a'], 'ServiceAnswers'],
    ['many', ['~many/cert2', '~many/cert1'], 'ServiceAnswers'],
  ])
})
