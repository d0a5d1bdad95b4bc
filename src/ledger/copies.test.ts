import { expect, it } from 'vitest'
import { Copies } from './copies.ts'

const tenMinutes = 600_000

it('counts the copies that were begun, so that whoever looked before looks again', () => {
  const copies = new Copies()
  expect(copies.epochOf('a')).toBe(0)
  copies.begins('a', 0)
  copies.begins('a', 0)
  expect(copies.epochOf('a')).toBe(2)
  expect(copies.epochOf('b')).toBe(0)
})

it('expects a copy to be listed late until the service has answered', () => {
  const copies = new Copies()
  copies.answered('a')
  expect(copies.mayBeListedLate('a', 0)).toBe(false)
  copies.begins('a', 0)
  expect(copies.mayBeListedLate('a', 0)).toBe(true)
  copies.answered('a')
  expect(copies.mayBeListedLate('a', 0)).toBe(false)
  expect(copies.epochOf('a')).toBe(1)
})

it('expects a copy whose answer was lost although a later call was answered', () => {
  const copies = new Copies()
  copies.begins('a', 0)
  copies.begins('a', 1_000)
  copies.answered('a')
  expect(copies.mayBeListedLate('a', 2_000)).toBe(true)
})

it('expects a copy no longer ten minutes after the last call: by then it is listed', () => {
  const copies = new Copies()
  copies.begins('a', 0)
  expect(copies.mayBeListedLate('a', tenMinutes - 1)).toBe(true)
  expect(copies.mayBeListedLate('a', tenMinutes)).toBe(false)
  copies.begins('a', tenMinutes)
  copies.answered('a')
  expect(copies.mayBeListedLate('a', tenMinutes)).toBe(false)
})

it('keeps a bounded number of copies', () => {
  const copies = new Copies()
  for (let i = 0; i <= 20_000; i += 1) copies.begins(`copy-${i}`, 0)
  expect(copies.epochOf('copy-0')).toBe(0)
  expect(copies.epochOf('copy-20000')).toBe(1)
})
