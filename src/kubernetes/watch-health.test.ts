import { describe, expect, test } from 'vitest'
import { type WatchState, watchHealth } from './watch-health.ts'

const denied = { forbidden: true, message: 'secrets is forbidden: User "sa" cannot list resource "secrets"' }
const broken = { forbidden: false, message: 'Internal error' }

const synced = (namespace: string | undefined, silenceMs = 20_000): WatchState => ({
  namespace,
  hasSynced: true,
  silenceMs,
  failure: undefined,
})
const listing = (namespace: string | undefined, silenceMs = 500): WatchState => ({
  ...synced(namespace, silenceMs),
  hasSynced: false,
})

/** What is said of these states, as plain data. */
function judge(...states: WatchState[]) {
  const { problem, ageMs, unreadable } = watchHealth(states)
  return { problem, ageMs, unreadable: Object.fromEntries(unreadable) }
}

describe('several namespaces', () => {
  test('are ready when all are listed; the age is that of the oldest', () => {
    expect(judge(synced('a'), synced('b', 70_000))).toEqual({
      problem: undefined,
      ageMs: 70_000,
      unreadable: {},
    })
  })

  test('are not ready while one that can be read is not listed yet', () => {
    expect(judge(synced('a'), listing('b')).problem).toBe('the Secrets are not listed yet')
    expect(judge({ ...listing('a'), failure: denied }, listing('b')).problem).toBe(
      'the Secrets are not listed yet',
    )
  })

  test('are ready without the one that is forbidden, which is named and does not age', () => {
    for (const forbidden of [listing('b', 3_600_000), synced('b', 3_600_000), listing('b')]) {
      expect(judge(synced('a'), { ...forbidden, failure: denied })).toEqual({
        problem: undefined,
        ageMs: 20_000,
        unreadable: { b: denied.message },
      })
    }
  })

  test('are ready without one that fails in another way, once its data is three minutes old', () => {
    const failing = (silenceMs: number) => ({ ...listing('b', silenceMs), failure: broken })
    expect(judge(synced('a'), failing(180_000))).toMatchObject({
      problem: 'the Secrets are not listed yet',
      unreadable: {},
    })
    expect(judge(synced('a'), failing(180_001))).toEqual({
      problem: undefined,
      ageMs: 20_000,
      unreadable: { b: broken.message },
    })
    expect(judge(synced('a'), synced('b', 200_000)).unreadable).toEqual({
      b: 'no data from the API server for 200 s',
    })
  })

  test('are not ready, and none is named, when the API server itself is down', () => {
    const failure = { forbidden: false, message: 'the connection to the API server failed' }
    const silent = [
      { ...synced('a', 181_000), failure },
      { ...synced('b', 125_000), failure },
    ]
    expect(judge(...silent)).toEqual({
      problem: 'no data from the API server for 181 s',
      ageMs: 181_000,
      unreadable: {},
    })
  })

  test('are not ready when none can be read; all are named', () => {
    expect(judge({ ...listing('a'), failure: denied }, { ...listing('b', 900), failure: denied })).toEqual({
      problem: `failed to read the Secrets: ${denied.message}`,
      ageMs: 900,
      unreadable: { a: denied.message, b: denied.message },
    })
  })
})

describe('one namespace, or the cluster', () => {
  test.each(['a', undefined])('that is forbidden from the start is not ready (%s)', (namespace) => {
    expect(judge({ ...listing(namespace), failure: denied }).problem).toBe(
      `failed to read the Secrets: ${denied.message}`,
    )
  })

  test('that is forbidden later stays ready until its data is three minutes old', () => {
    const forbidden = (silenceMs: number) => judge({ ...synced(undefined, silenceMs), failure: denied })
    expect(forbidden(180_000)).toEqual({ problem: undefined, ageMs: 180_000, unreadable: {} })
    expect(forbidden(180_001).problem).toBe(`failed to read the Secrets: ${denied.message}`)
  })

  test('is not ready before the list is complete, nor when its data is stale', () => {
    expect(judge(listing(undefined)).problem).toBe('the Secrets are not listed yet')
    expect(judge(synced(undefined, 180_000)).problem).toBeUndefined()
    expect(judge(synced(undefined, 180_001)).problem).toBe('no data from the API server for 180 s')
  })
})
