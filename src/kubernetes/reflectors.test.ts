import { expect, onTestFinished, test } from 'vitest'
import { createManualClock } from '../../test/fakes/manual-clock.ts'
import type { Log } from '../ports/log.ts'
import { createKubernetesClient } from './client.ts'
import { Reflectors } from './reflectors.ts'
import {
  eventually,
  type ScriptedCall,
  type ScriptedWatch,
  scriptedApiServer,
} from './testing/scripted-api-server.ts'
import { bookmark, errorEvent, initialEventsEnd, status } from './testing/watch-events.ts'

const denied = status(403, 'Forbidden', 'secrets is forbidden: User "sa" cannot watch resource "secrets"')

/**
 * Reflectors of two namespaces: `open` is served, `other` as the script says. `pass` moves the clock by five seconds and
 * waits until the attempts that fall due are answered.
 */
async function start(other: (call: ScriptedCall) => void) {
  let opened: ScriptedWatch | undefined
  let version = 7
  const server = await scriptedApiServer((call) => {
    if (call.path.includes('/other/')) return other(call)
    opened = call.watch()
    opened.send(initialEventsEnd(version))
    return undefined
  })
  const clock = createManualClock()
  const logged: (readonly [string | undefined, string])[] = []
  const write: Log['info'] = ({ namespace }, message) => void logged.push([namespace, message])
  const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
  const reflectors = new Reflectors({
    client,
    clock,
    log: { trace: () => {}, debug: () => {}, info: write, warn: write, error: write },
    metrics: { relisted: () => {}, watchOpened: () => {} },
    onChange: () => {},
    random: () => 0.5,
    namespaces: ['open', 'other'],
  })
  const stopping = new AbortController()
  const running = reflectors.start(stopping.signal)
  onTestFinished(async () => {
    stopping.abort()
    await running
    client.close()
    await server[Symbol.asyncDispose]()
  })
  await eventually('the first namespace is listed', () => logged.some(([name]) => name === 'open'))
  const pass = async () => {
    await clock.advance(5_000)
    opened?.send(bookmark(++version))
    await eventually('both wait for something', () => clock.pending() >= 2)
  }
  return { reflectors, clock, logged, pass }
}

test('a namespace that is forbidden is reported once, and once more when it can be read', async () => {
  let allowed = false
  let refusals = 0
  const { reflectors, logged, pass } = await start((call) => {
    if (allowed) return call.watch().send(initialEventsEnd(9))
    refusals += 1
    // An API server that restarts says nothing about permissions.
    return refusals === 3 ? call.answer(503, status(503, 'ServiceUnavailable')) : call.answer(403, denied)
  })
  const ofOther = () => logged.filter(([namespace]) => namespace === 'other').map(([, message]) => message)
  await eventually('it is refused', () => ofOther().length > 0)
  expect(reflectors.health()).toMatchObject({ problem: undefined })
  expect([...reflectors.health().unreadable]).toEqual([['other', denied.message]])

  while (refusals < 6) {
    await pass()
    expect(reflectors.health()).toMatchObject({ problem: undefined })
  }
  expect(ofOther()).toEqual([
    'the watch of the Secrets failed; retrying',
    'failed to read the Secrets of the namespace; retrying',
    'the watch of the Secrets failed; retrying',
  ])

  allowed = true
  while (reflectors.health().unreadable.size > 0) await pass()
  expect(reflectors.health().problem).toBeUndefined()
  expect(ofOther().slice(3)).toEqual(['listed the Secrets', 'the Secrets of the namespace can be read again'])
})

test('a namespace whose watches open but never complete a list is left out after three minutes', async () => {
  const { reflectors, clock, logged, pass } = await start((call) => {
    if (call.query['watch'] === undefined) return call.answer(500, status(500, 'InternalError', 'no key'))
    const watch = call.watch()
    watch.send(errorEvent(500, 'InternalError'))
    return watch.end()
  })
  while (clock.elapsed() < 180_000) {
    expect(reflectors.health()).toMatchObject({ problem: 'the Secrets are not listed yet' })
    await pass()
  }
  while (!logged.some(([, message]) => message.startsWith('failed to read'))) await pass()
  expect(reflectors.health().problem).toBeUndefined()
  expect(reflectors.health().ageMs).toBeLessThan(90_000)
  expect([...reflectors.health().unreadable.keys()]).toEqual(['other'])
  expect(logged.at(-1)).toEqual(['other', 'failed to read the Secrets of the namespace; retrying'])
})
