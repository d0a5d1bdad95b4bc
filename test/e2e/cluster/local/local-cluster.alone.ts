import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { ApiClient } from '../../../control-plane/api-client.ts'
import { eventually } from '../../../harness/eventually.ts'
import { operatorImage } from '../../../images/operator-image.ts'
import { attachTo, description } from '../attach.ts'
import { chooseCluster } from '../choose-cluster.ts'
import type { E2eCluster, NodeFaults } from '../e2e-cluster.ts'
import { addresses } from './addresses.ts'
import { ClusterHeldError } from './cluster-held-error.ts'
import { readRecord } from './cluster-record.ts'
import { layout } from './layout.ts'
import { machineState, networkOf, processesIn } from './testing/machine-state.ts'
import { answerOf, eventuallyAnswers, ServerPod } from './testing/server-pod.ts'

// There is one local cluster on a machine: these tests run while no other one does.
const files = layout()
const env = { ...process.env, E2E_CLUSTER: 'local' }
const undo: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each()
})

async function start(): Promise<E2eCluster> {
  const cluster = await chooseCluster({ env })
  undo.push(() => cluster.stop())
  return cluster
}

test('a cluster starts again and again, and leaves the machine as it was each time', async () => {
  const before = await machineState()
  for (const _ of [1, 2]) {
    const cluster = await start()
    const network = nodeNetwork()
    expect(processesIn(network)).toBeGreaterThan(8)
    await cluster.stop()
    expect(processesIn(network)).toBe(0)
    expect(await machineState()).toEqual(before)
  }
})

test('the cluster of a process that is killed dies with it, and the next start tidies up', async () => {
  const before = await machineState()
  const owner = runInAnotherProcess()
  await isReady(owner)
  const network = nodeNetwork()
  owner.kill('SIGKILL')
  await eventually('every process of the node ends', () => processesIn(network) === 0)
  const cluster = await start()
  expect(processesIn(nodeNetwork())).toBeGreaterThan(8)
  await cluster.stop()
  expect(await machineState()).toEqual(before)
})

test('while a process uses the cluster, another one is refused with an error that names it', async () => {
  const owner = runInAnotherProcess()
  await isReady(owner)
  const refused = await start().catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(ClusterHeldError)
  expect(String(refused)).toContain(`process ${owner.pid} `)
})

test('nothing in the cluster has a way out of the machine', async () => {
  await start()
  const { first } = readRecord(files.record)?.processes ?? {}
  // The routing table as a process of the node sees it: destination is the second column, 0 for a default route.
  const routes = readFileSync(`/proc/${first?.pid}/net/route`, 'utf8').trim().split('\n').slice(1)
  const destinations = routes.map((line) => line.split('\t')[1])
  expect(destinations.length).toBeGreaterThan(1)
  expect(destinations).not.toContain('00000000')
})

describe('faults, ordered by a process that did not start the cluster', () => {
  test('break what they say, and no more', async () => {
    const { faults, api } = await attached()
    const pod = new ServerPod(api, 'server')
    await pod.create((await operatorImage()).reference)
    const url = await pod.url()
    await eventuallyAnswers(url)

    await faults.pauseContainer('default', pod.name)
    expect(await answerOf(url)).toBeUndefined()
    await faults.resumeContainer('default', pod.name)
    await eventuallyAnswers(url)

    await faults.killContainer('default', pod.name)
    await pod.ready(1)

    await faults.restartKubelet()
    await faults.restartContainerd()
    await eventuallyAnswers(url)

    await faults.killApiServer()
    await expect(api.request('GET', '/version')).rejects.toThrow()
    await eventuallyAnswers(url)
    await faults.startApiServer()
    await faults.restartApiServer({ downMs: 100 })
    expect(await pod.restarts()).toBe(1)
    await expect(faults.killContainer('default', 'absent')).rejects.toThrow(
      'no container of pod default/absent',
    )
  })
})

async function attached(): Promise<{ faults: NodeFaults; api: ApiClient }> {
  const { faults } = attachTo(JSON.parse(JSON.stringify(description(await start()))))
  if (faults === undefined) throw new Error('a local cluster has faults')
  const token = readFileSync(files.tokens, 'utf8').split(',')[0] ?? ''
  const api = new ApiClient(addresses.apiServer, readFileSync(files.ca, 'utf8'), () => token)
  undo.push(() => api.close())
  return { faults, api }
}

/** `npm run cluster -- run`, as a child process. */
function runInAnotherProcess(): ChildProcess {
  const main = join(import.meta.dirname, '..', 'main.ts')
  const child = spawn(process.execPath, [main, 'run'], { stdio: ['ignore', 'inherit', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  undo.push(async () => {
    child.kill('SIGTERM')
    await ended
  })
  return child
}

async function isReady(owner: ChildProcess): Promise<void> {
  await eventually(
    'the cluster of the other process is ready',
    () => {
      const record = readRecord(files.record)
      return record?.owner.pid === owner.pid && record?.cluster !== undefined
    },
    {
      timeoutMs: 120_000,
      giveUp: () => (owner.exitCode === null ? undefined : `it ended with ${owner.exitCode}`),
    },
  )
}

function nodeNetwork(): string {
  return networkOf(readRecord(files.record)?.processes?.first.pid ?? 0)
}
