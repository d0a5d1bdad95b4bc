import { afterEach, expect, test } from 'vitest'
import { createManualClock } from '../test/fakes/manual-clock.ts'
import type { Clock } from './clock.ts'
import { parseConfig } from './config.ts'
import {
  eventually,
  type ScriptedCall,
  type ScriptedWatch,
  scriptedApiServer,
} from './kubernetes/testing/scripted-api-server.ts'
import { added, bookmark, initialEventsEnd } from './kubernetes/testing/watch-events.ts'
import { Operator } from './operator.ts'
import { createLogger } from './telemetry/logger.ts'

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

/** An operator with one worker whose timers do not fire any more: nothing ends a wait. */
async function startStuck(script: (call: ScriptedCall) => void, ...switches: string[]) {
  const server = await scriptedApiServer(script)
  const time = createManualClock()
  const sleep: Clock['sleep'] = (_ms, signal) =>
    new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
  const clock: Clock = { ...time, after: () => () => {}, sleep }
  const options = {
    kubeconfig: server.kubeconfig,
    concurrency: '1',
    'cluster-name': 'test',
    'tencent-endpoint': 'http://127.0.0.1:9',
    'health-address': '127.0.0.1:0',
    'metrics-address': 'off',
  }
  const args = [...switches, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])]
  const invocation = parseConfig(args, { TENCENTCLOUD_SECRET_ID: 'id', TENCENTCLOUD_SECRET_KEY: 'key' })
  if (invocation.kind !== 'run') throw new Error('these options do not run an operator')
  const log = createLogger({ level: 'error', format: 'json', clock, destination: { write: () => {} } })
  const operator = new Operator(invocation.config, log, clock)
  const { health } = await operator.start()
  cleanUps.push(async () => {
    const stopped = operator.stop()
    server.cutAll()
    await stopped
    await server[Symbol.asyncDispose]()
  })
  const liveness = async () => {
    const answer = await fetch(`http://${health}/healthz`)
    return { status: answer.status, text: await answer.text() }
  }
  return { server, time, liveness }
}

test('liveness fails when the watch makes no attempt for three minutes', async () => {
  const { server, time, liveness } = await startStuck(() => {})
  await eventually('the watch is asked for', () => server.calls.length > 0)

  await time.advance(180_000)
  expect(await liveness()).toMatchObject({ status: 200 })
  await time.advance(1_000)
  expect(await liveness()).toEqual({ status: 503, text: 'reflector: has not moved for 181 s\n' })
})

test('liveness fails when Secrets wait and no worker has moved for three minutes', async () => {
  let watch: ScriptedWatch | undefined
  const { server, time, liveness } = await startStuck((call) => {
    if (call.query['watch'] !== 'true') return
    watch = call.watch()
    for (const event of [added('one', 1), added('two', 2), initialEventsEnd(2)]) watch.send(event)
  })
  await eventually('the first Secret is asked for', () => server.calls.some((it) => it.path.endsWith('/one')))

  await time.advance(180_000)
  expect(await liveness()).toMatchObject({ status: 200 })
  await time.advance(1_000)
  watch?.send(bookmark(3))
  await expect.poll(liveness).toEqual({ status: 503, text: 'workers: has not moved for 181 s\n' })
})

test('liveness fails when a standby has not looked at the lease for three minutes', async () => {
  const { server, time, liveness } = await startStuck(
    (call) => {
      if (call.query['watch'] === 'true') call.watch().send(initialEventsEnd(1))
      const spec = { holderIdentity: 'another', leaseDurationSeconds: 15 }
      if (call.path.includes('/leases/')) call.answer(200, { metadata: { resourceVersion: '1' }, spec })
    },
    '--leader-elect',
    '--lease-namespace=ops',
  )
  await eventually('the lease is looked at', () => server.calls.some((it) => it.path.includes('/leases/')))

  await time.advance(180_000)
  expect(await liveness()).toMatchObject({ status: 200 })
  await time.advance(1_000)
  await expect.poll(async () => (await liveness()).text).toContain('election: has not moved for 181 s\n')
})
