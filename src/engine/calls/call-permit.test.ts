import { beforeEach, describe, expect, it } from 'vitest'
import { noAnswer, serviceError } from '../../../test/fakes/certificate-service.ts'
import { createManualClock, type ManualClock } from '../../../test/fakes/manual-clock.ts'
import { FakeMetrics } from '../../../test/fakes/observability.ts'
import { NotLeadingError } from '../../ports/not-leading-error.ts'
import { ServiceError } from '../../ports/service-error.ts'
import type { CallEnd } from './call-end.ts'
import { IssuedPermit } from './call-permit.ts'

const action = 'UploadCertificate'

let clock: ManualClock
let metrics: FakeMetrics
let stop: AbortController
let leads: boolean
let starts: number
let ends: CallEnd[]
let permit: IssuedPermit

beforeEach(() => {
  clock = createManualClock()
  metrics = new FakeMetrics()
  stop = new AbortController()
  leads = true
  starts = 0
  ends = []
  permit = new IssuedPermit({
    action,
    clock,
    metrics,
    timeoutMs: 5_000,
    stop: stop.signal,
    fence: {
      check() {
        if (!leads) throw new NotLeadingError()
      },
    },
    onStart: () => starts++,
    onEnd: (end) => ends.push(end),
  })
})

/** A call that ends only when it is aborted; with what it was aborted by. */
function hanging(reasons: unknown[] = []) {
  return (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        reasons.push(signal.reason)
        reject(new ServiceError({ action, failure: 'outage', code: 'Aborted', countsForAccount: false }))
      })
    })
}

describe('a permit', () => {
  it('hands the answer on, and says when the call began and ended', async () => {
    const answer = permit.call(async () => {
      await clock.sleep(300)
      return 'answer'
    })
    await clock.advance(300)
    expect(await answer).toBe('answer')
    expect(ends).toEqual([
      { startedAt: 0, endedAt: 300, reached: 'answered', timedOut: false, says: 'answer', error: undefined },
    ])
    expect(Object.fromEntries(metrics.calls)).toEqual({ [`${action} success`]: 1 })
    expect(clock.pending()).toBe(0)
  })

  it('is for one request', async () => {
    await permit.call(async () => {})
    await expect(permit.call(async () => {})).rejects.toThrow('one request')
    expect(starts).toBe(1)
  })

  it.each<[string, ServiceError, CallEnd['says'], CallEnd['reached']]>([
    ['a refusal', serviceError({ action, failure: 'rejected', code: 'X' }), 'answer', 'answered'],
    [
      'InternalError',
      serviceError({ action, failure: 'outage', code: 'InternalError' }),
      'answer',
      'answered',
    ],
    ['no answer', noAnswer(action), 'silence', 'unknown'],
    [
      'a gateway',
      new ServiceError({ action, failure: 'outage', code: 'HTTP503', reached: 'answered' }),
      'silence',
      'answered',
    ],
    [
      'no connection',
      new ServiceError({ action, failure: 'outage', code: 'ConnectionFailed', reached: 'unsent' }),
      'silence',
      'unsent',
    ],
    [
      'missing credentials',
      new ServiceError({ action, failure: 'caller', code: 'CredentialsMissing', reached: 'unsent' }),
      'nothing',
      'unsent',
    ],
  ])('hands an error on and says what it means for the service: %s', async (_, error, says, reached) => {
    await expect(permit.call(() => Promise.reject(error))).rejects.toBe(error)
    expect(ends).toMatchObject([{ says, reached, error, timedOut: false }])
    expect(Object.fromEntries(metrics.calls)).toEqual({ [`${action} ${error.failure}`]: 1 })
  })

  it('aborts a call that takes too long, which is silence of the service', async () => {
    const reasons: unknown[] = []
    const failed = expect(permit.call(hanging(reasons))).rejects.toBeInstanceOf(ServiceError)
    await clock.advance(4_999)
    expect(reasons).toEqual([])
    await clock.advance(1)
    await failed
    expect(reasons).toMatchObject([{ name: 'TimeoutError' }])
    expect(ends).toMatchObject([{ says: 'silence', reached: 'unknown', timedOut: true, endedAt: 5_000 }])
  })

  it('aborts the call when the process ends, which is no failure of the service', async () => {
    const failed = expect(permit.call(hanging())).rejects.toMatchObject({ code: 'Aborted' })
    stop.abort(new Error('the process ends'))
    await failed
    expect(ends).toMatchObject([{ says: 'nothing', reached: 'unknown', error: undefined }])
    expect(metrics.calls.size).toBe(0)
    expect(clock.pending()).toBe(0)
  })

  it('makes no call of a process that has ended', async () => {
    stop.abort(new Error('the process ends'))
    const work = permit.call(async () => 'answer')
    await expect(work).rejects.toMatchObject({ code: 'Aborted', reached: 'unsent', countsForAccount: false })
    expect(starts).toBe(0)
  })

  it('makes no call of a process that does not lead', async () => {
    leads = false
    let called = false
    const work = permit.call(async () => {
      called = true
    })
    await expect(work).rejects.toBeInstanceOf(NotLeadingError)
    expect(called).toBe(false)
    expect(starts).toBe(0)
  })

  it('says of a call that failed when the lease was gone that this was the reason', async () => {
    const work = permit.call(async () => {
      leads = false
      throw noAnswer(action)
    })
    await expect(work).rejects.toBeInstanceOf(NotLeadingError)
  })

  it('takes an answer for one even when the lease was lost meanwhile', async () => {
    const answer = permit.call(async () => {
      leads = false
      return 'answer'
    })
    expect(await answer).toBe('answer')
  })

  it('takes an error of our own for no word of the service', async () => {
    await expect(permit.call(() => Promise.reject(new TypeError('a fault')))).rejects.toThrow('a fault')
    expect(ends).toMatchObject([{ says: 'nothing', reached: 'answered', error: undefined }])
  })
})
