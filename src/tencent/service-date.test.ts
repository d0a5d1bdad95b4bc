import { expect, test } from 'vitest'
import { parseServiceDate } from './service-date.ts'

test.each([
  ['2024-11-06 08:00:00', '2024-11-06T00:00:00.000Z'],
  ['2024-11-06T08:00:00', '2024-11-06T00:00:00.000Z'],
  ['2025-01-01 07:59:59', '2024-12-31T23:59:59.000Z'],
  ['2024-08-23T01:34:43.000000Z', '2024-08-23T01:34:43.000Z'],
  ['2024-08-23T01:34:43Z', '2024-08-23T01:34:43.000Z'],
  ['2024-08-23T01:34:43-02:30', '2024-08-23T04:04:43.000Z'],
])('%s is %s', (text, expected) => {
  expect(new Date(parseServiceDate(text) ?? Number.NaN).toISOString()).toBe(expected)
})

test.each([
  null,
  undefined,
  '',
  '0000-00-00 00:00:00',
  '2024-13-01 00:00:00',
  '2024-11-06',
  'soon',
  1_700_000_000,
])('%s is no date', (value) => {
  expect(parseServiceDate(value)).toBeUndefined()
})
