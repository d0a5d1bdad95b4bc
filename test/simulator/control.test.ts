import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { type ControlPort, openControlPort } from './control.ts'
import { type Simulator, startSimulator } from './server.ts'
import { call, codeOf, credentials } from './testing/call.ts'
import { testLeaf, uploadOf } from './testing/material.ts'
import { noTraits } from './traits.ts'

let simulator: Simulator
let control: ControlPort

beforeEach(async () => {
  simulator = await startSimulator({ credentials: [credentials], rateLimit: 1000 })
  control = await openControlPort(simulator)
  return async () => {
    await control.close()
    await simulator.close()
  }
})

async function ask(method: string, path: string, body?: unknown) {
  const response = await fetch(`${control.url}${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as unknown }
}

const describeAll = () => codeOf(call(simulator.url, 'DescribeCertificates', {}))

test('says where the API is and how it behaves', async () => {
  expect(await ask('GET', '/')).toEqual({
    status: 200,
    body: { url: simulator.url, profile: 'default', traits: noTraits, listening: true, rateLimit: 1000 },
  })
})

test('lists calls, certificates and the busiest second as the simulator itself does', async () => {
  await call(simulator.url, 'UploadCertificate', uploadOf(await testLeaf()))
  await describeAll()
  await describeAll()
  expect((await ask('GET', '/calls')).body).toEqual(simulator.calls())
  expect((await ask('GET', '/calls?action=UploadCertificate')).body).toEqual(
    simulator.calls('UploadCertificate'),
  )
  expect((await ask('GET', '/certificates')).body).toEqual(simulator.certificates())
  expect((await ask('GET', '/max-in-any-second?action=DescribeCertificates')).body).toEqual({
    calls: simulator.maxInAnySecond('DescribeCertificates'),
  })
  await ask('DELETE', '/calls')
  expect(simulator.calls()).toEqual([])
})

test("puts somebody else's certificate into the account and deletes it", async () => {
  const leaf = await testLeaf()
  const tags = [{ TagKey: 'a', TagValue: 'b' }]
  const added = await ask('POST', '/certificates', { certificate: leaf.certificatePem, alias: 'x', tags })
  expect(simulator.certificates()).toEqual([added.body])
  expect(simulator.certificates()).toMatchObject([{ leafFingerprint: leaf.fingerprint, alias: 'x', tags }])
  const path = `/certificates/${simulator.certificates()[0]?.id}`
  expect((await ask('DELETE', path)).status).toBe(200)
  expect((await ask('DELETE', path)).status).toBe(404)
  expect(simulator.certificates()).toEqual([])
})

describe('faults', () => {
  test('are asked for, listed with their hits, and taken away', async () => {
    const { body } = await ask('POST', '/faults', { kind: 'error', code: 'InternalError', times: 5 })
    expect(body).toEqual({ id: 1, kind: 'error', code: 'InternalError', times: 5, hits: 0, holding: 0 })
    expect(await describeAll()).toBe('InternalError')
    expect((await ask('GET', '/faults')).body).toMatchObject([{ id: 1, hits: 1 }])
    expect((await ask('DELETE', '/faults/1')).status).toBe(200)
    expect((await ask('DELETE', '/faults/1')).status).toBe(404)
    expect(await describeAll()).toBe('Success')
  })

  test('hold a call until they are cleared', async () => {
    await ask('POST', '/faults', { kind: 'hold', at: 'before-answer' })
    const answer = describeAll()
    await vi.waitFor(async () => {
      expect((await ask('GET', '/faults')).body).toMatchObject([{ holding: 1 }])
    })
    await ask('DELETE', '/faults')
    expect(await answer).toBe('Success')
    expect((await ask('GET', '/faults')).body).toEqual([])
  })

  test('of every kind can be asked for', async () => {
    const victim = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'])
    await once(victim, 'spawn')
    const faults = [
      { kind: 'jitter', ms: 20 },
      { kind: 'delay', ms: 300, spreadMs: 30 },
      { kind: 'reset', skip: 3 },
      { kind: 'hang', ms: 30_000, probability: 0.5, seed: 7 },
      { kind: 'redirect', status: 307, location: 'http://127.0.0.1:1/' },
      { kind: 'http-status', status: 503, body: 'busy' },
      { kind: 'error', code: 'InternalError', message: 'x', alias: 'a', tag: { key: 'k', value: 'v' } },
      { kind: 'echo-request', leafFingerprint: 'aa' },
      { kind: 'hold', at: 'before-work', times: 1 },
      { kind: 'kill', pid: victim.pid, action: 'UploadCertificate' },
      { kind: 'lose-response' },
      { kind: 'cut-short' },
      { kind: 'malformed-json' },
    ]
    for (const fault of faults) expect((await ask('POST', '/faults', fault)).status).toBe(200)
    expect((await ask('GET', '/faults')).body).toMatchObject(faults)
    const ended = once(victim, 'exit')
    victim.kill()
    await ended
    const gone = await ask('POST', '/faults', { kind: 'kill', pid: victim.pid })
    expect(gone).toEqual({ status: 400, body: { error: 'kill: pid is missing or wrong.' } })
  })

  test.each([
    [null, 'A fault is a JSON object.'],
    [{}, 'kind has to be one of jitter, '],
    [{ kind: 'toString' }, 'kind has to be one of '],
    [{ kind: 'delay' }, 'delay: ms is missing or wrong.'],
    [{ kind: 'delay', ms: -1 }, 'delay: ms is missing or wrong.'],
    [{ kind: 'reset', ms: 1 }, 'reset: ms is unknown.'],
    [{ kind: 'reset', times: 'x' }, 'reset: times is wrong.'],
    [{ kind: 'reset', probability: 1.1 }, 'reset: probability is wrong.'],
    [{ kind: 'reset', seed: -1 }, 'reset: seed is wrong.'],
    [{ kind: 'hang' }, 'hang: ms is missing or wrong.'],
    [{ kind: 'http-status', status: 200 }, 'http-status: status is missing or wrong.'],
    [{ kind: 'redirect', status: 302 }, 'redirect: location is missing or wrong.'],
    [{ kind: 'hold', at: 'never' }, 'hold: at is missing or wrong.'],
    [{ kind: 'kill', pid: process.pid }, 'kill: pid is missing or wrong.'],
    [{ kind: 'kill', pid: 1 }, 'kill: pid is missing or wrong.'],
  ])('%j is refused with a reason', async (fault, reason) => {
    const { status, body } = await ask('POST', '/faults', fault)
    expect(status).toBe(400)
    expect(body).toEqual({ error: expect.stringContaining(reason) })
    expect(simulator.faults.list()).toEqual([])
  })
})

test('sets the rate limit', async () => {
  await ask('PUT', '/rate-limit', { limit: 0, action: 'DescribeCertificates' })
  expect(await describeAll()).toBe('LimitExceeded.RateLimitExceeded')
  expect((await ask('PUT', '/rate-limit', { limit: '3' })).status).toBe(400)
  await ask('PUT', '/rate-limit', { limit: 10 })
  expect(await describeAll()).toBe('Success')
})

test('changes the traits: those that are not named are none', async () => {
  const traits = { dates: 'utc', aliasCut: 8, refused: { chainTag: 'InvalidParameter' } }
  expect((await ask('PUT', '/traits', traits)).status).toBe(200)
  expect((await ask('GET', '/')).body).toMatchObject({ traits })
  await ask('PUT', '/traits', { visibleTag: { key: 'a' } })
  expect(simulator.traits).toEqual({ ...noTraits, visibleTag: { key: 'a' } })
})

test.each([
  [[], 'Traits are a JSON object.'],
  [{ toString: 1 }, 'toString is no trait. There are visibleTag, '],
  [{ visibleTag: { value: 'a' } }, 'visibleTag is wrong.'],
  [{ listingLagMs: -1 }, 'listingLagMs is wrong.'],
  [{ tagLagMs: '1' }, 'tagLagMs is wrong.'],
  [{ aliasCut: 1.5 }, 'aliasCut is wrong.'],
  [{ dates: 'gmt' }, 'dates is wrong.'],
  [{ pageCap: 0 }, 'pageCap is wrong.'],
  [{ refused: { colour: 'X' } }, 'refused is wrong.'],
  [{ refused: { alias: 1 } }, 'refused is wrong.'],
])('the traits %j are refused with a reason', async (traits, reason) => {
  const { status, body } = await ask('PUT', '/traits', traits)
  expect(status).toBe(400)
  expect(body).toEqual({ error: expect.stringContaining(reason) })
  expect(simulator.traits).toEqual(noTraits)
})

test('changes the owner that listings name', async () => {
  await call(simulator.url, 'UploadCertificate', uploadOf(await testLeaf()))
  expect((await ask('PUT', '/owner-uin', { ownerUin: 7 })).status).toBe(400)
  await ask('PUT', '/owner-uin', { ownerUin: '200000000002' })
  const { Certificates } = await call(simulator.url, 'DescribeCertificates', {})
  expect(Certificates).toMatchObject([{ OwnerUin: '200000000002' }])
})

test('replaces the credentials', async () => {
  await ask('PUT', '/credentials', [])
  expect(await describeAll()).toBe('AuthFailure.SecretIdNotFound')
  expect((await ask('PUT', '/credentials', [{ secretId: 'x' }])).status).toBe(400)
  await ask('PUT', '/credentials', [credentials])
  expect(await describeAll()).toBe('Success')
})

test('makes an outage and ends it', async () => {
  await ask('PUT', '/listening', false)
  await expect(describeAll()).rejects.toThrow('fetch failed')
  await ask('PUT', '/listening', true)
  expect(await describeAll()).toBe('Success')
})

test('answers nonsense with a reason and lives on', async () => {
  const { status, body } = await ask('GET', '/nothing')
  expect(status).toBe(404)
  expect(JSON.stringify(body)).toContain('POST /faults')
  const garbage = await fetch(`${control.url}/faults`, { method: 'POST', body: '{' })
  expect(garbage.status).toBe(400)
  expect((await ask('POST', '/certificates', { certificate: 'x' })).status).toBe(400)
  expect((await ask('GET', '/')).status).toBe(200)
})
