import { styleText } from 'node:util'
import { expect, test } from 'vitest'
import { readSpans } from './ansi-spans.ts'

type Format = Parameters<typeof styleText>[0]
const paint = (format: Format, text: string) => styleText(format, text, { validateStream: false })

test('a line without styles is one span', () => {
  expect(readSpans('3  Killed')).toEqual([{ text: '3  Killed', column: 0 }])
  expect(readSpans('')).toEqual([])
})

test('a span has its style and its column, and what follows has none of it', () => {
  expect(readSpans(`✓ ${paint('green', 'Synced')} 2 ${paint('dim', 'waiting')}!`)).toEqual([
    { text: '✓ ', column: 0 },
    { text: 'Synced', column: 2, colour: 'green' },
    { text: ' 2 ', column: 8 },
    { text: 'waiting', column: 11, dim: true },
    { text: '!', column: 18 },
  ])
})

test('styles within styles end one by one', () => {
  const line = paint('bold', `all ${paint('red', 'broken')} now`)
  expect(readSpans(line)).toEqual([
    { text: 'all ', column: 0, bold: true },
    { text: 'broken', column: 4, bold: true, colour: 'red' },
    { text: ' now', column: 10, bold: true },
  ])
  expect(readSpans(paint(['bold', 'cyan'], 'id'))).toEqual([
    { text: 'id', column: 0, bold: true, colour: 'cyan' },
  ])
})

test('a style that cannot be drawn is an error', () => {
  expect(() => readSpans(paint('underline', 'text'))).toThrow('unknown terminal style 4')
})
