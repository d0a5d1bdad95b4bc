import { expect, it } from 'vitest'
import { Copies } from './copies.ts'

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
  expect(copies.listedBy('a')).toBeUndefined()
  copies.begins('a', 0)
  expect(copies.listedBy('a')).toBe(60_000)
  expect(copies.listedBy('b')).toBeUndefined()
  copies.answered('a')
  expect(copies.listedBy('a')).toBeUndefined()
  expect(copies.epochOf('a')).toBe(1)
})

it('expects a copy a minute after its answer was lost, not after the call began', () => {
  const copies = new Copies()
  copies.begins('a', 0)
  copies.lost('a', 30_000)
  expect(copies.listedBy('a')).toBe(90_000)
  expect(copies.epochOf('a')).toBe(1)
})

it('expects a copy whose answer was lost although a later call was answered', () => {
  const copies = new Copies()
  copies.begins('a', 0)
  copies.begins('a', 1_000)
  copies.answered('a')
  expect(copies.listedBy('a')).toBe(61_000)
})

it('expects a copy no longer once it must have been listed before the next call', () => {
  const copies = new Copies()
  copies.begins('a', 0)
  copies.begins('a', 60_000)
  copies.answered('a')
  expect(copies.listedBy('a')).toBeUndefined()
})

it('keeps a bounded number of copies', () => {
  const copies = new Copies()
  for (let i = 0; i <= 20_000; i += 1) copies.begins(`copy-${i}`, 0)
  expect(copies.epochOf('copy-0')).toBe(0)
  expect(copies.epochOf('copy-20000')).toBe(1)
})
