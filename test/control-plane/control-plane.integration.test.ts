import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { ApiClient } from './api-client.ts'
import { writes } from './audit.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'
import { isAlive } from './is-alive.ts'
import { sweepTemporaryFolders } from './temporary-folder.ts'
import { controlPlaneVersion } from './version.ts'

const secretReader = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'patch'] }]

let controlPlane: ControlPlane
beforeAll(async () => {
  controlPlane = await startControlPlane()
}, 120_000)
afterAll(() => controlPlane.stop())

/** A client that speaks as the ServiceAccount, reading its token file for every request. */
function clientOf({ tokenFile }: { tokenFile: string }): ApiClient {
  const client = new ApiClient(controlPlane.url, controlPlane.caPem, () => readFileSync(tokenFile, 'utf8'))
  onTestFinished(() => client.close())
  return client
}

test('it is the Kubernetes version that was asked for', () => {
  expect(controlPlane.connection.version).toBe(`v${controlPlaneVersion()}`)
})

test('a ServiceAccount reads where its Role says so and nowhere else', async () => {
  const { admin } = controlPlane
  const [here, there] = [await admin.newNamespace(), await admin.newNamespace()]
  await admin.createTlsSecret(here, 'cert', { data: { 'tls.crt': 'PEM', 'tls.key': Buffer.from([0, 255]) } })
  await admin.createTlsSecret(there, 'cert')
  const account = await controlPlane.createServiceAccount({
    namespace: here,
    name: 'reader',
    rules: secretReader,
    namespaces: [here],
  })
  const client = clientOf(account)
  expect(await client.request('GET', `/api/v1/namespaces/${here}/secrets/cert`)).toMatchObject({
    data: { 'tls.crt': Buffer.from('PEM').toString('base64'), 'tls.key': 'AP8=' },
  })
  await expect(client.request('GET', `/api/v1/namespaces/${there}/secrets/cert`)).rejects.toMatchObject({
    status: 403,
    reason: 'Forbidden',
  })
})

test('the audit log tells who wrote which Secret, and never what', async () => {
  const { admin } = controlPlane
  const namespace = await admin.newNamespace()
  await admin.createTlsSecret(namespace, 'cert')
  const account = await controlPlane.createServiceAccount({ namespace, name: 'writer', rules: secretReader })
  const client = clientOf(account)
  await client.request('PATCH', `/api/v1/namespaces/${namespace}/secrets/cert`, {
    body: { data: { 'tls.key': Buffer.from('canary-key').toString('base64') } },
    contentType: 'application/merge-patch+json',
  })
  const written = () => controlPlane.auditEvents({ user: account.user, verb: writes })
  await expect.poll(written).toHaveLength(1)
  expect((await written())[0]).toMatchObject({
    verb: 'patch',
    objectRef: { resource: 'secrets', namespace, name: 'cert' },
    responseStatus: { code: 200 },
  })
  expect(readFileSync(controlPlane.connection.auditLog, 'utf8')).not.toContain(
    Buffer.from('canary-key').toString('base64'),
  )
})

test('rights can be taken and given back, and a token can be spoilt and issued anew', async () => {
  const { admin, serviceAccounts } = controlPlane
  const namespace = await admin.newNamespace()
  await admin.createTlsSecret(namespace, 'cert')
  const grants = { namespaces: { [namespace]: secretReader } }
  const account = await serviceAccounts.create(namespace, 'sync', grants)
  const client = clientOf(account)
  const status = () =>
    client.request('GET', `/api/v1/namespaces/${namespace}/secrets/cert`).then(
      () => 200,
      (error: { status: number }) => error.status,
    )
  expect(await status()).toBe(200)
  await serviceAccounts.revoke(account, grants)
  expect(await status()).toBe(403)
  await serviceAccounts.grant(account, grants)
  expect(await status()).toBe(200)
  writeFileSync(account.tokenFile, 'not a token')
  expect(await status()).toBe(401)
  await serviceAccounts.issueToken(account)
  expect(await status()).toBe(200)
})

test('annotations are set, removed and applied as others do it', async () => {
  const { admin } = controlPlane
  const namespace = await admin.newNamespace()
  await admin.createTlsSecret(namespace, 'cert', { annotations: { a: '1', b: '1' } })
  await admin.updateSecret(namespace, 'cert', { annotations: { a: null, c: '1' } })
  expect(await admin.annotations(namespace, 'cert')).toEqual({ b: '1', c: '1' })
  const applied = await admin.applySecret(
    namespace,
    'cert',
    { annotations: { b: '2' }, data: { 'tls.crt': '', 'tls.key': '' } },
    { fieldManager: 'someone' },
  )
  expect(applied.metadata.annotations).toEqual({ b: '2', c: '1' })
  expect(applied.metadata.managedFields?.map(({ manager }) => manager)).toContain('someone')
  await admin.deleteSecret(namespace, 'cert')
  await admin.deleteSecret(namespace, 'cert')
  await admin.eventually(namespace, 'cert', 'gone', (secret) => secret === undefined)
})

test('the API server comes back on its port with its data, and stop leaves no process and no folder', async () => {
  const own = await startControlPlane()
  onTestFinished(() => own.stop())
  const namespace = await own.admin.newNamespace()
  await own.admin.createTlsSecret(namespace, 'cert', { annotations: { kept: 'yes' } })
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const before = own.pids
    await own.stopApiServer(signal)
    expect(isAlive(before.apiServer)).toBe(false)
    await expect(own.admin.getSecret(namespace, 'cert')).rejects.toThrow()
    await own.startApiServer()
    expect(own.pids.etcd).toBe(before.etcd)
    expect(await own.admin.annotations(namespace, 'cert')).toEqual({ kept: 'yes' })
  }
  const { etcd, apiServer } = own.pids
  await own.stop()
  expect([etcd, apiServer].filter(isAlive)).toEqual([])
  expect(existsSync(own.connection.folder)).toBe(false)
})

test.each([
  ['Ctrl-C', 'SIGINT', ''],
  ['an uncaught exception', undefined, 'setTimeout(() => { throw new Error("uncaught") }, 50)'],
] as const)('%s leaves no process and no folder', async (_how, signal, then) => {
  const { child, pids, folder } = await startInChild(then)
  if (signal !== undefined) child.kill(signal)
  await once(child, 'exit')
  await expect.poll(() => pids.filter(isAlive)).toEqual([])
  expect(existsSync(folder)).toBe(false)
})

test('SIGKILL leaves no process, and the folder goes with the next start', async () => {
  const { child, pids, folder } = await startInChild('')
  child.kill('SIGKILL')
  await expect.poll(() => pids.filter(isAlive)).toEqual([])
  expect(existsSync(folder)).toBe(true)
  sweepTemporaryFolders()
  expect(existsSync(folder)).toBe(false)
})

/** A Node process of its own that starts a control plane, and goes on with the script `then`. */
async function startInChild(then: string) {
  const module = JSON.stringify(`${import.meta.dirname}/control-plane.ts`)
  const script = `const { startControlPlane } = await import(${module})
    const { pids, connection } = await startControlPlane()
    console.log(JSON.stringify({ pids: Object.values(pids), folder: connection.folder }))
    ${then}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const { pids, folder } = JSON.parse(line) as { pids: number[]; folder: string }
  expect(pids.every(isAlive)).toBe(true)
  return { child, pids, folder }
}
