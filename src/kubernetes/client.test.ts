import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createManualClock } from '../../test/fakes/manual-clock.ts'
import { createKubernetesClient } from './client.ts'
import { KubernetesError } from './kubernetes-error.ts'
import {
  eventually,
  kubeconfigOf,
  type ScriptedCall,
  scriptedApiServer,
} from './testing/scripted-api-server.ts'
import { status } from './testing/watch-events.ts'

const get = (path: string) => ({ method: 'GET' as const, path })

/** What a promise was rejected with; fails when it was not. */
async function refusalOf(promise: Promise<unknown>): Promise<KubernetesError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(KubernetesError)
  return error as KubernetesError
}

describe('a request', () => {
  test('carries method, query, body, types and token, and brings the parsed answer back', async () => {
    await using server = await scriptedApiServer((call) => call.answer(201, { made: true }))
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
    const answer = await client.request({
      method: 'PATCH',
      path: '/api/v1/namespaces/shop/secrets/a',
      query: { fieldManager: 'me', limit: 3, left: undefined },
      body: { text: 'ü' },
      contentType: 'application/merge-patch+json',
      accept: 'application/json;as=Other',
    })
    expect(answer).toEqual({ status: 201, body: { made: true } })
    const [call] = server.calls
    expect(call).toMatchObject({
      method: 'PATCH',
      path: '/api/v1/namespaces/shop/secrets/a',
      query: { fieldManager: 'me', limit: '3' },
      body: { text: 'ü' },
    })
    expect(call?.headers).toMatchObject({
      authorization: 'Bearer token-1',
      accept: 'application/json;as=Other',
      'content-type': 'application/merge-patch+json',
      'user-agent': 'tencent-cert-sync',
    })
    client.close()
  })

  test('reads a compressed answer', async () => {
    await using server = await scriptedApiServer((call) =>
      call.answer(200, gzipSync('{"zipped":true}'), { 'content-encoding': 'gzip' }),
    )
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
    expect((await client.request(get('/x'))).body).toEqual({ zipped: true })
    client.close()
  })

  test('refuses an answer beyond all bounds, also when it is small until it is inflated', async () => {
    const bomb = gzipSync(Buffer.alloc(40_000_000, ' '))
    await using server = await scriptedApiServer((call) =>
      call.path === '/bomb'
        ? call.answer(200, bomb, { 'content-encoding': 'gzip' })
        : call.answer(200, Buffer.alloc(9_000_000, ' ')),
    )
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
    expect((await refusalOf(client.request(get('/bomb')))).reason).toBe('TooLarge')
    expect((await refusalOf(client.request(get('/long')))).reason).toBe('TooLarge')
    client.close()
  })

  test('50 calls in a row share one connection, and 50 at once a few', async () => {
    await using server = await scriptedApiServer((call) => call.answer(200, {}))
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
    for (let index = 0; index < 50; index++) await client.request(get('/x'))
    expect(server.connections).toBe(1)
    await Promise.all(Array.from({ length: 50 }, () => client.request(get('/x'))))
    expect(server.connections).toBeLessThanOrEqual(16)
    client.close()
  })

  test('an idle connection that the server closed in the meantime does not fail a call', async () => {
    let cut = false
    await using server = await scriptedApiServer((call) => {
      if (cut) call.cut()
      else call.answer(200, {})
      cut = false
    })
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
    await client.request(get('/x'))
    cut = true
    await client.request(get('/x'))
    expect(server.calls).toHaveLength(3)
    cut = true
    client.close()
    const fresh = createKubernetesClient({ kubeconfig: server.kubeconfig })
    expect((await refusalOf(fresh.request(get('/x')))).reason).toBe('ConnectionFailed')
    fresh.close()
  })

  test('a redirect is an error and is not followed', async () => {
    await using server = await scriptedApiServer((call) => call.answer(307, {}, { location: '/elsewhere' }))
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
    const error = await refusalOf(client.request(get('/x')))
    expect([error.status, error.reason]).toEqual([307, 'Redirect'])
    expect(server.calls).toHaveLength(1)
    client.close()
  })

  test('an error has the status, the reason, the waiting time and the fields of the answer', async () => {
    const details = { causes: [{ field: 'metadata.uid' }, {}], retryAfterSeconds: 9 }
    await using server = await scriptedApiServer((call) =>
      call.answer(
        422,
        { ...status(422, 'Invalid', 'uid: field is immutable'), details },
        { 'retry-after': '2' },
      ),
    )
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
    const error = await refusalOf(client.request(get('/x')))
    expect(error).toMatchObject({ status: 422, reason: 'Invalid', message: 'uid: field is immutable' })
    expect([error.retryAfterMs, error.fields]).toEqual([2000, ['metadata.uid']])
    client.close()
  })

  test.each([
    ['cut in the middle', '{"data":{"tls.key":"CANARY'],
    ['no JSON', 'CANARY'],
    ['an error page', undefined],
  ])('an answer that is %s ends in an error without a word of it', async (_, body) => {
    await using server = await scriptedApiServer((call) =>
      body === undefined ? call.answer(502, '<p>CANARY</p>') : call.answer(200, body),
    )
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
    const error = await refusalOf(client.request(get('/x')))
    expect(error.reason).toBe(body === undefined ? 'HTTP502' : 'MalformedResponse')
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain('CANARY')
    expect(error.cause).toBeUndefined()
    client.close()
  })

  test('an answer that is not HTTP ends in an error that does not quote it', async () => {
    const raw = createServer((socket) => socket.on('data', () => socket.end('CANARY CANARY\r\n\r\n')))
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve))
    const { port } = raw.address() as AddressInfo
    await using server = await scriptedApiServer(() => {})
    writeFileSync(server.kubeconfig, kubeconfigOf(`http://127.0.0.1:${port}`, {}))
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
    const error = await refusalOf(client.request(get('/x')))
    expect(error.reason).toBe('ConnectionFailed')
    expect(`${error.message} ${error.stack}`).not.toContain('CANARY')
    client.close()
    await new Promise((resolve) => raw.close(resolve))
  })

  test('that is not answered ends with its time-out, by the clock', async () => {
    const clock = createManualClock()
    await using server = await scriptedApiServer(() => {})
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig, clock })
    const refused = refusalOf(client.request(get('/x')))
    await eventually('it arrived', () => server.calls.length === 1)
    await clock.advance(29_000)
    await clock.advance(1000)
    expect((await refused).reason).toBe('Timeout')
    expect(clock.pending()).toBe(0)
    client.close()
  })

  test('that waits for a connection ends with its time-out, and when it is aborted', async () => {
    const clock = createManualClock()
    await using server = await scriptedApiServer(() => {})
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig, clock })
    const connections = 16
    const hanging = Array.from({ length: connections }, () => refusalOf(client.request(get('/hangs'))))
    await eventually('they arrived', () => server.calls.length === connections)
    const stopping = new AbortController()
    const refused = refusalOf(client.request({ ...get('/waits'), timeoutMs: 5_000 }))
    const failed = expect(client.request({ ...get('/waits'), signal: stopping.signal })).rejects.toThrow(
      'shutting down',
    )
    await eventually('both have a time-out', () => clock.pending() > 2 * connections)
    stopping.abort(new Error('shutting down'))
    await failed
    await clock.advance(5_000)
    expect((await refused).reason).toBe('Timeout')
    await clock.advance(25_000)
    for (const each of hanging) expect((await each).reason).toBe('Timeout')
    expect(server.calls.map(({ path }) => path)).not.toContain('/waits')
    expect(clock.pending()).toBe(0)
    client.close()
  })

  test('that is refused without an end to the words ends with the status, streams as well', async () => {
    const clock = createManualClock()
    await using server = await scriptedApiServer((call) =>
      call.answer(503, 'busy', { 'content-length': '100' }),
    )
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig, clock })
    for (const refuse of [
      () => client.request({ ...get('/x'), timeoutMs: 3_600_000 }),
      () => client.stream({ ...get('/x'), timeoutMs: 3_600_000 }),
    ]) {
      const refused = refusalOf(refuse())
      let settled = false
      void refused.then(() => (settled = true))
      await eventually('it ends', () => {
        void clock.advance(1_000)
        return settled
      })
      expect((await refused).reason).toBe('HTTP503')
    }
    expect(clock.pending()).toBe(0)
    client.close()
  })

  test('that is aborted rejects with the reason of the signal', async () => {
    await using server = await scriptedApiServer(() => {})
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
    const stopping = new AbortController()
    const request = client.request({ ...get('/x'), signal: stopping.signal })
    const failed = expect(request).rejects.toThrow('shutting down')
    await eventually('it arrived', () => server.calls.length === 1)
    stopping.abort(new Error('shutting down'))
    await failed
    await expect(client.request({ ...get('/x'), signal: stopping.signal })).rejects.toThrow('shutting down')
    client.close()
  })
})

describe('credentials', () => {
  /** Accepts one token only. */
  const only = (token: () => string) => (call: ScriptedCall) =>
    call.headers.authorization === `Bearer ${token()}`
      ? call.answer(200, {})
      : call.answer(401, status(401, 'Unauthorized'))

  test('a replaced token file is read at once when the old token is refused', async () => {
    let good = 'old'
    await using server = await scriptedApiServer(only(() => good))
    writeFileSync(join(server.folder, 'token'), 'old\n')
    writeFileSync(server.kubeconfig, kubeconfigOf(server.url, { tokenFile: 'token' }))
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
    await client.request(get('/x'))
    good = 'new'
    expect((await refusalOf(client.request(get('/x')))).status).toBe(401)
    writeFileSync(join(server.folder, 'token'), 'new\n')
    await client.request(get('/x'))
    expect(server.calls.map((call) => call.headers.authorization)).toEqual([
      'Bearer old',
      'Bearer old',
      'Bearer old',
      'Bearer new',
    ])
    client.close()
  })

  test('a replaced token file is read once a minute anyway', async () => {
    const clock = createManualClock()
    await using server = await scriptedApiServer((call) => call.answer(200, {}))
    writeFileSync(join(server.folder, 'token'), 'old')
    writeFileSync(server.kubeconfig, kubeconfigOf(server.url, { tokenFile: 'token' }))
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig, clock })
    await client.request(get('/x'))
    writeFileSync(join(server.folder, 'token'), 'new')
    await client.request(get('/x'))
    await clock.advance(60_000)
    await client.request(get('/x'))
    expect(server.calls.map((call) => call.headers.authorization)).toEqual([
      'Bearer old',
      'Bearer old',
      'Bearer new',
    ])
    client.close()
  })

  test('files that vanish for a moment do not end a client that knew them', async () => {
    const clock = createManualClock()
    await using server = await scriptedApiServer((call) => call.answer(200, {}))
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig, clock })
    await client.request(get('/x'))
    writeFileSync(server.kubeconfig, '')
    await clock.advance(60_000)
    await client.request(get('/x'))
    expect(server.calls).toHaveLength(2)
    client.close()
  })
})

describe('a stream', () => {
  test('yields bytes as they come and is not compressed', async () => {
    await using server = await scriptedApiServer((call) => {
      const watch = call.watch()
      watch.raw('one')
      watch.end()
    })
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
    const chunks: string[] = []
    for await (const chunk of await client.stream(get('/x'))) chunks.push(chunk.toString())
    expect(chunks).toEqual(['one'])
    expect(server.calls[0]?.headers['accept-encoding']).toBeUndefined()
    client.close()
  })

  test('that breaks throws, and many of them leave connections for calls', async () => {
    await using server = await scriptedApiServer((call) => {
      if (call.path === '/watch') call.watch().raw('{')
      else call.answer(200, {})
    })
    const client = createKubernetesClient({ kubeconfig: server.kubeconfig })
    const streams = await Promise.all(Array.from({ length: 30 }, () => client.stream(get('/watch'))))
    await client.request(get('/x'))
    const read = async (stream: AsyncIterable<Buffer>) => {
      for await (const _ of stream);
    }
    const ends = streams.map((stream) => refusalOf(read(stream)))
    server.cutAll()
    for (const end of ends) expect((await end).reason).toBe('ConnectionFailed')
    client.close()
  })
})
