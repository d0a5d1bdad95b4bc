import { afterEach, describe, expect, test } from 'vitest'
import { createManualClock } from '../../test/fakes/manual-clock.ts'
import type { Log } from '../ports/log.ts'
import { createKubernetesClient } from './client.ts'
import { cutToBytes, eventName } from './event-object.ts'
import { KubernetesEventRecorder } from './event-recorder.ts'
import { eventually, type ScriptedCall, scriptedApiServer } from './testing/scripted-api-server.ts'
import { status } from './testing/watch-events.ts'

const secret = { namespace: 'shop', name: 'a', uid: 'u1', resourceVersion: '7' }
const uploaded = {
  secret,
  type: 'Normal' as const,
  reason: 'CertificateUploaded' as const,
  action: 'Upload',
  message: 'uploaded as abc',
}

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

async function start(script: (call: ScriptedCall, count: number) => void = (call) => call.answer(201, {})) {
  let count = 0
  const server = await scriptedApiServer((call) => script(call, ++count))
  const clock = createManualClock(Date.UTC(2026, 0, 1))
  const levels: string[] = []
  const write = (level: string) => () => levels.push(level)
  const log = Object.fromEntries(
    ['trace', 'debug', 'info', 'warn', 'error'].map((level) => [level, write(level)]),
  ) as unknown as Log
  const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
  const recorder = new KubernetesEventRecorder({ client, clock, log, instance: 'pod-1' })
  cleanUps.push(async () => {
    client.close()
    await server[Symbol.asyncDispose]()
  })
  return { server, clock, recorder, levels }
}

interface EventBody {
  readonly metadata?: { readonly name: string }
  readonly series?: { readonly count: number }
}

const bodies = (calls: ScriptedCall[]) => calls.map((call) => call.body as EventBody)

describe('an Event', () => {
  test('is created on the Secret, with all that events.k8s.io/v1 asks for', async () => {
    const { server, recorder } = await start()
    recorder.record(uploaded)
    await recorder.flush()
    expect(server.calls).toHaveLength(1)
    expect(server.calls[0]).toMatchObject({
      method: 'POST',
      path: '/apis/events.k8s.io/v1/namespaces/shop/events',
      body: {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name: expect.stringMatching(/^a\.[0-9a-f]{16}$/), namespace: 'shop' },
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'tencent-cert-sync.io/operator',
        reportingInstance: 'pod-1',
        regarding: { apiVersion: 'v1', kind: 'Secret', namespace: 'shop', name: 'a', uid: 'u1' },
        type: 'Normal',
        reason: 'CertificateUploaded',
        action: 'Upload',
        note: 'uploaded as abc',
      },
    })
  })

  test('that repeats becomes a series: written at once the first time, then at most every ten seconds', async () => {
    const { server, clock, recorder } = await start()
    recorder.record(uploaded)
    await recorder.flush()
    await clock.advance(1000)
    recorder.record(uploaded)
    await eventually('the series is written', () => server.calls.length === 2)
    const name = bodies(server.calls)[0]?.metadata?.name
    expect(server.calls[1]).toMatchObject({
      method: 'PATCH',
      path: `/apis/events.k8s.io/v1/namespaces/shop/events/${name}`,
      body: { series: { count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z' } },
    })
    await recorder.flush()
    for (let index = 0; index < 50; index++) recorder.record(uploaded)
    await clock.advance(9000)
    expect(server.calls).toHaveLength(2)
    await clock.advance(1000)
    await eventually('the series is written again', () => server.calls.length === 3)
    expect(bodies(server.calls)[2]?.series?.count).toBe(52)
  })

  test('that repeats after six quiet minutes, or says something else, is a new one', async () => {
    const { server, clock, recorder } = await start()
    recorder.record(uploaded)
    recorder.record({ ...uploaded, message: 'other' })
    recorder.record({ ...uploaded, secret: { ...secret, uid: 'u2' } })
    await recorder.flush()
    await clock.advance(360_000)
    recorder.record(uploaded)
    await recorder.flush()
    expect(server.calls.map((call) => call.method)).toEqual(['POST', 'POST', 'POST', 'POST'])
  })

  test('whose object has expired meanwhile is created again', async () => {
    const { server, recorder } = await start((call) =>
      call.method === 'PATCH' ? call.answer(404, status(404, 'NotFound')) : call.answer(201, {}),
    )
    recorder.record(uploaded)
    await recorder.flush()
    recorder.record(uploaded)
    await recorder.flush()
    expect(server.calls.map((call) => call.method)).toEqual(['POST', 'PATCH', 'POST'])
    expect(bodies(server.calls)[2]?.series?.count).toBe(2)
  })
})

describe('what goes wrong', () => {
  test.each([403, 404, 422])(
    'an Event that is refused with %i is dropped with a debug line',
    async (code) => {
      const { server, recorder, levels } = await start((call) => call.answer(code, status(code, 'Forbidden')))
      recorder.record(uploaded)
      await recorder.flush()
      expect(server.calls).toHaveLength(1)
      expect(levels).toEqual(['debug'])
    },
  )

  test('an API server that fails for a moment gets it again, one that stays down loses it', async () => {
    const { server, clock, recorder, levels } = await start((call, count) =>
      count === 2 ? call.answer(201, {}) : call.answer(503, status(503, 'Unavailable')),
    )
    const settled = async () => {
      let flushed = false
      const flushing = recorder.flush().then(() => {
        flushed = true
      })
      while (!flushed) {
        await clock.advance(1000)
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      await flushing
    }
    recorder.record(uploaded)
    await settled()
    expect([server.calls.length, levels]).toEqual([2, []])
    recorder.record({ ...uploaded, message: 'lost' })
    await settled()
    expect([server.calls.length, levels]).toEqual([6, ['debug']])
  })

  test('one whose creation was answered into the void is not created twice', async () => {
    const { server, clock, recorder, levels } = await start((call, count) =>
      count === 1 ? call.answer(500, {}) : call.answer(409, status(409, 'AlreadyExists')),
    )
    recorder.record(uploaded)
    await eventually('it waits', () => clock.pending() === 1)
    await clock.advance(30_000)
    await recorder.flush()
    expect(server.calls).toHaveLength(2)
    expect(levels).toEqual([])
  })

  test('of 1,500 that wait the newest 1,000 and the one under way survive', async () => {
    let first: ScriptedCall | undefined
    const { server, recorder } = await start((call, count) => {
      if (count === 1) first = call
      else call.answer(201, {})
    })
    for (let index = 0; index < 1501; index++) recorder.record({ ...uploaded, message: `event ${index}` })
    await eventually('one is under way', () => first !== undefined)
    first?.answer(201, {})
    await recorder.flush()
    const notes = server.calls.map((call) => (call.body as { note: string }).note)
    expect(notes).toHaveLength(1001)
    expect([notes[0], notes[1], notes.at(-1)]).toEqual(['event 0', 'event 501', 'event 1500'])
  })

  test('1,500 that wait drop none of another namespace, whose turn comes next', async () => {
    let first: ScriptedCall | undefined
    const { server, recorder } = await start((call, count) => {
      if (count === 1) first = call
      else call.answer(201, {})
    })
    for (let index = 0; index < 10; index++) recorder.record({ ...uploaded, message: `before ${index}` })
    const other = { ...uploaded, secret: { ...secret, namespace: 'web' } }
    for (const message of ['one', 'two']) recorder.record({ ...other, message })
    for (let index = 0; index < 1500; index++) recorder.record({ ...uploaded, message: `event ${index}` })
    await eventually('one is under way', () => first !== undefined)
    first?.answer(201, {})
    await recorder.flush()
    const notes = server.calls.map((call) => (call.body as { note: string }).note)
    expect(notes).toHaveLength(1001)
    expect(notes.slice(0, 5)).toEqual(['before 0', 'event 502', 'one', 'event 503', 'two'])
  })
})

describe('closing', () => {
  test('writes what waits, counts included, and records nothing more', async () => {
    const { server, clock, recorder } = await start()
    for (let index = 0; index < 2; index++) {
      recorder.record(uploaded)
      await recorder.flush()
    }
    recorder.record(uploaded)
    expect(clock.pending()).toBe(1)
    await recorder.close(5000)
    recorder.record({ ...uploaded, message: 'too late' })
    await recorder.flush()
    expect(bodies(server.calls).at(-1)?.series?.count).toBe(3)
    expect(clock.pending()).toBe(0)
  })

  test('gives up at its deadline', async () => {
    const { server, clock, recorder } = await start(() => {})
    recorder.record(uploaded)
    const closed = recorder.close(5000)
    await eventually('it is under way', () => server.calls.length === 1)
    await clock.advance(5000)
    await closed
    expect(clock.pending()).toBe(0)
  })
})

test('a note is cut to 1,024 bytes and never inside a character', () => {
  const note = cutToBytes('證'.repeat(500), 1024)
  expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024)
  expect(note).toBe(`${'證'.repeat(340)}…`)
  expect(cutToBytes('short', 1024)).toBe('short')
})

test('the name of an Event is valid and short enough for the longest name of a Secret', () => {
  const name = eventName(`${'a'.repeat(199)}.${'b'.repeat(53)}`)
  expect(name).toMatch(/^a{199}\.[0-9a-f]{16}$/)
  expect(eventName('web')).not.toBe(eventName('web'))
})
