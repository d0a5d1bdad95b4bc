import { beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, type ManualClock } from '../../test/fakes/manual-clock.ts'
import { FakeLog, FakeMetrics } from '../../test/fakes/observability.ts'
import { FakeKubernetesError } from '../../test/fakes/secret-store.ts'
import { NotLeadingError } from '../ports/not-leading-error.ts'
import type { ObjectKey } from '../ports/secrets.ts'
import type { ServiceAction } from '../ports/ssl-service.ts'
import type { CallPermit } from './calls/call-permit.ts'
import { CallRunner } from './calls/call-runner.ts'
import type { Result } from './result.ts'
import { type KeyReconciler, Worker } from './worker.ts'

// No Secret's: to the worker a key is only a text.
const key = 'cert0001'
const done: Result = { requeue: {}, steps: { upload: 'Synced' }, settled: true }
const priority = { failedBefore: false, urgent: false, expiresAt: undefined, group: 'web' }
const wantsPermit: Result = {
  requeue: { permit: { action: 'UploadCertificate', priority } },
  steps: { upload: 'UploadCertificate', stamp: 'Done' },
  settled: false,
}

let clock: ManualClock
let log: FakeLog
let metrics: FakeMetrics
let worker: Worker
let reconciles: { readonly key: ObjectKey; readonly permit: ServiceAction | undefined; readonly at: number }[]
let forgotten: ObjectKey[]
let answer: (permit?: CallPermit) => Result

beforeEach(() => {
  clock = createManualClock()
  log = new FakeLog()
  metrics = new FakeMetrics()
  reconciles = []
  forgotten = []
  answer = () => done
  const reconciler: KeyReconciler = {
    reconcile: async (key, _signal, permit) => {
      reconciles.push({ key, permit: permit?.action, at: clock.elapsed() })
      return answer(permit)
    },
    forget: (key) => forgotten.push(key),
    endBackOff: () => {},
    failedWith: () => [],
  }
  worker = new Worker({
    ...{ clock, log, metrics, reconciler, workers: 2, resyncMs: 3_600_000 },
    groupOf: () => 'all',
    fieldsOf: (certificateId) => ({ certificateId }),
  })
  const runner = new CallRunner({
    ...{ clock, log, metrics, slots: 10 },
    serve: (key, permit) => worker.serve(key, permit),
    wake: (keys, why) => worker.wakeAtOnce(keys, why),
  })
  worker.start(runner)
  runner.start({ quiet: true })
})

const change = (listed = false, resourceVersion = '1') =>
  worker.onChange({ kind: 'present', key, resourceVersion, listed })
const debugLines = () => log.lines.filter(({ level }) => level === 'debug').map(({ fields }) => fields)

describe('the debug line', () => {
  it('is one for each reconcile: key, attempt id, the step of each capability, what woke it', async () => {
    answer = (permit) => (permit ? done : wantsPermit)
    change()
    await clock.advance(1_000)
    expect(debugLines()).toMatchObject([
      { certificateId: key, steps: 'upload=UploadCertificate stamp=Done', wokenBy: 'Change' },
      { certificateId: key, steps: 'upload=Synced', wokenBy: 'Permit' },
    ])
    const ids = debugLines().map(({ attemptId }) => attemptId)
    expect(new Set(ids).size).toBe(2)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('says until when the key waits, and that it was the wait that woke it', async () => {
    answer = () => ({ ...done, requeue: { afterMs: 60_000 } })
    change(true)
    await clock.advance(1_000)
    const [first] = debugLines()
    expect(first).toMatchObject({ wokenBy: 'List' })
    expect(first?.until).toBe(new Date(clock.now() - clock.elapsed() + 60_000).toISOString())
    await clock.advance(60_000)
    expect(debugLines().map(({ wokenBy }) => wokenBy)).toEqual(['List', 'Wait'])
  })

  it('says why a key was woken', async () => {
    change()
    await clock.advance(1_000)
    worker.wake([key], 'CertificateGone')
    await clock.advance(1_000)
    worker.wakeAtOnce([key], 'NewCredentials')
    await clock.advance(2 * 3_600_000)
    const why = debugLines().map(({ wokenBy }) => wokenBy)
    expect(why.slice(0, 4)).toEqual(['Change', 'CertificateGone', 'NewCredentials', 'Resync'])
  })

  it('is there also for a reconcile that failed, without the text of an unknown error', async () => {
    answer = () => {
      throw new TypeError('-----BEGIN PRIVATE KEY-----')
    }
    change()
    await clock.advance(0)
    expect(debugLines()).toMatchObject([{ certificateId: key, wokenBy: 'Change', error: 'TypeError' }])
    expect(JSON.stringify(log.lines)).not.toContain('BEGIN')
  })

  it('is one for each reconcile, whatever comes of it', async () => {
    const results: Result[] = [{ ...done, requeue: { now: true } }, { ...done, threw: 'TypeError' }, done]
    answer = () => results.shift() ?? done
    change()
    await clock.advance(10_000)
    expect(reconciles).toHaveLength(3)
    expect(debugLines().map(({ wokenBy }) => wokenBy)).toEqual(['Change', 'OwnStep', 'Wait'])
  })
})

describe('a reconcile that throws', () => {
  it('is repeated, from 200 ms doubling to a minute', async () => {
    answer = () => {
      throw new FakeKubernetesError('the API server is down')
    }
    change()
    await clock.advance(10 * 60_000)
    const gaps = reconciles.slice(1).map(({ at }, i) => at - (reconciles[i]?.at ?? 0))
    expect(gaps[0]).toBeLessThanOrEqual(200)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(60_000)
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(48_000)
    expect(reconciles.length).toBeLessThan(25)
  })

  it('waits as long as the API server asks', async () => {
    answer = () => {
      throw new FakeKubernetesError('slow down', 30_000)
    }
    change()
    await clock.advance(29_999)
    expect(reconciles).toHaveLength(1)
    await clock.advance(1)
    expect(reconciles).toHaveLength(2)
  })

  it('is left to the next leader where this process does not lead', async () => {
    answer = () => {
      throw new NotLeadingError()
    }
    change()
    await clock.advance(60_000)
    expect(reconciles).toHaveLength(1)
    expect(log.lines).toEqual([])
  })

  it('begins anew with the back-off after a success, but not after a mere request for a permit', async () => {
    let attempts = 0
    answer = (permit) => {
      if (!permit) return wantsPermit
      attempts += 1
      throw new TypeError('x')
    }
    change()
    await clock.advance(10 * 60_000)
    expect(attempts).toBeLessThan(25)
  })
})

describe('a key whose every call leads to a further one', () => {
  it('backs off instead of using up the calls of the others', async () => {
    let calls = 0
    answer = (permit) => {
      if (permit) calls += 1
      return wantsPermit
    }
    change()
    await clock.advance(60_000)
    expect(calls).toBeGreaterThan(30)
    expect(calls).toBeLessThan(60)
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'warn' }))
  })
})

describe('a key', () => {
  it('that was written by ourselves is not reconciled for that', async () => {
    answer = () => ({ ...done, written: '2' })
    change()
    await clock.advance(100)
    change(false, '2')
    await clock.advance(100)
    expect(reconciles).toHaveLength(1)
    change(false, '3')
    await clock.advance(100)
    expect(reconciles).toHaveLength(2)
  })

  it('that is gone is forgotten, and woken no more', async () => {
    answer = () => ({ ...done, requeue: { afterMs: 1_000 } })
    change()
    await clock.advance(100)
    worker.onChange({ kind: 'gone', key, optedOut: false })
    worker.wake([key], 'CertificateGone')
    await clock.advance(10_000)
    expect(reconciles).toHaveLength(1)
    expect(forgotten).toEqual([key])
  })
})

describe('that all Secrets were seen', () => {
  const minute = 60_000

  it('waits for those that the first list shows, until each was reconciled', async () => {
    change(true)
    expect(worker.hasSeenAll).toBe(false)
    await clock.advance(1_000)
    expect(worker.hasSeenAll).toBe(true)
  })

  it('does not wait for Secrets that come later, however many', () => {
    for (let i = 0; i < 100; i++) {
      worker.onChange({ kind: 'present', key: `web/${i}`, resourceVersion: '1', listed: false })
    }
    expect(worker.hasSeenAll).toBe(true)
  })

  it('waits no longer than ten minutes for those that get no permit', async () => {
    answer = () => wantsPermit
    const closed = new CallRunner({
      ...{ clock, log, metrics, slots: 10 },
      serve: async () => {},
      wake: () => {},
    })
    worker.start(closed)
    change(true)
    await clock.advance(9 * minute)
    expect(worker.hasSeenAll).toBe(false)
    await clock.advance(minute)
    expect(worker.hasSeenAll).toBe(true)
  })
})
