import { afterEach, describe, expect, test } from 'vitest'
import { createManualClock, type ManualClock } from '../../test/fakes/manual-clock.ts'
import type { Log } from '../ports/log.ts'
import type { SecretChange } from '../ports/secrets.ts'
import { createKubernetesClient } from './client.ts'
import { Reflector, type ReflectorOptions } from './reflector.ts'
import {
  eventually,
  type ScriptedApiServer,
  type ScriptedCall,
  type ScriptedWatch,
  scriptedApiServer,
} from './testing/scripted-api-server.ts'
import {
  added,
  bookmark,
  deleted,
  errorEvent,
  initialEventsEnd,
  modified,
  page,
  partialSecret,
  status,
} from './testing/watch-events.ts'

interface Stage {
  readonly server: ScriptedApiServer
  readonly clock: ManualClock
  readonly reflector: Reflector
  readonly changes: SecretChange[]
  readonly relists: string[]
  readonly logged: { readonly level: string; readonly message: string }[]
  /** The watches that the server opened, oldest first. */
  readonly watches: ScriptedWatch[]
  readonly stop: () => Promise<void>
}

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

/** A reflector that runs against a scripted API server. The script gets each request and the stage so far. */
async function start(
  script: (call: ScriptedCall, stage: { readonly watches: ScriptedWatch[]; readonly count: number }) => void,
  options: Partial<ReflectorOptions> = {},
): Promise<Stage> {
  const watches: ScriptedWatch[] = []
  let count = 0
  const server = await scriptedApiServer((call) => {
    count += 1
    const watch = () => {
      const opened = call.watch()
      watches.push(opened)
      return opened
    }
    script({ ...call, watch }, { watches, count })
  })
  const clock = createManualClock()
  const changes: SecretChange[] = []
  const relists: string[] = []
  const logged: { level: string; message: string }[] = []
  const write = (level: string) => (_: unknown, message: string) => logged.push({ level, message })
  const log = Object.fromEntries(
    ['trace', 'debug', 'info', 'warn', 'error'].map((level) => [level, write(level)]),
  ) as unknown as Log
  const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
  const reflector = new Reflector({
    client,
    clock,
    log,
    metrics: { relisted: (reason) => relists.push(reason), watchOpened: () => {} },
    onChange: (change) => changes.push(change),
    random: () => 0.5,
    ...options,
  })
  const stopping = new AbortController()
  const running = reflector.start(stopping.signal)
  const stop = async () => {
    stopping.abort()
    await running
  }
  cleanUps.push(async () => {
    await stop()
    client.close()
    await server[Symbol.asyncDispose]()
  })
  return { server, clock, reflector, changes, relists, logged, watches, stop }
}

/** Moves the clock in steps until something holds, each time leaving real sockets their time first. */
async function advanceUntil(
  clock: ManualClock,
  stepMs: number,
  what: string,
  holds: () => boolean,
): Promise<void> {
  const deadline = performance.now() + 10_000
  for (;;) {
    for (let check = 0; check < 15; check++) {
      if (holds()) return
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    if (performance.now() > deadline) throw new Error(`never: ${what}`)
    await clock.advance(stepMs)
  }
}

/** Answers with the initial events of a WatchList, or opens an empty watch where one goes on. */
/** Resolves when the first list is complete. */
function listed(reflector: Reflector): Promise<void> {
  return eventually('it has listed', () => reflector.hasSynced)
}

function initially(call: ScriptedCall, ...events: readonly unknown[]): ScriptedWatch {
  const watch = call.watch()
  if (call.query['sendInitialEvents'] === 'true') for (const event of events) watch.send(event)
  return watch
}

describe('with WatchList', () => {
  test('the first list reports the Secrets that opted in, as listed, and no others', async () => {
    const { reflector, changes, relists, server } = await start(
      (call) => initially(call, added('a', 5), added('plain', 6, {}), added('b', 7), initialEventsEnd(9)),
      { namespace: 'shop', labelSelector: 'team=web' },
    )
    await listed(reflector)
    expect(changes).toEqual([
      { kind: 'present', key: 'shop/a', resourceVersion: '5', listed: true },
      { kind: 'present', key: 'shop/b', resourceVersion: '7', listed: true },
    ])
    expect(relists).toEqual(['Initial'])
    expect(reflector.resourceVersion).toBe('9')
    const [call] = server.calls
    expect(call?.path).toBe('/api/v1/namespaces/shop/secrets')
    expect(call?.query).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      fieldSelector: 'type=kubernetes.io/tls',
      labelSelector: 'team=web',
      resourceVersionMatch: 'NotOlderThan',
      sendInitialEvents: 'true',
      timeoutSeconds: '440',
    })
    expect(call?.headers['accept']).toContain('as=PartialObjectMetadata')
  })

  test('the same connection then reports changes: writes, opt-outs and deletions', async () => {
    const { reflector, changes, watches, server } = await start((call) =>
      initially(call, added('a', 5), added('b', 6), initialEventsEnd(9)),
    )
    await listed(reflector)
    changes.length = 0
    watches[0]?.send(modified('a', 10))
    watches[0]?.send(modified('a', 11, {}))
    watches[0]?.send(modified('a', 12, {}))
    watches[0]?.send(deleted('b', 13))
    watches[0]?.send(added('c', 14, { 'tencent-cert-sync.io/upload': 'maybe' }))
    await eventually('the last change arrived', () => changes.length >= 4)
    expect(changes).toEqual([
      { kind: 'present', key: 'shop/a', resourceVersion: '10', listed: false },
      { kind: 'gone', key: 'shop/a', optedOut: true },
      { kind: 'gone', key: 'shop/b', optedOut: false },
      { kind: 'present', key: 'shop/c', resourceVersion: '14', listed: false },
    ])
    expect(server.calls).toHaveLength(1)
  })

  test('initial events that are cut short do not count: the next connection begins anew', async () => {
    const { clock, reflector, changes, relists } = await start((call, { count }) => {
      const watch = initially(call, added('a', 5))
      if (count === 1) watch.end()
      else watch.send(initialEventsEnd(9))
    })
    await advanceUntil(clock, 100, 'synced', () => reflector.hasSynced)
    expect(relists).toEqual(['Initial'])
    expect(changes).toHaveLength(1)
  })

  test.each([400, 405, 422])('an API server that refuses it with %i is listed page by page', async (code) => {
    const { reflector, changes, server, relists } = await start((call) => {
      if (call.query['sendInitialEvents']) call.answer(code, status(code, 'Invalid'))
      else if (call.query['watch']) call.watch()
      else call.answer(200, page(9, [partialSecret('a', 5)]))
    })
    await listed(reflector)
    await eventually('a watch from the list', () => server.calls.length === 3)
    expect(changes).toHaveLength(1)
    expect(relists).toEqual(['Initial'])
    expect(server.calls.at(-1)?.query['resourceVersion']).toBe('9')
  })

  test('an API server that ignores it (bookmarks, but no end of the initial events) is listed in pages', async () => {
    const { reflector, server } = await start((call) => {
      if (call.query['sendInitialEvents']) {
        const watch = call.watch()
        watch.send(added('a', 5))
        watch.send(bookmark(7))
      } else if (call.query['watch']) call.watch()
      else call.answer(200, page(9, [partialSecret('a', 5)]))
    })
    await listed(reflector)
    expect(server.calls[1]?.query['limit']).toBe('500')
  })

  test('an API server that ignores it and falls silent is listed ten seconds later', async () => {
    const { clock, reflector, watches } = await start((call) => {
      if (call.query['sendInitialEvents']) call.watch().send(added('a', 5))
      else if (call.query['watch']) call.watch()
      else call.answer(200, page(9, [partialSecret('a', 5)]))
    })
    await eventually('the watch is open', () => watches.length === 1)
    await eventually('its timer runs', () => clock.pending() === 1)
    await advanceUntil(clock, 1000, 'synced', () => reflector.hasSynced)
    expect(clock.elapsed()).toBeLessThanOrEqual(12_000)
  })
})

describe('page by page', () => {
  /** Refuses WatchList, answers lists by `list`, opens watches. */
  const paging = (list: (call: ScriptedCall, lists: number) => void) => {
    let lists = 0
    return (call: ScriptedCall) => {
      if (call.query['sendInitialEvents']) return call.answer(422, status(422, 'Invalid'))
      if (call.query['watch']) return void call.watch()
      lists += 1
      list(call, lists)
    }
  }

  test('all pages are read, and the list is asked for without a resourceVersion', async () => {
    const { reflector, changes, server } = await start(
      paging((call) => {
        const from = Number(call.query['continue'] ?? 0)
        const next = from < 4 ? String(from + 2) : undefined
        call.answer(
          200,
          page(50, [partialSecret(`s${from}`, from + 1), partialSecret(`s${from + 1}`, from + 2)], next),
        )
      }),
      { pageLimit: 2 },
    )
    await listed(reflector)
    expect(changes.map((change) => change.key)).toEqual(
      ['s0', 's1', 's2', 's3', 's4', 's5'].map((n) => `shop/${n}`),
    )
    const lists = server.calls.filter((call) => !call.query['watch'])
    expect(
      lists.map((call) => [call.query['limit'], call.query['continue'], call.query['resourceVersion']]),
    ).toEqual([
      ['2', undefined, undefined],
      ['2', '2', undefined],
      ['2', '4', undefined],
    ])
    expect(lists[0]?.headers['accept']).toContain('as=PartialObjectMetadataList')
    expect(lists[0]?.headers['accept-encoding']).toBe('gzip')
  })

  test('an empty list, which says items: null, is a list', async () => {
    const { reflector, changes } = await start(paging((call) => call.answer(200, page(3, null))))
    await listed(reflector)
    expect(changes).toEqual([])
    expect(reflector.resourceVersion).toBe('3')
  })

  test('a continue token that expired makes it list again from the start', async () => {
    const { clock, reflector, changes, relists } = await start(
      paging((call, lists) => {
        if (lists === 1) call.answer(200, page(3, [partialSecret('a', 1)], 'token'))
        else if (lists === 2) call.answer(410, status(410, 'Expired'))
        else call.answer(200, page(8, [partialSecret('a', 1), partialSecret('b', 7)]))
      }),
    )
    await advanceUntil(clock, 100, 'synced', () => reflector.hasSynced)
    expect(changes.map((change) => change.key)).toEqual(['shop/a', 'shop/b'])
    expect(relists).toEqual(['Initial'])
  })

  test('a page beyond all bounds is asked for in smaller pieces', async () => {
    const filler = 'x'.repeat(250_000)
    const { reflector, changes } = await start(
      paging((call) => {
        const size = Number(call.query['limit'])
        const items = Array.from({ length: Math.min(size, 200) }, (_, index) =>
          partialSecret(`s${index}`, index + 1, { 'tencent-cert-sync.io/upload': 'true', filler }),
        )
        call.answer(200, page(300, items))
      }),
    )
    await listed(reflector)
    expect(changes).toHaveLength(32)
  })
})

describe('when the world fails', () => {
  test.each([
    ['as the answer to a watch', (call: ScriptedCall) => call.answer(410, status(410, 'Gone'))],
    ['inside the stream', (call: ScriptedCall) => call.watch().send(errorEvent(410, 'Expired'))],
  ])(
    'a resourceVersion that expired (%s) leads to a new list that shows what was missed',
    async (_, expire) => {
      const { clock, changes, relists, watches, reflector } = await start((call, { count }) => {
        if (count === 1)
          initially(call, added('kept', 5), added('lost', 6), added('changed', 7), initialEventsEnd(9))
        else if (count === 2) expire(call)
        else initially(call, added('kept', 5), added('changed', 20), added('new', 21), initialEventsEnd(30))
      })
      await listed(reflector)
      changes.length = 0
      watches[0]?.send(bookmark(12))
      watches[0]?.end()
      await advanceUntil(clock, 100, 'listed again', () => relists.length === 2)
      expect(relists).toEqual(['Initial', 'Expired'])
      expect(changes).toEqual([
        { kind: 'present', key: 'shop/changed', resourceVersion: '20', listed: true },
        { kind: 'present', key: 'shop/new', resourceVersion: '21', listed: true },
        { kind: 'gone', key: 'shop/lost', optedOut: false },
      ])
    },
  )

  test('a watch that ends goes on at once from the last bookmark', async () => {
    const { server, watches, reflector } = await start((call) => initially(call, initialEventsEnd(9)))
    await listed(reflector)
    watches[0]?.send(bookmark(12))
    watches[0]?.end()
    await eventually('a second watch', () => server.calls.length === 2)
    expect(server.calls[1]?.query).toMatchObject({ resourceVersion: '12', allowWatchBookmarks: 'true' })
    expect(server.calls[1]?.query['sendInitialEvents']).toBeUndefined()
  })

  test('an API server that ends every watch at once is not asked more and more often', async () => {
    const { clock, server, reflector } = await start((call) => {
      if (call.query['sendInitialEvents']) initially(call, initialEventsEnd(9)).end()
      else call.watch().end()
    })
    await listed(reflector)
    await advanceUntil(clock, 1000, 'a minute is over', () => clock.elapsed() >= 60_000)
    expect(server.calls.length).toBeGreaterThan(5)
    expect(server.calls.length).toBeLessThan(15)
  })

  test('a connection that is half open is noticed within 90 s, and nothing is lost', async () => {
    const { clock, server, reflector, changes, watches } = await start((call, { count }) => {
      if (count === 1) initially(call, added('a', 5), initialEventsEnd(9))
      else call.watch().send(modified('a', 13))
    })
    await listed(reflector)
    watches[0]?.send(bookmark(12))
    await eventually('the bookmark is read', () => reflector.resourceVersion === '12')
    await clock.advance(79_000)
    expect(server.calls).toHaveLength(1)
    expect(reflector.silenceMs()).toBe(79_000)
    const from = clock.elapsed()
    await advanceUntil(clock, 500, 'the next watch', () => server.calls.length === 2)
    expect(79_000 + clock.elapsed() - from).toBeLessThanOrEqual(90_000)
    expect(server.calls[1]?.query['resourceVersion']).toBe('12')
    await eventually('the change arrived', () => changes.length === 2)
    expect(reflector.silenceMs()).toBeLessThan(1000)
    await eventually('the old connection is closed', () => watches[0]?.closed === true)
  })

  test('garbage in the stream costs a reconnect, not an event', async () => {
    const { clock, server, changes, watches, reflector } = await start((call, { count }) => {
      if (count === 1) initially(call, added('a', 5), initialEventsEnd(9))
      else call.watch().send(modified('a', 11))
    })
    await listed(reflector)
    watches[0]?.send(modified('a', 10))
    watches[0]?.raw('{"type":"MODIFIED","object":\n')
    await advanceUntil(clock, 100, 'the change after the garbage', () => changes.length === 3)
    expect(server.calls[1]?.query['resourceVersion']).toBe('10')
    expect(changes.at(-1)).toMatchObject({ resourceVersion: '11' })
  })

  test('five minutes of errors of every kind do not end it, and the loop can be seen to turn', async () => {
    const kinds = [500, 503, 401, 403, 429, 404, 200, 0]
    let well = false
    let attempts = 0
    const { clock, server, reflector, logged } = await start((call) => {
      if (well && !call.query['watch']) return call.answer(200, page(9, []))
      if (well) return void initially(call, initialEventsEnd(9))
      const code = kinds[attempts++ % kinds.length] ?? 500
      if (code === 0) call.cut()
      else if (code === 200) call.answer(200, '<html>a proxy says hello</html>\n')
      else call.answer(code, status(code, 'Whatever'))
    })
    let oldestAttempt = 0
    let longestSilence = 0
    await advanceUntil(clock, 5000, 'five minutes are over', () => {
      oldestAttempt = Math.max(oldestAttempt, reflector.attemptAgeMs())
      longestSilence = Math.max(longestSilence, reflector.silenceMs())
      return clock.elapsed() >= 300_000
    })
    expect(reflector.hasSynced).toBe(false)
    expect(longestSilence).toBeGreaterThanOrEqual(30_000)
    expect(oldestAttempt).toBeLessThanOrEqual(40_000)
    expect(server.calls.length).toBeGreaterThan(15)
    expect(logged.some(({ level }) => level === 'warn')).toBe(true)
    well = true
    const from = clock.elapsed()
    await advanceUntil(clock, 1000, 'synced', () => reflector.hasSynced)
    expect(clock.elapsed() - from).toBeLessThanOrEqual(31_000)
  })

  test('a Retry-After is honoured', async () => {
    const { clock, server } = await start((call) =>
      call.answer(429, status(429, 'TooManyRequests'), { 'retry-after': '20' }),
    )
    await eventually('the first attempt waits', () => clock.pending() === 1 && server.calls.length === 1)
    await clock.advance(19_900)
    expect(server.calls).toHaveLength(1)
    await advanceUntil(clock, 100, 'the second attempt', () => server.calls.length === 2)
    expect(clock.elapsed()).toBeLessThan(21_000)
  })

  test('a resourceVersion from a future that never comes (etcd restored) leads to a new list', async () => {
    const { clock, relists, reflector, watches, server } = await start((call) => {
      if (!call.query['watch']) return call.answer(200, page(4, []))
      if (call.query['sendInitialEvents'])
        initially(call, initialEventsEnd(server.calls.length > 3 ? 4 : 900))
      else if (call.query['resourceVersion'] === '900')
        call.answer(504, status(504, 'Timeout', 'Too large resource version'))
      else call.watch()
    })
    await listed(reflector)
    watches[0]?.end()
    await advanceUntil(clock, 500, 'listed again', () => relists.length === 2)
    expect(relists).toEqual(['Initial', 'Error'])
    expect(reflector.resourceVersion).toBe('4')
  })

  test('a change that its receiver does not take is delivered again, the newest one of its key', async () => {
    const taken: SecretChange[] = []
    let broken = true
    const { clock, reflector, logged, watches } = await start(
      (call) => initially(call, added('a', 5), added('b', 6), initialEventsEnd(9)),
      {
        onChange: (change) => {
          if (broken && change.key === 'shop/a') throw new Error('no')
          taken.push(change)
        },
      },
    )
    await listed(reflector)
    watches[0]?.send(modified('a', 10))
    await eventually(
      'the second change was refused too',
      () => logged.filter(({ level }) => level === 'error').length === 2,
    )
    broken = false
    await clock.advance(1000)
    expect(
      taken.map((change) => [change.key, 'resourceVersion' in change && change.resourceVersion]),
    ).toEqual([
      ['shop/b', '6'],
      ['shop/a', '10'],
    ])
  })
})

describe('stopping', () => {
  test('ends an open watch and leaves no timer behind', async () => {
    const { clock, reflector, watches, stop } = await start((call) => initially(call, initialEventsEnd(9)))
    await listed(reflector)
    await stop()
    await eventually('the server sees it go', () => watches[0]?.closed === true)
    expect(clock.pending()).toBe(0)
    expect(reflector.attemptAgeMs()).toBe(0)
  })

  test('ends a pause between attempts', async () => {
    const { clock, stop, server } = await start((call) => call.answer(500, status(500, 'InternalError')))
    await eventually('it waits', () => clock.pending() === 1 && server.calls.length === 1)
    await stop()
    expect(clock.pending()).toBe(0)
  })
})
