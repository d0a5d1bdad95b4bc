import { beforeEach, describe, expect, it } from 'vitest'
import { serviceError } from '../../../test/fakes/certificate-service.ts'
import { createManualClock, type ManualClock } from '../../../test/fakes/manual-clock.ts'
import { FakeLog, FakeMetrics } from '../../../test/fakes/observability.ts'
import type { ServiceAction } from '../../ports/ssl-service.ts'
import type { CallPermit } from './call-permit.ts'
import type { CallPriority } from './call-priority.ts'
import { CallRunner } from './call-runner.ts'
import { CallWorld } from './testing/call-world.ts'

const upload = 'UploadCertificate'
const lookup = 'DescribeCertificates'
const minute = 60_000

let clock: ManualClock
let runner: CallRunner
/** Key and action of each permit, in order. */
let permits: string[]
let woken: string[]
let serve: (key: string, permit: CallPermit) => Promise<void>

beforeEach(() => {
  clock = createManualClock()
  permits = []
  woken = []
  serve = async () => {}
  runner = new CallRunner({
    clock,
    log: new FakeLog(),
    metrics: new FakeMetrics(),
    slots: 10,
    serve: async (key, permit) => {
      permits.push(`${key} ${permit.action}`)
      await serve(key, permit)
    },
    wake: (keys, why) => woken.push(...[...keys].map((key) => `${key} ${why}`)),
  })
})

function request(key: string, action: ServiceAction = upload, more: Partial<CallPriority> = {}): void {
  const group = key.split('/')[0] ?? ''
  runner.request(key, action, { failedBefore: false, urgent: false, expiresAt: undefined, group, ...more })
}

/** Lets the call of a permit be answered like this. */
function refuse(failure: 'caller' | 'not-allowed' | 'rejected') {
  return async (_: string, permit: CallPermit) => {
    const { action } = permit
    await permit
      .call(() => Promise.reject(serviceError({ failure, action, code: 'SomeCode' })))
      .catch(() => {})
  }
}

describe('a key', () => {
  it('has one ticket over all lanes: a second request replaces the first', async () => {
    request('web/a', lookup)
    request('web/a', upload)
    expect(runner.gauges().depths()).toMatchObject({ [upload]: 1, [lookup]: 0 })
    runner.start({ quiet: true })
    await clock.advance(minute)
    expect(permits).toEqual([`web/a ${upload}`])
  })

  it('wants no call any more once it is withdrawn or forgotten', async () => {
    request('web/a')
    request('web/b')
    request('web/c')
    runner.withdraw('web/a')
    runner.forget('web/b')
    runner.start({ quiet: true })
    await clock.advance(minute)
    expect(permits).toEqual([`web/c ${upload}`])
  })

  it('may let its permit go unused: the slot is free at once', async () => {
    for (let i = 0; i < 100; i++) request(`web/${i}`)
    runner.start({ quiet: true })
    await clock.advance(0)
    expect(permits).toHaveLength(100)
  })

  it('of another namespace has its turn, however many lookups one namespace asks for (b.10)', async () => {
    for (let i = 0; i < 500; i++) request(`flood/${i}`, lookup)
    request('web/a', lookup)
    runner.start({ quiet: true })
    await clock.advance(0)
    expect(permits.slice(0, 2)).toContain(`web/a ${lookup}`)
  })
})

describe('the account gate', () => {
  it('keeps back who waits in a lane already, and lets one after the other try', async () => {
    serve = refuse('caller')
    for (let i = 0; i < 30; i++) request(`web/${i}`)
    runner.start({ quiet: true })
    await clock.advance(0)
    // Ten slots.
    expect(permits).toHaveLength(10)
    expect(runner.gauges().held()).toEqual(['CredentialsRefused'])
    expect(runner.gauges().depths()).toMatchObject({ [upload]: 20 })
    await clock.advance(2_000)
    expect(runner.gauges().depths()).toMatchObject({ [upload]: 0 })
    expect(permits).toHaveLength(10)
    await clock.advance(30_000)
    expect(woken).toEqual(['web/10 Probe'])
    expect(runner.holdOf('web/10', upload)).toBeUndefined()
    expect(runner.holdOf('web/11', upload)).toBe('CredentialsRefused')

    serve = (_, permit) => permit.call(async () => {})
    request('web/10')
    await clock.advance(0)
    expect(woken.slice(1)).toEqual(Array.from({ length: 19 }, (_, i) => `web/${i + 11} AccountWorks`))
    expect(runner.gauges().held()).toEqual([])
  })

  it('is tried at once with new credentials', async () => {
    serve = refuse('caller')
    request('web/a')
    runner.start({ quiet: true })
    await clock.advance(0)
    request('web/a')
    runner.credentialsChanged()
    expect(woken).toEqual(['web/a Probe'])
  })

  it('knows the namespaces from the requests it has seen', async () => {
    serve = refuse('not-allowed')
    runner.start({ quiet: true })
    request('good/site', lookup)
    for (let i = 0; i < 5; i++) request(`bad/${i}`)
    await clock.advance(minute)
    expect(runner.gauges().held()).toEqual([])
    runner.forget('good/site')
    request('bad/5')
    await clock.advance(0)
    expect(runner.gauges().held()).toEqual(['NotAllowed'])
    request('good/other')
    expect(runner.gauges().held()).toEqual([])
  })

  it('takes what is done in the background for no namespace of its own', async () => {
    serve = refuse('not-allowed')
    runner.start({ quiet: true })
    request('~inventory', lookup, { background: true })
    for (let i = 0; i < 5; i++) request(`only/${i}`)
    await clock.advance(0)
    expect(runner.gauges().held()).toEqual(['NotAllowed'])
  })

  it('is open again when the only key that failed is gone (b.8)', async () => {
    serve = refuse('caller')
    request('web/a')
    runner.start({ quiet: true })
    await clock.advance(0)
    request('web/a')
    expect(runner.gauges().held()).toEqual(['CredentialsRefused'])
    runner.forget('web/a')
    expect(runner.gauges().held()).toEqual([])
    expect(clock.pending()).toBe(1)
    await clock.advance(1_000)
    expect(clock.pending()).toBe(0)
  })
})

describe('a process that ends', () => {
  it('aborts its calls, which is no failure of the service', async () => {
    const signals: AbortSignal[] = []
    serve = (_, permit) =>
      permit
        .call(
          (signal) =>
            new Promise<never>((_, reject) => {
              signals.push(signal)
              const error = {
                failure: 'outage',
                action: upload,
                code: 'Aborted',
                requestId: undefined,
              } as const
              signal.addEventListener('abort', () => reject(serviceError(error)))
            }),
        )
        .catch(() => {})
    for (let i = 0; i < 20; i++) request(`web-${i}/site`)
    runner.start({ quiet: true })
    await clock.advance(0)
    runner.close()
    expect(signals.filter((it) => it.aborted)).toEqual([])
    runner.abandon()
    expect(signals.filter((it) => it.aborted)).toHaveLength(10)
    await Promise.all([runner.drained(), clock.advance(3_000)])
    expect(permits).toHaveLength(10)
    expect(runner.gauges().silent()).toBe(false)
    expect(clock.pending()).toBe(0)
  })
})

describe('silence of the service', () => {
  async function silentWorld(keys: number, fate: 'gateway' | 'unreachable' = 'gateway'): Promise<CallWorld> {
    const world = new CallWorld()
    world.fate = () => fate
    world.addMany(keys)
    world.addMany(keys, 'other', lookup)
    world.runner.start({ quiet: true })
    while (!world.runner.gauges().silent()) await world.clock.advance(100)
    return world
  }

  it('slows all lanes down together, to one call a second', async () => {
    const world = await silentWorld(100)
    await world.clock.advance(2_000)
    const from = world.clock.elapsed()
    await world.clock.advance(30_000)
    expect(world.callsSince(from)).toBeLessThanOrEqual(31)
    expect(world.callsSince(from)).toBeGreaterThanOrEqual(29)
    const calls = [...world.server.arrivals].map(([, times]) => times.filter((it) => it > from).length)
    expect(Math.min(...calls)).toBeGreaterThanOrEqual(10)
  })

  it('is no silence when the service answers, be it with errors', async () => {
    const world = new CallWorld()
    world.fate = () => 'internal'
    world.addMany(100)
    world.runner.start({ quiet: true })
    await world.clock.advance(10 * minute)
    expect(world.runner.gauges().silent()).toBe(false)
    expect(world.wakes).toEqual([])
  })

  it('ends with the first answer, also a refusal, and wakes once whoever met the outage', async () => {
    const world = await silentWorld(100)
    await world.clock.advance(5 * minute)
    world.fate = () => 'rejected'
    while (world.runner.gauges().silent()) await world.clock.advance(100)
    const wakes = world.wakes.filter((it) => it.why === 'ServiceAnswers')
    expect(wakes).toHaveLength(1)
    // All but the one that was answered, and those that wait in a lane.
    const waiting = Object.values(world.runner.gauges().depths()).reduce((sum, it) => sum + it, 0)
    expect(waiting).toBeGreaterThanOrEqual(199 - 30)
    expect(world.callsSince(world.clock.elapsed() - 1_000)).toBeGreaterThan(5)
  })

  it('wakes at most once a minute', async () => {
    const world = await silentWorld(100)
    const answers = () => world.wakes.filter((it) => it.why === 'ServiceAnswers').map((it) => it.at)
    for (let i = 0; i < 10; i++) {
      world.fate = () => 'ok'
      while (world.runner.gauges().silent()) await world.clock.advance(100)
      world.fate = () => 'unreachable'
      for (let j = 0; j < 200; j++) world.add(`more-${i}/${j}`)
      while (!world.runner.gauges().silent()) await world.clock.advance(100)
      await world.clock.advance(20_000)
    }
    expect(answers().length).toBeGreaterThan(1)
    expect(answers().length).toBeLessThan(10)
    answers().forEach((at, i) => {
      if (i > 0) expect(at - (answers()[i - 1] ?? 0)).toBeGreaterThanOrEqual(minute)
    })
    world.fate = () => 'ok'
    await world.clock.advance(10 * minute)
    expect(new Set(world.successes.map((it) => it.key)).size).toBe(200 + 2_000)
  })

  it('lets the key that waits longest try where none is due, each time another one', async () => {
    const world = await silentWorld(3)
    const from = world.wakes.length
    await world.clock.advance(20_000)
    const probes = world.wakes.slice(from)
    expect(probes.map((it) => it.why)).toEqual(probes.map(() => 'Probe'))
    expect(probes.length).toBeGreaterThanOrEqual(10)
    expect(new Set(probes.flatMap((it) => it.keys)).size).toBe(6)
    for (let i = 1; i < probes.length; i++) expect(probes[i]?.keys).not.toEqual(probes[i - 1]?.keys)
  })

  it('asks nobody to try who is gone', async () => {
    const world = await silentWorld(3)
    for (const key of ['web/0', 'web/1', 'web/2', 'other/0', 'other/1']) world.delete(key)
    const from = world.wakes.length
    await world.clock.advance(minute)
    expect(new Set(world.wakes.slice(from).flatMap((it) => it.keys))).toEqual(new Set(['other/2']))
    world.delete('other/2')
    const last = world.wakes.length
    await world.clock.advance(minute)
    expect(world.wakes).toHaveLength(last)
  })

  it('gives the next call to a key that has not failed', async () => {
    const world = await silentWorld(20)
    await world.clock.advance(3 * minute)
    world.fate = (key) => (key === 'good/site' ? 'ok' : 'gateway')
    world.add('good/site')
    await world.clock.advance(9_000)
    expect(world.successes.map((it) => it.key)).toEqual(['good/site'])
  })
})
