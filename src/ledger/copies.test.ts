import { expect, it } from 'vitest'
import { Copies } from './copies.ts'

it('counts the copies of each chain that were begun, so that whoever looked before looks again', () => {
  const copies = new Copies()
  expect(copies.epochOf('a')).toBe(0)
  copies.begins('a')
  copies.begins('a')
  expect(copies.epochOf('a')).toBe(2)
  expect(copies.epochOf('b')).toBe(0)
})

it('expects a copy to be listed late until the service has answered', () => {
  const copies = new Copies()
  copies.answered('a')
  expect(copies.mayBeListedLate('a')).toBe(false)
  copies.begins('a')
  expect(copies.mayBeListedLate('a')).toBe(true)
  copies.answered('a')
  expect(copies.mayBeListedLate('a')).toBe(false)
  expect(copies.epochOf('a')).toBe(1)
})

it('keeps a bounded number of chains', () => {
  const copies = new Copies()
  for (let i = 0; i <= 20_000; i += 1) copies.begins(`chain-${i}`)
  expect(copies.epochOf('chain-0')).toBe(0)
  expect(copies.epochOf('chain-20000')).toBe(1)
})
