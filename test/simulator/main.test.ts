import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createLeaf } from '../fixtures/certificates.ts'
import { testFolder } from '../programs/test-folder.ts'
import { simulatorBundle } from './bundle.ts'
import { startSimulator } from './server.ts'
import { call, codeOf, credentials } from './testing/call.ts'
import { testLeaf, uploadOf } from './testing/material.ts'
import { traitsNames } from './traits.ts'

const { secretId, secretKey } = credentials
const command = fileURLToPath(new URL('./main.ts', import.meta.url))
const started: ChildProcessWithoutNullStreams[] = []

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [command, ...args])
  started.push(child)
  return child
}

async function runToEnd(...args: readonly string[]) {
  const child = start(...args)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  return { stdout, stderr, code: code as unknown }
}

/** Starts it and waits for the two addresses; `output` grows as it prints. */
async function startServing(...args: readonly string[]) {
  const child = start('--secret-id', secretId, '--secret-key', secretKey, ...args)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const urls = await vi.waitFor(
    () => {
      const found = output.match(/https?:\/\/127\.0\.0\.1:\d+/g) ?? []
      expect(found).toHaveLength(2)
      return found
    },
    { timeout: 20_000 },
  )
  return { child, url: urls[0] ?? '', control: urls[1] ?? '', output: () => output }
}

describe('the command', () => {
  test('serves, prints a line per call without secrets, and ends cleanly at Ctrl-C', async () => {
    const { child, url, control, output } = await startServing('--profile', 'by-chain', '--rate-limit', '1')
    expect(output()).toContain('by-chain')
    expect(await codeOf(call(url, 'DescribeCertificates', {}))).toBe('Success')
    expect(await codeOf(call(url, 'DescribeCertificates', {}))).toBe('LimitExceeded.RateLimitExceeded')
    await vi.waitFor(() => expect(output()).toContain('LimitExceeded.RateLimitExceeded'))
    expect(output()).toMatch(/^\S+Z {2}DescribeCertificates {2}Success$/m)
    expect(output()).not.toContain(secretKey)
    const listed = (await (await fetch(`${control}/calls`)).json()) as unknown[]
    expect(listed).toHaveLength(2)
    const ended = once(child, 'exit')
    child.kill('SIGINT')
    expect(await ended).toEqual([0, null])
  })

  test('has the traits that are named, and prints the chain that a tag names', async () => {
    const { url, output } = await startServing('--traits', 'dates-in-utc,use-refused')
    const upload = { ...uploadOf(await testLeaf()), CertificateUse: 'CLB' }
    expect(await codeOf(call(url, 'UploadCertificate', upload))).toBe('InvalidParameter')
    const Tags = [{ TagKey: 'cert-sync/chain', TagValue: `SVR:${'ab'.repeat(32)}:1767225600` }]
    await call(url, 'UploadCertificate', { ...upload, CertificateUse: '', Tags })
    await vi.waitFor(() => expect(output()).toContain('chain=SVR:abababababab'))
  })

  test('prints JSON lines with --json and asks for the token with --token', async () => {
    const { url, output } = await startServing('--json', '--token', 'session')
    expect(await codeOf(call(url, 'DescribeCertificates', {}))).toBe('AuthFailure.TokenFailure')
    expect(await codeOf(call(url, 'DescribeCertificates', {}, { token: 'session' }))).toBe('Success')
    await vi.waitFor(() => expect(output().trimEnd().split('\n')).toHaveLength(3))
    const lines = output().trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { api: url, profile: 'default' },
      { result: 'AuthFailure.TokenFailure' },
      { result: 'Success' },
    ])
  })

  test('serves https with a given certificate on a given address', async () => {
    const leaf = await createLeaf({ commonName: 'ssl.test' })
    const folder = testFolder()
    const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
    writeFileSync(files.cert, leaf.certificatePem)
    writeFileSync(files.key, leaf.keyPem)
    const flags = ['--listen-address', '127.0.0.1', '--tls-cert', files.cert, '--tls-key', files.key]
    const { url } = await startServing(...flags)
    expect(url).toMatch(/^https:/)
    const request = https.get(url, { ca: leaf.certificatePem, servername: 'ssl.test' })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    expect(JSON.parse(await text(response))).toHaveProperty('Response.Error.Code')
  })

  test('works as one file without its modules, small enough for a ConfigMap', async () => {
    const bundle = await simulatorBundle()
    // A ConfigMap holds 1 MiB.
    expect(bundle.length).toBeLessThan(900 * 1024)
    const file = join(testFolder(), 'simulator.mjs')
    writeFileSync(file, bundle)
    const child = spawn(process.execPath, [file, '--help'], { cwd: tmpdir() })
    expect(await text(child.stdout)).toContain('--listen-address')
  })

  test('--help teaches, on stdout', async () => {
    const { stdout, stderr, code } = await runToEnd('--help')
    expect([code, stderr]).toEqual([0, ''])
    const names = ['certificate-exists', ...traitsNames]
    for (const flag of ['--secret-id', '--control-port', '--profile', '--traits', '--rate-limit', ...names]) {
      expect(stdout).toContain(flag)
    }
  })

  test('reports every wrong flag at once and ends with 2', async () => {
    const { stdout, stderr, code } = await runToEnd(
      '--port',
      '70000',
      '--profile',
      'none',
      '--traits',
      'aliases-cut,none,other',
      '--rate-limit',
      'x',
      '--listen-address',
      'everywhere',
      '--tls-key',
      '/nowhere',
    )
    expect([code, stdout]).toEqual([2, ''])
    const wrong = [
      '--port 70000',
      '--profile none',
      '--traits none,other',
      '--rate-limit x',
      '--secret-id',
      '--secret-key',
    ]
    for (const flag of [
      ...wrong,
      '--listen-address everywhere',
      '--tls-key /nowhere: ENOENT',
      '--tls-cert',
    ]) {
      expect(stderr).toContain(flag)
    }
    const unknown = await runToEnd('--colour')
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toContain('--colour')
  })

  test.each(['--port', '--control-port'])(
    'a %s that is taken is an error, and nothing is left running',
    async (flag) => {
      await using other = await startSimulator({ credentials: [credentials] })
      const { stderr, code } = await runToEnd(
        ...['--secret-id', secretId, '--secret-key', secretKey, flag, String(other.port)],
      )
      expect(code).toBe(2)
      expect(stderr).toContain(`127.0.0.1:${other.port}`)
    },
  )
})
