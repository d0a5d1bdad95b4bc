import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import type { HealthCheck } from '../ports/health-check.ts'
import { type BoundAddresses, Endpoints, type EndpointsOptions } from './endpoints.ts'

const anywhere = { host: '127.0.0.1', port: 0 }
const well: HealthCheck = { name: 'loops', problem: () => undefined }
const ill: HealthCheck = { name: 'watch', problem: () => 'nothing heard for 10 minutes' }
const metrics = { text: async () => 'up 1\n', contentType: 'text/plain; version=0.0.4; charset=utf-8' }

const running: Endpoints[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((endpoints) => endpoints.stop()))
})

async function serve(
  options: Partial<EndpointsOptions> = {},
): Promise<BoundAddresses & { endpoints: Endpoints }> {
  const endpoints = new Endpoints({
    healthAddress: anywhere,
    metricsAddress: { host: 'localhost', port: 0 },
    liveness: [well],
    readiness: [well],
    metrics,
    ...options,
  })
  running.push(endpoints)
  return { endpoints, ...(await endpoints.start()) }
}

function portOf(address: string | undefined): number {
  return Number(address?.split(':').at(-1))
}

async function get(address: string | undefined, path: string, init?: RequestInit) {
  const response = await fetch(`http://${address}${path}`, init)
  return { status: response.status, text: await response.text(), headers: response.headers }
}

describe('the probes', () => {
  it('answer 200 ok while no check has a problem', async () => {
    const { health } = await serve()
    for (const path of ['/healthz', '/readyz']) {
      expect(await get(health, path)).toMatchObject({ status: 200, text: 'ok\n' })
    }
  })

  it('answer 503 with a line for each check that has a problem, each probe for itself', async () => {
    const { health } = await serve({ readiness: [well, ill, { ...ill, name: 'blog' }] })
    expect(await get(health, '/healthz')).toMatchObject({ status: 200 })
    expect(await get(health, '/readyz')).toMatchObject({
      status: 503,
      text: 'watch: nothing heard for 10 minutes\nblog: nothing heard for 10 minutes\n',
    })
  })

  it('ask anew each time', async () => {
    let problem: string | undefined = 'starting'
    const { health } = await serve({ readiness: [{ name: 'start', problem: () => problem }] })
    expect(await get(health, '/readyz')).toMatchObject({ status: 503, text: 'start: starting\n' })
    problem = undefined
    expect(await get(health, '/readyz')).toMatchObject({ status: 200 })
  })

  it('list every check with ?verbose', async () => {
    const { health } = await serve({ readiness: [well, ill] })
    expect(await get(health, '/readyz?verbose')).toMatchObject({
      status: 503,
      text: 'loops: ok\nwatch: nothing heard for 10 minutes\n',
    })
    expect(await get(health, '/healthz?verbose')).toMatchObject({ status: 200, text: 'loops: ok\nok\n' })
  })

  it('take a check that throws for a problem, and do not repeat its words', async () => {
    const broken: HealthCheck = {
      name: 'broken',
      problem: () => {
        throw new Error('canary')
      },
    }
    const { health } = await serve({ liveness: [broken] })
    expect(await get(health, '/healthz')).toMatchObject({
      status: 503,
      text: 'broken: the check itself failed\n',
    })
  })
})

describe('the metrics page', () => {
  it('has the text and its media type', async () => {
    const page = await get((await serve()).metrics, '/metrics')
    expect(page).toMatchObject({ status: 200, text: 'up 1\n' })
    expect(page.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  it('answers 500 without words when the text cannot be had', async () => {
    const text = () => Promise.reject(new Error('canary'))
    const { metrics: address } = await serve({ metrics: { ...metrics, text } })
    expect(await get(address, '/metrics')).toMatchObject({ status: 500, text: 'failed\n' })
  })
})

describe('the addresses', () => {
  it('serve the probes on one and the metrics on the other', async () => {
    const bound = await serve()
    expect(await get(bound.health, '/metrics')).toMatchObject({ status: 404 })
    expect(await get(bound.metrics, '/healthz')).toMatchObject({ status: 404 })
  })

  it('serve everything on one when they are the same', async () => {
    const bound = await serve({ metricsAddress: { ...anywhere } })
    expect(bound.metrics).toBe(bound.health)
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect(await get(bound.health, path)).toMatchObject({ status: 200 })
    }
  })

  it('may be off, both or one of them', async () => {
    const none = await serve({ healthAddress: undefined, metricsAddress: undefined })
    expect(none).toMatchObject({ health: undefined, metrics: undefined })
    const one = await serve({ healthAddress: undefined })
    expect(one.health).toBeUndefined()
    expect(await get(one.metrics, '/metrics')).toMatchObject({ status: 200 })
    const other = await serve({ metricsAddress: undefined })
    expect(other.metrics).toBeUndefined()
    expect(await get(other.health, '/healthz')).toMatchObject({ status: 200 })
  })

  it('are reported with the port that was free', async () => {
    expect((await serve()).health).toMatch(/^127\.0\.0\.1:[1-9]\d*$/)
  })

  it('that cannot be had end the start with the name of the flag', async () => {
    const taken = { host: '127.0.0.1', port: portOf((await serve()).health) }
    await expect(serve({ healthAddress: undefined, metricsAddress: taken })).rejects.toThrow(
      `--metrics-address 127.0.0.1:${taken.port}: another process listens there already`,
    )
    // From the block that is reserved for documentation (RFC 5737): no machine has it.
    const foreign = { host: '192.0.2.1', port: 0 }
    await expect(serve({ healthAddress: foreign })).rejects.toThrow(
      '--health-address 192.0.2.1:0: this machine does not have that address',
    )
  })

  it('are all given up when one of them cannot be had', async () => {
    const { health, endpoints } = await serve()
    await endpoints.stop()
    const free = { host: '127.0.0.1', port: portOf(health) }
    const taken = {
      host: '127.0.0.1',
      port: portOf((await serve({ healthAddress: undefined, metricsAddress: anywhere })).metrics),
    }
    await expect(serve({ healthAddress: free, metricsAddress: taken })).rejects.toThrow('--metrics-address')
    expect(await serve({ healthAddress: free })).toMatchObject({ health })
  })

  it('are free again after the stop, and whoever is connected is dropped', async () => {
    const { endpoints, health } = await serve()
    const port = portOf(health)
    const idle = connect(port, '127.0.0.1')
    onTestFinished(() => void idle.destroy())
    await new Promise((resolve) => idle.once('connect', resolve))
    const closed = new Promise((resolve) => idle.once('close', resolve))
    idle.on('error', () => {})
    await endpoints.stop()
    await closed
    expect(await serve({ healthAddress: { host: '127.0.0.1', port } })).toMatchObject({ health })
    await endpoints.stop()
  })
})

describe('a client that does not read', () => {
  it('is dropped, and others are served meanwhile', async () => {
    const accepted: Socket[] = []
    const note = (message: unknown) => void accepted.push((message as { socket: Socket }).socket)
    subscribe('net.server.socket', note)
    onTestFinished(() => void unsubscribe('net.server.socket', note))
    // More than the buffers of two sockets hold.
    const text = async () => 'x'.repeat(32 * 1024 * 1024)
    const { health } = await serve({
      metricsAddress: { ...anywhere },
      metrics: { ...metrics, text },
      timeouts: { answerMs: 500 },
    })

    const client = connect(portOf(health), '127.0.0.1')
    onTestFinished(() => void client.destroy())
    client.pause().write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await expect.poll(() => accepted[0]?.writableLength).toBeGreaterThan(0)
    expect(await get(health, '/healthz')).toMatchObject({ status: 200 })
    await expect.poll(() => accepted[0]?.destroyed, { timeout: 10_000 }).toBe(true)
    expect(await get(health, '/healthz')).toMatchObject({ status: 200 })
  })
})

describe('a request that is not one of ours', () => {
  it.each(['/', '/healthz/', '/healthzz', '/../metrics', '/constructor'])(
    'is answered 404: %s',
    async (path) => {
      expect(await get((await serve()).health, path)).toMatchObject({ status: 404, text: 'not found\n' })
    },
  )

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('is answered 405: %s', async (method) => {
    const answer = await get((await serve()).health, '/healthz', { method })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('GET, HEAD')
  })

  it('may be a HEAD: the same headers, no text', async () => {
    const answer = await get((await serve()).health, '/healthz', { method: 'HEAD' })
    expect(answer).toMatchObject({ status: 200, text: '' })
    expect(answer.headers.get('content-length')).toBe('3')
  })

  it('is refused when its headers are too large', async () => {
    const headers = { 'x-large': 'x'.repeat(20_000) }
    expect(await get((await serve()).health, '/healthz', { headers })).toMatchObject({ status: 431 })
  })
})
