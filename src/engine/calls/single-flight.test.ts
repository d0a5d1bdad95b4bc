import { beforeEach, describe, expect, test } from 'vitest'
import { SingleFlight } from './single-flight.ts'

let woken: string[]
let flights: SingleFlight

beforeEach(() => {
  woken = []
  flights = new SingleFlight((keys) => woken.push(...keys))
})

/** Work under way for a key. Ends it, for all or for the key alone. */
function begin(key: string, name = 'chain'): (isForAll: boolean) => Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const result = flights.run(
    name,
    key,
    () => promise,
    (it) => it,
  )
  return (isForAll) => {
    resolve(isForAll)
    return result
  }
}

describe('work of one name', () => {
  test('is joined while it is under way, and only then', async () => {
    expect(flights.join('chain', 'b/1', 'b')).toBe(0)
    const end = begin('a/1')
    expect(flights.join('chain', 'b/1', 'b')).toBe(1)
    expect(flights.join('other', 'b/2', 'b')).toBe(0)
    expect(await end(true)).toBe(true)
    expect(flights.join('chain', 'b/1', 'b')).toBe(0)
  })

  test('is not done twice at a time', async () => {
    const end = begin('a/1')
    await expect(begin('a/2')(true)).rejects.toThrow('under way')
    await end(true)
  })

  test('wakes all where it served all', async () => {
    const end = begin('a/1')
    for (const key of ['b/1', 'b/2', 'c/1']) flights.join('chain', key, key.charAt(0))
    await end(true)
    expect(woken.toSorted()).toEqual(['b/1', 'b/2', 'c/1'])
  })

  test('wakes one each time where it served nobody else, and groups take turns', async () => {
    const first = begin('a/1')
    for (const key of ['b/1', 'b/2', 'c/1']) flights.join('chain', key, key.charAt(0))
    await first(false)
    expect(woken).toEqual(['b/1'])
    await begin('b/1')(false)
    expect(woken).toEqual(['b/1', 'c/1'])
    await begin('c/1')(false)
    expect(woken).toEqual(['b/1', 'c/1', 'b/2'])
  })

  test('wakes one where it threw, and the next may do it', async () => {
    const failing = flights.run(
      'chain',
      'a/1',
      () => Promise.reject(new Error('no answer')),
      () => true,
    )
    for (const key of ['b/1', 'b/2']) flights.join('chain', key, 'b')
    await expect(failing).rejects.toThrow('no answer')
    expect(woken).toEqual(['b/1'])
    expect(await begin('b/1')(true)).toBe(true)
  })
})

describe('a key that joined', () => {
  test('keeps its place when it joins again, and counts how often it did', async () => {
    const end = begin('a/1')
    flights.join('chain', 'b/1', 'b')
    flights.join('chain', 'b/2', 'b')
    expect(flights.join('chain', 'b/1', 'b')).toBe(2)
    await end(false)
    expect(woken).toEqual(['b/1'])
  })

  test('counts anew after it did the work itself', async () => {
    const first = begin('a/1')
    flights.join('chain', 'b/1', 'b')
    await first(false)
    await begin('b/1')(false)
    const second = begin('a/1')
    expect(flights.join('chain', 'b/1', 'b')).toBe(1)
    await second(false)
  })

  test('is not woken once it left, or joined something else', async () => {
    const [chain, other] = [begin('a/1'), begin('a/2', 'other')]
    for (const key of ['b/1', 'b/2', 'b/3']) flights.join('chain', key, 'b')
    flights.leave('b/1')
    flights.join('other', 'b/2', 'b')
    await chain(true)
    expect(woken).toEqual(['b/3'])
    await other(true)
    expect(woken).toEqual(['b/3', 'b/2'])
  })
})
