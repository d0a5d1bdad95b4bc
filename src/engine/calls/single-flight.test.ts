import { expect, test } from 'vitest'
import { SingleFlight } from './single-flight.ts'

test('work of one name is joined while it is under way, and only then', async () => {
  const flights = new SingleFlight()
  const { promise, resolve } = Promise.withResolvers<string>()
  expect(flights.join('chain')).toBeUndefined()
  const result = flights.run('chain', () => promise)
  const joined = flights.join('chain')
  expect(joined).toBeInstanceOf(Promise)
  expect(flights.join('other')).toBeUndefined()
  resolve('answer')
  expect(await result).toBe('answer')
  expect(await joined).toBeUndefined()
  expect(flights.join('chain')).toBeUndefined()
})

test('whoever joined goes on when the work failed, and the next may do it', async () => {
  const flights = new SingleFlight()
  const failing = flights.run('chain', () => Promise.reject(new Error('no answer')))
  const joined = flights.join('chain')
  await expect(failing).rejects.toThrow('no answer')
  await expect(joined).resolves.toBeUndefined()
  expect(await flights.run('chain', async () => 'answer')).toBe('answer')
})

test('the same work is not done twice at a time', async () => {
  const flights = new SingleFlight()
  const first = flights.run('chain', async () => 'answer')
  await expect(flights.run('chain', async () => 'another')).rejects.toThrow('under way')
  expect(await first).toBe('answer')
})
