import { beforeEach, describe, expect, it } from 'vitest'
import { noAnswer, serviceError } from '../../../test/fakes/certificate-service.ts'
import { createManualClock, type ManualClock } from '../../../test/fakes/manual-clock.ts'
import { FakeLog } from '../../../test/fakes/observability.ts'
import type { FailureClass, ServiceError } from '../../ports/service-error.ts'
import type { ServiceAction } from '../../ports/ssl-service.ts'
import { AccountGate } from './account-gate.ts'

const upload = 'UploadCertificate'

let clock: ManualClock
let log: FakeLog
let gate: AccountGate
/** Whom the gate asked to look again, in order. */
let woken: string[]

beforeEach(() => {
  clock = createManualClock()
  log = new FakeLog()
  woken = []
  gate = new AccountGate(clock, log, (keys) => woken.push(...keys))
})

function error(failure: FailureClass, action: ServiceAction = upload, more: object = {}): ServiceError {
  return serviceError({ failure, action, code: 'SomeCode', ...more })
}

const outage = noAnswer(upload)

/** A call of a key that fails: admitted first, then told, then parked, as a reconcile does it. */
function fails(key: string, failure: ServiceError): void {
  expect(gate.admit(key, failure.action)).toBe(true)
  gate.failed(key, failure)
  if (gate.holds(key, failure.action)) gate.park(key)
}

function openBreaker(): void {
  for (const key of ['a', 'b', 'a', 'b', 'a']) fails(key, outage)
  gate.park('b')
}

describe('the breaker', () => {
  it('opens after five outages in a row from two Secrets', () => {
    for (const key of ['a', 'b', 'a', 'b']) fails(key, outage)
    expect(gate.held).toBe(false)
    fails('a', outage)
    expect(gate.held).toBe(true)
    for (const action of [upload, 'DescribeCertificates', 'CheckCertificateExist'] as const) {
      expect(gate.holds('c', action)).toBe(true)
      expect(gate.admit('c', action)).toBe(false)
    }
  })

  it('does not open for one Secret, however often it fails (I14)', () => {
    for (let i = 0; i < 50; i++) fails('a', outage)
    expect(gate.held).toBe(false)
  })

  it.each<[string, () => void]>([
    ['a success', () => gate.succeeded(upload)],
    ['a rejected certificate', () => gate.failed('c', error('rejected'))],
    ['a refused tag', () => gate.failed('c', error('cosmetic'))],
    ['a missing permission', () => gate.failed('c', error('not-allowed'))],
    ['a full account', () => gate.failed('c', error('quota'))],
  ])('counts from the beginning after %s: the service answers', (_, answered) => {
    for (const key of ['a', 'b', 'a', 'b']) fails(key, outage)
    answered()
    for (const key of ['a', 'b', 'a', 'b']) fails(key, outage)
    expect(gate.held).toBe(false)
  })

  it('does not count what says nothing of the account', () => {
    for (let i = 0; i < 10; i++) fails(`${i}`, error('outage', upload, { countsForAccount: false }))
    for (let i = 0; i < 10; i++) fails(`${i}`, error('throttled'))
    expect(gate.held).toBe(false)
  })

  it('lets one key try after 1 s, then 2, 4, ... 60 s, each time another one', async () => {
    openBreaker()
    gate.park('c')
    const tries: { key: string; afterMs: number }[] = []
    for (let last = clock.elapsed(); tries.length < 9; ) {
      await clock.advance(500)
      const key = woken.shift()
      if (key === undefined) continue
      tries.push({ key, afterMs: clock.elapsed() - last })
      last = clock.elapsed()
      fails(key, outage)
    }
    expect(tries.map((it) => it.afterMs)).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
    ])
    expect(tries.map((it) => it.key)).toEqual(['b', 'a', 'c', 'b', 'a', 'c', 'b', 'a', 'c'])
  })

  it('lets nobody else try meanwhile', async () => {
    openBreaker()
    await clock.advance(1_000)
    expect(woken).toEqual(['b'])
    expect(gate.holds('b', upload)).toBe(false)
    expect(gate.holds('a', upload)).toBe(true)
    expect(gate.admit('c', upload)).toBe(false)
  })

  it('closes with the first call that comes through, once, and wakes all who wait', async () => {
    openBreaker()
    gate.park('c')
    await clock.advance(1_000)
    woken = []
    gate.succeeded(upload)
    gate.succeeded(upload)
    expect(gate.held).toBe(false)
    expect(woken.sort()).toEqual(['a', 'c'])
    expect(log.reasons()).toEqual(['AccountHeld', 'AccountReleased'])
    expect(clock.pending()).toBe(0)
  })

  it('closes with a call that was under way when it opened', () => {
    openBreaker()
    gate.succeeded('DescribeCertificates')
    expect(gate.held).toBe(false)
  })

  it('takes failures of calls that were under way for nothing new', async () => {
    openBreaker()
    for (const key of ['x', 'y', 'z']) gate.failed(key, outage)
    await clock.advance(1_000)
    expect(woken).toEqual(['b'])
  })

  it('lets another one try at once when the one whose turn it is makes no call', async () => {
    openBreaker()
    gate.park('c')
    await clock.advance(1_000)
    expect(woken).toEqual(['b'])
    gate.passed('b')
    expect(woken).toEqual(['b', 'c'])
    expect(gate.holds('c', upload)).toBe(false)
    expect(gate.holds('b', upload)).toBe(true)
  })

  it('lets anybody try when nobody waits, but one at a time', async () => {
    openBreaker()
    gate.passed('a')
    gate.passed('b')
    await clock.advance(1_000)
    expect(gate.holds('new', upload)).toBe(false)
    expect(gate.holds('newer', upload)).toBe(false)
    expect(gate.admit('new', upload)).toBe(true)
    expect(gate.admit('newer', upload)).toBe(false)
    gate.succeeded(upload)
    expect(gate.held).toBe(false)
  })

  it('forgets nobody who comes to wait just when the wait ends', async () => {
    openBreaker()
    gate.succeeded(upload)
    woken = []
    gate.park('late')
    expect(woken).toEqual(['late'])

    openBreaker()
    for (const key of ['a', 'b']) gate.passed(key)
    await clock.advance(1_000)
    woken = []
    gate.park('later')
    expect(woken).toEqual(['later'])
  })
})

describe('refused credentials', () => {
  it('hold the account at once, and one key at a time tries after 30 s, doubling to 10 min', async () => {
    gate.park('nobody')
    fails('a', error('caller'))
    gate.park('b')
    const tries: number[] = []
    woken = []
    for (let last = clock.elapsed(); tries.length < 7; ) {
      await clock.advance(10_000)
      const key = woken.shift()
      if (key === undefined) continue
      tries.push(clock.elapsed() - last)
      last = clock.elapsed()
      fails(key, error('caller'))
    }
    expect(tries).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000])
  })

  it('are tried at once when there are new ones', () => {
    fails('a', error('caller'))
    gate.park('b')
    gate.probeNow()
    expect(woken).toEqual(['b'])
    gate.succeeded(upload)
    expect(gate.held).toBe(false)
  })

  it('begin with short waits again when there are new ones', async () => {
    fails('a', error('caller'))
    for (let i = 0; i < 5; i++) {
      await clock.advance(600_000)
      fails(woken.shift() ?? '', error('caller'))
    }
    gate.probeNow()
    fails(woken.shift() ?? '', error('caller'))
    await clock.advance(60_000)
    expect(woken).toHaveLength(1)
  })

  it('are recognised again when somebody is told what it may not do', () => {
    fails('a', error('caller'))
    gate.failed('b', error('not-allowed'))
    expect(gate.held).toBe(false)
    expect(woken).toEqual(['a'])
  })

  it("are not recognised by an answer that is not the service's: another one tries", async () => {
    fails('a', error('caller'))
    for (const key of ['b', 'c']) gate.park(key)
    await clock.advance(30_000)
    expect(gate.admit('b', upload)).toBe(true)
    gate.failed('b', error('unknown', upload, { requestId: undefined }))
    expect(gate.held).toBe(true)
    expect(woken).toEqual(['b', 'c'])
  })

  it('are not waited for when there is nothing to wait for', () => {
    gate.probeNow()
    expect(woken).toEqual([])
    expect(gate.held).toBe(false)
  })
})

describe('missing permissions', () => {
  const denied = (more: object = {}, action: ServiceAction = upload) => error('not-allowed', action, more)

  it('hold uploads after three different Secrets, and lookups never', () => {
    for (const key of ['a', 'a', 'b', 'a', 'b']) fails(key, denied())
    expect(gate.held).toBe(false)
    fails('c', denied())
    expect(gate.holds('d', upload)).toBe(true)
    expect(gate.holds('d', 'DescribeCertificates')).toBe(false)
    expect(gate.admit('d', 'CheckCertificateExist')).toBe(true)
  })

  it('count from the beginning after an upload, and not after a lookup', () => {
    for (const key of ['a', 'b']) fails(key, denied())
    gate.succeeded(upload)
    fails('c', denied())
    expect(gate.held).toBe(false)
    gate.succeeded('DescribeCertificates')
    for (const key of ['d', 'e']) fails(key, denied())
    expect(gate.held).toBe(true)
  })

  it('count although each of them was first refused with its tags', () => {
    for (const key of ['a', 'b', 'c']) {
      fails(key, error('cosmetic', upload, { countsForAccount: false }))
      fails(key, denied())
    }
    expect(gate.held).toBe(true)
  })

  it('are not given to all when the one that tries is refused with its tags', async () => {
    for (const key of ['a', 'b', 'c']) fails(key, denied())
    await clock.advance(600_000)
    expect(gate.admit(woken[0] ?? '', upload)).toBe(true)
    gate.failed(woken[0] ?? '', error('cosmetic', upload, { countsForAccount: false }))
    expect(gate.held).toBe(true)
  })

  it('of a project hold nobody, however many Secrets name it', () => {
    for (let i = 0; i < 20; i++) fails(`${i}`, denied({ countsForAccount: false }))
    expect(gate.held).toBe(false)
  })

  it('of a lookup hold nobody', () => {
    for (let i = 0; i < 20; i++) fails(`${i}`, denied({}, 'DescribeCertificates'))
    expect(gate.held).toBe(false)
  })

  it('are tried again every 10 min', async () => {
    for (const key of ['a', 'b', 'c']) fails(key, denied())
    const tries: number[] = []
    for (let last = clock.elapsed(); tries.length < 8; ) {
      await clock.advance(60_000)
      const key = woken.shift()
      if (key === undefined) continue
      tries.push((clock.elapsed() - last) / 60_000)
      last = clock.elapsed()
      fails(key, denied())
    }
    expect(tries).toEqual([10, 10, 10, 10, 10, 10, 10, 10])
  })

  it('that are there again release all', async () => {
    for (const key of ['a', 'b', 'c']) fails(key, denied())
    gate.park('d')
    await clock.advance(600_000)
    gate.succeeded(upload)
    expect(gate.held).toBe(false)
    for (const key of ['a', 'b']) fails(key, denied())
    expect(gate.held).toBe(false)
  })
})

describe('a gate that is closed', () => {
  it('leaves no timer behind', () => {
    openBreaker()
    gate.close()
    expect(clock.pending()).toBe(0)
  })
})
