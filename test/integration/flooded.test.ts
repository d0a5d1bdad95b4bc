import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { createAuthority, createLeaf } from '../fixtures/certificates.ts'
import { allSynced, createBatch } from '../harness/batch.ts'
import { Flood, type FloodOptions } from '../harness/flood.ts'
import { sumOf } from '../harness/operator-process.ts'
import { type Replica, Replicas } from '../harness/replicas.ts'

/*
 * Anybody in the cluster can connect to the ports of health and metrics. Whatever they do there, the kubelet is answered
 * in time, the operator keeps its lease and works on, and it stays within the memory that the chart gives it.
 */

const cluster = sharedCluster()
afterAll(() => cluster.close())

const memoryLimitMiB = 192
/** As the kubelet's probes in the chart. */
const probeTimeoutMs = 1_000
const floodMs = 10_000

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

type Port = 'health' | 'metrics'
type Attack = Omit<FloodOptions, 'port'> & { readonly on: Port }

const attacks: readonly [name: string, Attack][] = [
  [
    '200 connections that ask for /healthz every 3 s',
    { on: 'health', connections: 200, sends: get('/healthz'), everyMs: 3_000, reads: true },
  ],
  [
    '300 connections that send a byte a second',
    { on: 'health', connections: 300, sends: 'G', everyMs: 1_000, reads: true },
  ],
  [
    '120 connections that send 20 requests for /metrics at a time',
    { on: 'metrics', connections: 120, sends: get('/metrics').repeat(20), everyMs: 20, reads: true },
  ],
  [
    '120 connections that send 20 requests for /metrics at a time and read nothing',
    { on: 'metrics', connections: 120, sends: get('/metrics').repeat(20), everyMs: 20, reads: false },
  ],
  [
    '60 connections that send 2,000 tiny requests at a time',
    {
      on: 'health',
      connections: 60,
      sends: 'GET / HTTP/1.1\r\nHost:a\r\n\r\n'.repeat(2_000),
      everyMs: 100,
      reads: true,
    },
  ],
]

describe('an operator with 150 Secrets', () => {
  let replicas: Replicas
  let leader: Replica
  let holder: string | undefined
  let synced = 150

  beforeAll(async () => {
    replicas = await Replicas.create(cluster)
    leader = await replicas.start()
    await leader.eventuallyLeads()
    await allSynced(replicas.world, await createBatch(replicas.world, synced), 60_000)
    holder = (await replicas.lease())?.spec.holderIdentity
  }, 120_000)
  afterAll(() => replicas[Symbol.asyncDispose]())

  test.each(attacks)('is alive, leads and works under %s', async (_, { on, ...attack }) => {
    const { world } = replicas
    await using _flood = await Flood.start({ ...attack, port: portOf(leader, on) })
    const probes = probeFor(floodMs, portOf(leader, 'health'))
    const issuer = await createAuthority({ name: 'Issuer' })
    const name = `late-${++synced}`
    const leaf = await createLeaf({ issuer, commonName: `${name}.example.com` })
    await world.createSecret(name, { chain: [leaf, issuer] })
    await allSynced(world, [name], 10_000)

    const answers = await probes
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    expect(answers.length).toBeGreaterThan(20)
    expect(peakMemoryMiB(leader.process.pid)).toBeLessThan(memoryLimitMiB)
    expect(leader.process.running).toBe(true)
    expect(await replicas.lease()).toMatchObject({ spec: { holderIdentity: holder, leaseTransitions: 0 } })
    const page = await leader.process.metrics()
    expect(sumOf(page, 'tencent_cert_sync_secret_phase', { phase: 'Synced' })).toBe(synced)
    expect(sumOf(page, 'tencent_cert_sync_uploads_total', { result: 'success' })).toBe(synced)
  })
})

function portOf({ process }: Replica, port: Port): number {
  const line = process.log().find(({ msg }) => msg === `serving ${port}`)
  return Number(String(line?.['address']).split(':').at(-1))
}

interface Probe {
  readonly status: number | string
  readonly ms: number
}

/** Asks as the kubelet does, four times a second: a new connection each time, given up after a second. */
async function probeFor(durationMs: number, port: number): Promise<Probe[]> {
  const answers: Promise<Probe>[] = []
  const timer = setInterval(() => answers.push(probe(port)), 250)
  onTestFinished(() => clearInterval(timer))
  await new Promise((resolve) => setTimeout(resolve, durationMs))
  clearInterval(timer)
  return Promise.all(answers)
}

function probe(port: number): Promise<Probe> {
  const start = performance.now()
  return new Promise((resolve) => {
    const done = (status: number | string) => resolve({ status, ms: performance.now() - start })
    const signal = AbortSignal.timeout(probeTimeoutMs)
    const asked = request({ port, host: '127.0.0.1', path: '/healthz', agent: false, signal }, (answer) => {
      answer.resume().once('end', () => done(answer.statusCode ?? 0))
    })
    asked.once('error', ({ message }) => done(message)).end()
  })
}

/** The most that the process ever had resident, MiB. */
function peakMemoryMiB(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024
}
