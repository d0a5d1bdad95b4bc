import { expect, test } from 'vitest'
import { help, readArguments } from './arguments.ts'

test('without options the demo plays and ends', () => {
  expect(readArguments([])).toMatchObject({ keep: false, plain: false, help: false })
})

test('every option is understood', () => {
  expect(readArguments(['--keep', '--plain', '--help'])).toMatchObject({
    keep: true,
    plain: true,
    help: true,
  })
})

test('an option that does not exist is named', () => {
  expect(() => readArguments(['--kep'])).toThrow('--kep')
})

test('the help explains every option, in 80 columns', () => {
  for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  for (const option of Object.keys(readArguments([]))) expect(help).toContain(`--${option}`)
})
