import { describe, expect, it } from 'vitest'
import { failedAgain, waitEnded } from './failure.ts'

const at = (elapsed: number) => ({ wall: 0, elapsed })
const outage = { input: 'input', failure: 'outage', spread: 0 } as const

describe('the failure of a key', () => {
  it('backs off further with each one of the same input and class', () => {
    const first = failedAgain(undefined, outage, at(1_000))
    expect(first).toEqual({ input: 'input', class: 'outage', attempt: 1, since: 1_000, until: 2_000 })
    const second = failedAgain(first, outage, at(2_000))
    expect(second).toEqual({ ...first, attempt: 2, until: 4_000 })
  })

  it('begins anew with another input, and with another class', () => {
    const before = failedAgain(undefined, outage, at(0))
    expect(failedAgain(before, { ...outage, input: 'other' }, at(5))).toMatchObject({ attempt: 1, since: 5 })
    expect(failedAgain(before, { ...outage, failure: 'quota' }, at(5))).toMatchObject({
      attempt: 1,
      since: 5,
    })
  })

  it('waits no longer where its wait has ended, and its attempts still count', () => {
    const failure = failedAgain(undefined, { ...outage, failure: 'quota' }, at(0))
    const ended = waitEnded(failure, at(10))
    expect(ended).toEqual({ ...failure, until: 10 })
    expect(waitEnded(ended, at(20)).until).toBe(10)
    expect(failedAgain(ended, { ...outage, failure: 'quota' }, at(20)).attempt).toBe(2)
  })
})
