import { expect, test } from 'vitest'
import { help, readArguments } from './arguments.ts'

test('flags are read, and none is needed', () => {
  expect(readArguments([])).toEqual({ help: false, keep: false })
  expect(readArguments(['--keep', '--only', 'ha', '--promise', 'budget'])).toEqual({
    ...{ help: false, keep: true, only: 'ha', promise: 'budget' },
  })
})

test('an unknown flag is refused by its name', () => {
  expect(() => readArguments(['--onyl', 'ha'])).toThrow('--onyl')
})

test('the help names every flag and every place', () => {
  for (const word of [
    '--only',
    '--promise',
    '--keep',
    '--help',
    'local',
    'kind',
    'existing',
    'E2E_CLUSTER',
  ]) {
    expect(help).toContain(word)
  }
})
