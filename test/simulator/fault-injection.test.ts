import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { type Simulator, startSimulator } from './server.ts'
import { call, codeOf, credentials, send } from './testing/call.ts'
import { testLeaf, uploadOf } from './testing/material.ts'

let simulator: Simulator

beforeEach(async () => {
  simulator = await startSimulator({ credentials: [credentials], rateLimit: 1000 })
  return () => simulator.close()
})

const describeAll = () => call(simulator.url, 'DescribeCertificates', {})
const uploadNew = async () => call(simulator.url, 'UploadCertificate', uploadOf(await testLeaf()))
const lastCall = () => simulator.calls().at(-1)

describe('before the work', () => {
  test('a reset connection: an error at the client, nothing stored, once', async () => {
    simulator.fault({ kind: 'reset', times: 1 })
    await expect(uploadNew()).rejects.toThrow('fetch failed')
    expect(simulator.certificates()).toEqual([])
    expect(lastCall()).toMatchObject({ result: 'ConnectionReset', delivery: 'lost' })
    expect(await codeOf(uploadNew())).toBe('Success')
  })

  test('a call that hangs is never answered, and does no work', async () => {
    const handle = simulator.fault({ kind: 'hang', ms: 200 })
    const before = performance.now()
    await expect(uploadNew()).rejects.toThrow('fetch failed')
    expect(performance.now() - before).toBeGreaterThanOrEqual(199)
    expect(lastCall()).toMatchObject({ result: 'Hung', delivery: 'lost' })
    expect(simulator.certificates()).toEqual([])
    expect(handle.holding).toBe(0)
  })

  test('a call that hangs for long ends when the fault is taken away', async () => {
    const handle = simulator.fault({ kind: 'hang', ms: 600_000, action: 'UploadCertificate' })
    const call = expect(uploadNew()).rejects.toThrow('fetch failed')
    await vi.waitFor(() => expect(handle.holding).toBe(1))
    expect(await codeOf(describeAll())).toBe('Success')
    handle.remove()
    await call
    expect(await codeOf(uploadNew())).toBe('Success')
  })

  test('a gateway error has its status and no JSON', async () => {
    simulator.fault({ kind: 'http-status', status: 503, times: 2 })
    for (let i = 0; i < 2; i += 1) {
      const response = await send(simulator.url, 'DescribeCertificates', {})
      expect(response.status).toBe(503)
      expect(response.headers.get('content-type')).toBe('text/html')
    }
    expect(lastCall()?.result).toBe('HTTP 503')
    expect(await codeOf(describeAll())).toBe('Success')
  })

  test.each([302, 307])('a redirect with status %i names its target', async (status) => {
    const location = 'http://127.0.0.1:1/elsewhere'
    simulator.fault({ kind: 'redirect', status, location, times: 1 })
    const response = await send(simulator.url, 'DescribeCertificates', {})
    expect([response.status, response.headers.get('location')]).toEqual([status, location])
  })

  test('an error of the API, for the action it was asked for', async () => {
    simulator.fault({
      kind: 'error',
      code: 'FailedOperation',
      message: 'why',
      action: 'UploadCertificate',
      times: 1,
    })
    expect(await codeOf(describeAll())).toBe('Success')
    expect((await uploadNew()).Error).toEqual({ Code: 'FailedOperation', Message: 'why' })
    expect(simulator.certificates()).toEqual([])
    expect(await codeOf(uploadNew())).toBe('Success')
  })

  test('an error for one alias spares the others', async () => {
    simulator.fault({ kind: 'error', code: 'InternalError', alias: 'team-a/' })
    const upload = async (Alias: string) =>
      codeOf(call(simulator.url, 'UploadCertificate', { ...uploadOf(await testLeaf()), Alias }))
    expect([await upload('team-a/shop'), await upload('team-b/shop')]).toEqual(['InternalError', 'Success'])
  })

  test('who may not call gets no injected error but the true one', async () => {
    simulator.fault({ kind: 'error', code: 'InternalError' })
    const refused = call(simulator.url, 'DescribeCertificates', {}, { secretKey: 'wrong' })
    expect(await codeOf(refused)).toBe('AuthFailure.SignatureFailure')
  })

  test('an error message can hold the whole request', async () => {
    simulator.fault({ kind: 'echo-request' })
    simulator.fault({ kind: 'error', code: 'InternalError', times: 1 })
    const parameters = uploadOf(await testLeaf())
    const answer = await call(simulator.url, 'UploadCertificate', parameters)
    expect(answer.Error?.Message).toContain(JSON.stringify(parameters))
    const wrong = await call(simulator.url, 'UploadCertificate', { ...parameters, X: 1 })
    expect(wrong.Error?.Message).toContain('"X":1')
  })
})

describe('time', () => {
  test('a delay is service time: the arrival is not moved', async () => {
    const handle = simulator.fault({ kind: 'delay', ms: 120, spreadMs: 10 })
    await describeAll()
    const { arrivedMs = 0, finishedMs = 0 } = lastCall() ?? {}
    expect(finishedMs - arrivedMs).toBeGreaterThanOrEqual(109)
    expect(handle.hits).toBe(1)
  })

  test('jitter moves the arrival', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.5)
    simulator.fault({ kind: 'jitter', ms: 300 })
    const before = performance.now()
    await describeAll()
    random.mockRestore()
    expect((lastCall()?.arrivedMs ?? 0) - before).toBeGreaterThanOrEqual(149)
  })

  test('calls are held before the work until they are let go', async () => {
    const gate = simulator.fault({ kind: 'hold', at: 'before-work' })
    const answers = Promise.all([uploadNew(), uploadNew()])
    await vi.waitFor(() => expect(gate.holding).toBe(2))
    expect(simulator.certificates()).toEqual([])
    expect(simulator.calls().map((each) => each.result)).toEqual(['Pending', 'Pending'])
    gate.remove()
    await answers
    expect(simulator.certificates()).toHaveLength(2)
  })

  test('calls are held between the work and the answer, which a client that went away never gets', async () => {
    const gate = simulator.fault({ kind: 'hold', at: 'before-answer' })
    const client = new AbortController()
    const answer = call(simulator.url, 'UploadCertificate', uploadOf(await testLeaf()), client)
    await vi.waitFor(() => expect(gate.holding).toBe(1))
    expect(simulator.certificates()).toHaveLength(1)
    client.abort()
    await expect(answer).rejects.toThrow('aborted')
    await vi.waitFor(async () => {
      // The server has to have seen the end of the connection before the call is let go.
      expect(await simulator.connections()).toBe(0)
    })
    gate.remove()
    await vi.waitFor(() => expect(lastCall()).toMatchObject({ result: 'Success', delivery: 'client-gone' }))
  })
})

describe('after the work', () => {
  test('a lost response: an error at the client, the certificate stored', async () => {
    simulator.fault({ kind: 'lose-response', times: 1 })
    const parameters = uploadOf(await testLeaf())
    await expect(call(simulator.url, 'UploadCertificate', parameters)).rejects.toThrow('fetch failed')
    expect(lastCall()).toMatchObject({ result: 'Success', delivery: 'lost' })
    const [stored] = simulator.certificates()
    const retried = await call(simulator.url, 'UploadCertificate', parameters)
    expect(retried['CertificateId']).toBe(stored?.id)
    expect(simulator.certificates()).toHaveLength(1)
  })

  test('an answer cut short: an error in its middle at the client, the certificate stored', async () => {
    simulator.fault({ kind: 'cut-short', times: 1 })
    const response = await send(simulator.url, 'UploadCertificate', uploadOf(await testLeaf()))
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow('terminated')
    expect(simulator.certificates()).toHaveLength(1)
    expect(lastCall()).toMatchObject({ result: 'Success', delivery: 'garbled' })
  })

  test('malformed JSON: nothing to parse at the client, the certificate stored', async () => {
    simulator.fault({ kind: 'malformed-json', times: 1 })
    const response = await send(simulator.url, 'UploadCertificate', uploadOf(await testLeaf()))
    expect(response.status).toBe(200)
    await expect(response.json()).rejects.toThrow(SyntaxError)
    expect(simulator.certificates()).toHaveLength(1)
    expect(lastCall()).toMatchObject({ result: 'Success', delivery: 'garbled' })
  })

  test('a refused call does not use them up', async () => {
    const handle = simulator.fault({ kind: 'lose-response', times: 1 })
    expect(await codeOf(call(simulator.url, 'UploadCertificate', {}))).toBe('MissingParameter')
    expect(handle.hits).toBe(0)
  })

  test('a process is killed between the commit of its second upload and the answer', async () => {
    const victim = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'])
    await once(victim, 'spawn')
    const ended = once(victim, 'exit')
    simulator.fault({ kind: 'kill', pid: victim.pid ?? 0, action: 'UploadCertificate', skip: 1 })
    expect(await codeOf(uploadNew())).toBe('Success')
    await expect(uploadNew()).rejects.toThrow('fetch failed')
    expect(await ended).toEqual([null, 'SIGKILL'])
    expect(simulator.certificates()).toHaveLength(2)
    expect(lastCall()).toMatchObject({ result: 'Success', delivery: 'killed' })
    expect(await codeOf(uploadNew())).toBe('Success')
  })
})

test('when all faults are cleared, everything works again and what was held goes on', async () => {
  const gate = simulator.fault({ kind: 'hold', at: 'before-answer', action: 'UploadCertificate' })
  simulator.fault({ kind: 'error', code: 'InternalError', action: 'DescribeCertificates' })
  const held = codeOf(uploadNew())
  await vi.waitFor(() => expect(gate.holding).toBe(1))
  expect(await codeOf(describeAll())).toBe('InternalError')
  simulator.clearFaults()
  expect(await held).toBe('Success')
  expect(await codeOf(describeAll())).toBe('Success')
  expect(await codeOf(uploadNew())).toBe('Success')
})
