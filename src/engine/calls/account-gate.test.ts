import { beforeEach, describe, expect, it } from 'vitest'
import { noAnswer, serviceError } from '../../../test/fakes/certificate-service.ts'
import { createManualClock, type ManualClock } from '../../../test/fakes/manual-clock.ts'
import { FakeLog } from '../../../test/fakes/observability.ts'
import type { FailureClass, ServiceError } from '../../ports/service-error.ts'
import type { ServiceAction } from '../../ports/ssl-service.ts'
import { AccountGate } from './account-gate.ts'

const upload = 'UploadCertificate'
const lookup = 'DescribeCertificates'

let clock: ManualClock
let log: FakeLog
let groups: number
let gate: AccountGate
/** Whom the gate asked to go on, in order. */
let woken: string[]

beforeEach(() => {
  clock = createManualClock()
  log = new FakeLog()
  groups = 1
  woken = []
  const wake = (keys: Iterable<string>) => woken.push(...keys)
  gate = new AccountGate({ clock, log, groups: () => groups, wake })
})

function error(failure: FailureClass, action: ServiceAction = upload, more: object = {}): ServiceError {
  return serviceError({ failure, action, code: 'SomeCode', ...more })
}

const groupOf = (key: string) => key.split('/', 1)[0] ?? ''

/** A call of a key fails; the key waits if it has to, as a worker does it. */
function fails(key: string, failure: ServiceError): void {
  gate.failed(key, groupOf(key), failure)
  if (gate.holdOf(key, failure.action)) gate.wait(key, failure.action, groupOf(key))
}

/** Moves time on, `times` times until a key is woken, whose call then fails. What passed before each, s. */
async function probe(times: number, failure: ServiceError): Promise<number[]> {
  const seconds: number[] = []
  for (let last = clock.elapsed(); seconds.length < times; ) {
    await clock.advance(1_000)
    const key = woken.pop()
    if (key === undefined) continue
    seconds.push((clock.elapsed() - last) / 1_000)
    last = clock.elapsed()
    fails(key, failure)
  }
  return seconds
}

describe('an outage', () => {
  it('keeps nobody back, however often and from whomever it comes', () => {
    for (let i = 0; i < 50; i++) fails(`web/${i}`, noAnswer(upload))
    for (let i = 0; i < 50; i++) fails(`web/${i}`, error('outage'))
    for (let i = 0; i < 50; i++) fails(`web/${i}`, error('throttled'))
    expect(gate.held()).toEqual([])
  })
})

describe('refused credentials', () => {
  it('keep every action back at once', () => {
    fails('web/a', error('caller'))
    for (const action of [upload, lookup, 'CheckCertificateExist'] as const) {
      expect(gate.holdOf('web/b', action)).toBe('CredentialsRefused')
    }
    expect(gate.held()).toEqual(['CredentialsRefused'])
  })

  it('are tried after 30 s, then every minute, each time by another key', async () => {
    fails('web/a', error('caller'))
    for (const key of ['web/b', 'web/c']) gate.wait(key, upload, groupOf(key))
    expect(await probe(4, error('caller'))).toEqual([30, 60, 60, 60])
    const tried: string[] = []
    for (let i = 0; i < 6; i++) {
      await clock.advance(60_000)
      const key = woken.pop() ?? ''
      expect(gate.holdOf(key, upload)).toBeUndefined()
      tried.push(key)
      fails(key, error('caller'))
    }
    expect(new Set(tried.slice(0, 3)).size).toBe(3)
    expect(tried.slice(3)).toEqual(tried.slice(0, 3))
    expect(log.reasons()).toEqual(['AccountHeld'])
  })

  it('let nobody else try meanwhile', async () => {
    fails('web/a', error('caller'))
    gate.wait('web/b', lookup, groupOf('web/b'))
    await clock.advance(30_000)
    expect(woken).toEqual(['web/b'])
    expect(gate.holdOf('web/b', lookup)).toBeUndefined()
    expect(gate.holdOf('web/a', upload)).toBe('CredentialsRefused')
  })

  it.each<[string, () => void]>([
    ['a success', () => gate.succeeded(upload, 'other/ok')],
    ['a refused certificate', () => fails('web/x', error('rejected'))],
    ['a refused tag', () => fails('web/x', error('cosmetic'))],
    ['a missing permission', () => fails('web/x', error('not-allowed', lookup))],
    ['a full account', () => fails('web/x', error('quota'))],
  ])('are accepted again with %s: all go on', (_, happens) => {
    fails('web/a', error('caller'))
    gate.wait('web/b', lookup, groupOf('web/b'))
    happens()
    expect(gate.held()).toEqual([])
    expect(woken).toEqual(['web/a', 'web/b'])
    expect(log.reasons()).toEqual(['AccountHeld', 'AccountReleased'])
    expect(clock.pending()).toBe(0)
  })

  it("are not accepted by an answer that is not the service's: another one tries later", async () => {
    fails('web/a', error('caller'))
    gate.wait('web/b', upload, groupOf('web/b'))
    gate.wait('web/c', upload, groupOf('web/c'))
    await clock.advance(30_000)
    fails('web/b', error('unknown', upload, { requestId: undefined }))
    expect(gate.held()).toEqual(['CredentialsRefused'])
    await clock.advance(30_000)
    expect(woken).toEqual(['web/b', 'web/a'])
  })

  it('are not accepted by an outage or a throttled call', async () => {
    fails('web/a', error('caller'))
    gate.wait('web/b', upload, groupOf('web/b'))
    await clock.advance(30_000)
    fails('web/b', noAnswer(upload))
    await clock.advance(30_000)
    fails('web/a', error('throttled'))
    expect(gate.held()).toEqual(['CredentialsRefused'])
    await clock.advance(60_000)
    expect(woken).toHaveLength(3)
  })

  it('are tried at once when there are new ones, and soon again if these are refused, too', async () => {
    fails('web/a', error('caller'))
    await probe(5, error('caller'))
    gate.credentialsChanged()
    expect(woken).toEqual(['web/a'])
    fails(woken.pop() ?? '', error('caller'))
    await clock.advance(30_000)
    expect(woken).toEqual(['web/a'])
  })

  it('say nothing new by calls that were under way', async () => {
    fails('web/a', error('caller'))
    for (const key of ['web/b', 'web/c']) fails(key, error('caller'))
    await clock.advance(30_000)
    expect(woken).toHaveLength(1)
  })
})

describe('the key that tries', () => {
  beforeEach(async () => {
    fails('web/a', error('caller'))
    for (const key of ['web/b', 'web/c']) gate.wait(key, upload, groupOf(key))
    await clock.advance(30_000)
    expect(woken).toEqual(['web/b'])
  })

  it('gives its turn to another one when it makes no call', () => {
    gate.withdraw('web/b')
    expect(woken).toEqual(['web/b', 'web/c'])
    expect(gate.holdOf('web/b', upload)).toBe('CredentialsRefused')
  })

  it('gives its turn to another one when it is gone', () => {
    gate.forget('web/b')
    expect(woken).toEqual(['web/b', 'web/c'])
  })

  it('opens the gate when it is gone and nobody else waits', () => {
    for (const key of ['web/a', 'web/c', 'web/b']) gate.forget(key)
    expect(gate.held()).toEqual([])
    expect(clock.pending()).toBe(0)
  })
})

describe('namespaces', () => {
  /** Which keys try, and how many seconds after the one before; every call of a namespace fails as it says. */
  async function probes(times: number, failureOf: (group: string) => FailureClass): Promise<string[]> {
    const tried: string[] = []
    for (let last = clock.elapsed(); tried.length < times; ) {
      await clock.advance(1_000)
      const key = woken.pop()
      if (key === undefined) continue
      tried.push(`${(clock.elapsed() - last) / 1_000} ${key}`)
      last = clock.elapsed()
      fails(key, error(failureOf(groupOf(key))))
    }
    return tried
  }

  beforeEach(() => {
    fails('evil/0', error('caller'))
    for (let i = 1; i < 50; i++) gate.wait(`evil/${i}`, upload, 'evil')
    for (const key of ['web/a', 'web/b', 'shop/a']) gate.wait(key, upload, groupOf(key))
  })

  it('take turns to try, however many keys one of them has', async () => {
    expect(await probes(6, () => 'caller')).toEqual([
      '30 web/a',
      '60 shop/a',
      '60 evil/0',
      '60 web/b',
      '60 shop/a',
      '60 evil/1',
    ])
  })

  it('whose calls say nothing of the caller cost the others two seconds, once in each round', async () => {
    const poisoned = (group: string) => (group === 'web' ? 'caller' : 'outage')
    expect(await probes(7, poisoned)).toEqual([
      '30 web/a',
      '60 shop/a',
      '2 evil/0',
      '2 web/b',
      '60 shop/a',
      '2 evil/1',
      '2 web/a',
    ])
  })

  it('that all say nothing try once each, then wait for the next time', async () => {
    expect(await probes(7, () => 'outage')).toEqual([
      '30 web/a',
      '2 shop/a',
      '2 evil/0',
      '30 web/b',
      '2 shop/a',
      '2 evil/1',
      '30 web/a',
    ])
  })

  it('of which only one waits try at the regular times, whatever its calls say', async () => {
    for (const key of ['web/a', 'web/b', 'shop/a']) gate.forget(key)
    expect(await probes(3, () => 'outage')).toEqual(['30 evil/1', '30 evil/0', '30 evil/2'])
  })
})

describe('a gate at which nobody waits', () => {
  it('is open again when the only key that failed is gone (b.8)', () => {
    fails('web/a', error('caller'))
    gate.forget('web/a')
    expect(gate.held()).toEqual([])
    expect(clock.pending()).toBe(0)
  })

  it('stays closed until the next try would be due: those that come meanwhile wait', async () => {
    fails('web/a', error('caller'))
    gate.withdraw('web/a')
    expect(gate.holdOf('web/b', upload)).toBe('CredentialsRefused')
    await clock.advance(30_000)
    expect(gate.held()).toEqual([])
    expect(gate.holdOf('web/b', upload)).toBeUndefined()
  })
})

describe('missing permissions', () => {
  const denied = (more: object = {}, action: ServiceAction = upload) => error('not-allowed', action, more)

  it('keep uploads back after three different keys, and lookups never', () => {
    for (const key of ['web/a', 'web/a', 'web/b', 'web/a']) fails(key, denied())
    expect(gate.held()).toEqual([])
    fails('web/c', denied())
    expect(gate.holdOf('web/d', upload)).toBe('NotAllowed')
    expect(gate.holdOf('web/d', lookup)).toBeUndefined()
    expect(gate.held()).toEqual(['NotAllowed'])
  })

  it('of one namespace keep nobody back where there are others (I14)', () => {
    groups = 2
    for (let i = 0; i < 50; i++) fails(`bad/${i}`, denied())
    expect(gate.held()).toEqual([])
    fails('good/a', denied())
    expect(gate.held()).toEqual(['NotAllowed'])
  })

  it('of the only namespace keep nobody back any more when another one appears', () => {
    for (const key of ['bad/a', 'bad/b', 'bad/c']) fails(key, denied())
    expect(gate.held()).toEqual(['NotAllowed'])
    groups = 2
    gate.groupsChanged()
    expect(gate.held()).toEqual([])
    expect(woken).toEqual(['bad/c'])
  })

  it('count from the beginning after an upload, and not after a lookup', async () => {
    for (const key of ['web/a', 'web/b']) fails(key, denied())
    gate.succeeded(upload, 'other/ok')
    await clock.advance(60_000)
    fails('web/c', denied())
    gate.succeeded(lookup, 'other/ok')
    fails('web/d', denied())
    expect(gate.held()).toEqual([])
    fails('web/e', denied())
    expect(gate.held()).toEqual(['NotAllowed'])
  })

  it('keep nobody back within a minute of an upload of another key', async () => {
    groups = 3
    for (let i = 0; i < 10; i++) {
      gate.succeeded(upload, 'web/ok')
      for (let j = 0; j < 20; j++) fails(`evil${j % 2}/${i} ${j}`, denied())
      await clock.advance(59_000)
      fails('evil0/last', denied())
      expect(gate.held()).toEqual([])
    }
    await clock.advance(1_000)
    fails('evil0/last', denied())
    expect(gate.held()).toEqual(['NotAllowed'])
  })

  it('keep uploads back at once with new credentials, whatever the old ones were allowed', () => {
    gate.succeeded(upload, 'web/ok')
    gate.credentialsChanged()
    for (const key of ['web/a', 'web/b', 'web/c']) fails(key, denied())
    expect(gate.held()).toEqual(['NotAllowed'])
  })

  it('of a key that was deleted during its call are no second namespace (I14)', () => {
    groups = 2
    for (const key of ['bad/a', 'bad/b', 'bad/c']) fails(key, denied())
    gate.failed('bad/d', undefined, denied())
    expect(gate.held()).toEqual([])
  })

  it('of a key that is gone do not count', () => {
    for (const key of ['web/a', 'web/b']) fails(key, denied())
    gate.forget('web/a')
    fails('web/c', denied())
    expect(gate.held()).toEqual([])
  })

  it('count although each of them was first refused with its tags', () => {
    for (const key of ['web/a', 'web/b', 'web/c']) {
      fails(key, error('cosmetic', upload, { countsForAccount: false }))
      fails(key, denied())
    }
    expect(gate.held()).toEqual(['NotAllowed'])
  })

  it('are not given to all when the one that tries is refused with its tags: it tries without', async () => {
    for (const key of ['web/a', 'web/b', 'web/c']) fails(key, denied())
    await clock.advance(60_000)
    fails('web/c', error('cosmetic', upload, { countsForAccount: false }))
    expect(gate.held()).toEqual(['NotAllowed'])
    expect(gate.holdOf('web/c', upload)).toBeUndefined()
  })

  it('of a project, or of a lookup, keep nobody back, however many', () => {
    for (let i = 0; i < 20; i++) fails(`web/${i}`, denied({ countsForAccount: false }))
    for (let i = 0; i < 20; i++) fails(`web/${i}`, denied({}, lookup))
    expect(gate.held()).toEqual([])
  })

  it('are tried again every minute', async () => {
    for (const key of ['web/a', 'web/b', 'web/c']) fails(key, denied())
    expect(await probe(5, denied())).toEqual([60, 60, 60, 60, 60])
  })

  it('of a project of the one that tries let another one try', async () => {
    for (const key of ['web/a', 'web/b', 'web/c']) fails(key, denied())
    gate.wait('web/d', upload, groupOf('web/d'))
    await clock.advance(60_000)
    expect(woken).toEqual(['web/d'])
    gate.failed('web/d', groupOf('web/d'), denied({ countsForAccount: false }))
    gate.withdraw('web/d')
    gate.wait('web/c', upload, groupOf('web/c'))
    await clock.advance(60_000)
    expect(woken).toEqual(['web/d', 'web/c'])
  })

  it('let go on all who wait for uploads, and nobody who waits for the credentials', () => {
    for (const key of ['web/a', 'web/b', 'web/c']) fails(key, denied())
    fails('web/l', error('caller', lookup))
    gate.wait('web/d', upload, groupOf('web/d'))
    expect(gate.held()).toEqual(['NotAllowed', 'CredentialsRefused'])
    // The caller is known; what it may do is another question.
    fails('web/l', error('not-allowed', lookup))
    expect(gate.held()).toEqual(['NotAllowed'])
    expect(woken).toEqual(['web/l'])
    gate.succeeded(upload, 'other/ok')
    expect(gate.held()).toEqual([])
    // Also those that were denied before it closed.
    expect(new Set(woken)).toEqual(new Set(['web/a', 'web/b', 'web/c', 'web/d', 'web/l']))
  })
})

describe('a key that was denied while the gate stayed open', () => {
  beforeEach(() => {
    groups = 2
  })

  it('goes on with the next success of another one, but not when it is denied again', async () => {
    fails('web/a', error('not-allowed'))
    gate.succeeded(upload, 'shop/ok')
    expect(woken).toEqual(['web/a'])
    fails('web/a', error('not-allowed'))
    await clock.advance(120_000)
    gate.succeeded(upload, 'shop/ok')
    expect(woken).toEqual(['web/a'])
  })

  it('goes on so again after a success of its own', async () => {
    fails('web/a', error('not-allowed'))
    gate.succeeded(upload, 'shop/ok')
    gate.succeeded(upload, 'web/a')
    fails('web/a', error('not-allowed'))
    await clock.advance(60_000)
    gate.succeeded(upload, 'shop/ok')
    expect(woken).toEqual(['web/a', 'web/a'])
  })

  it('is woken with the others once a minute at most', async () => {
    fails('web/a', error('not-allowed'))
    gate.succeeded(upload, 'shop/ok')
    fails('web/b', error('not-allowed'))
    await clock.advance(59_000)
    gate.succeeded(upload, 'shop/ok')
    expect(woken).toEqual(['web/a'])
    await clock.advance(1_000)
    gate.succeeded(upload, 'shop/ok')
    expect(woken).toEqual(['web/a', 'web/b'])
  })

  it('for reasons of its project goes on as well', () => {
    fails('web/a', error('not-allowed', upload, { countsForAccount: false }))
    gate.succeeded(upload, 'shop/ok')
    expect(woken).toEqual(['web/a'])
  })

  it('is not woken when it is gone', () => {
    fails('web/a', error('not-allowed'))
    gate.forget('web/a')
    gate.succeeded(upload, 'shop/ok')
    expect(woken).toEqual([])
  })
})

describe('a gate that is done with', () => {
  it('leaves no timer behind', () => {
    fails('web/a', error('caller'))
    gate.close()
    expect(clock.pending()).toBe(0)
  })
})
