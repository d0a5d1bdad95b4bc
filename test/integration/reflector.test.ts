import { writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { createKubernetesClient } from '../../src/kubernetes/client.ts'
import { Reflector } from '../../src/kubernetes/reflector.ts'
import type { Log } from '../../src/ports/log.ts'
import type { SecretChange } from '../../src/ports/secrets.ts'
import type { Cluster } from '../control-plane/cluster.ts'
import { type ControlPlane, startControlPlane } from '../control-plane/control-plane.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { controlPlaneHas } from '../control-plane/version.ts'
import { eventually } from '../harness/eventually.ts'

const optIn = { [userKeys.upload]: 'true' }
const readSecrets = { apiGroups: [''], resources: ['secrets'], verbs: ['list', 'watch'] }

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Starts a reflector that notes down what it reports. */
function follow(
  kubeconfig: string,
  options: { namespace?: string; labelSelector?: string; pageLimit?: number } = {},
) {
  const changes: SecretChange[] = []
  const relists: string[] = []
  const failures: { status?: number; reason?: string }[] = []
  const nothing = () => {}
  const note: Log['warn'] = ({ status, reason }) =>
    void failures.push({
      ...(status !== undefined && { status }),
      ...(reason !== undefined && { reason }),
    })
  // Repeated refusals are logged at debug level.
  const log: Log = { trace: nothing, debug: note, info: nothing, warn: note, error: nothing }
  const client = createKubernetesClient({ kubeconfig })
  const reflector = new Reflector({
    client,
    clock: systemClock,
    log,
    metrics: { relisted: (reason) => void relists.push(reason), watchOpened: nothing },
    onChange: (change) => void changes.push(change),
    ...options,
  })
  const stopping = new AbortController()
  const running = reflector.start(stopping.signal)
  cleanUps.push(async () => {
    stopping.abort()
    await running
    client.close()
  })
  return { reflector, changes, relists, failures }
}

/** What is left when all changes are applied: the keys of the Secrets that are there and opted in. */
function standing(changes: readonly SecretChange[]): string[] {
  const keys = new Set<string>()
  for (const { kind, key } of changes) {
    if (kind === 'present') keys.add(key)
    else keys.delete(key)
  }
  return [...keys].sort()
}

/** A TCP relay before the API server whose connections can be cut, and which can be closed for a while. */
async function relayBefore(cluster: Cluster) {
  const target = new URL(cluster.url)
  const sockets = new Set<Socket>()
  let closed = false
  const relay = createServer((near) => {
    if (closed) return near.destroy()
    const far = connect(Number(target.port), target.hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.pipe(far)
    far.pipe(near)
    return undefined
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const kubeconfig = join(cluster.connection.folder, 'through-relay.kubeconfig')
  const server = `https://127.0.0.1:${(relay.address() as AddressInfo).port}`
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      'current-context': 'relay',
      contexts: [{ name: 'relay', context: { cluster: 'relay', user: 'admin' } }],
      clusters: [{ name: 'relay', cluster: { server, 'certificate-authority': cluster.caFile } }],
      users: [{ name: 'admin', user: { token: cluster.adminToken } }],
    }),
  )
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  cleanUps.push(async () => {
    cut()
    await new Promise((resolve) => relay.close(resolve))
  })
  return {
    kubeconfig,
    /** Cuts all connections and takes no new ones. */
    close() {
      closed = true
      cut()
    },
    open() {
      closed = false
    },
  }
}

/** Resolves when the first list is complete. */
function listed(reflector: Reflector): Promise<void> {
  return eventually('it has listed', () => reflector.hasSynced)
}

describe('beside others on one API server', () => {
  const cluster = sharedCluster()
  const { admin } = cluster
  afterAll(() => cluster.close())

  test('it finds what is there and follows what happens, of opted-in TLS Secrets only', async () => {
    const namespace = await admin.newNamespace('follow')
    const old = await admin.createTlsSecret(namespace, 'old', { annotations: optIn })
    await admin.createTlsSecret(namespace, 'plain')
    await admin.createSecret(namespace, 'opaque', { annotations: optIn, type: 'Opaque' })
    const { reflector, changes, relists } = follow(cluster.adminKubeconfig, { namespace })
    await listed(reflector)
    const { resourceVersion } = old.metadata
    expect(changes).toEqual([{ kind: 'present', key: `${namespace}/old`, resourceVersion, listed: true }])
    expect(relists).toEqual(['Initial'])

    const fresh = await admin.createTlsSecret(namespace, 'fresh', {
      annotations: { [userKeys.upload]: 'maybe' },
    })
    const touched = await admin.updateSecret(namespace, 'plain', { annotations: optIn })
    await admin.updateSecret(namespace, 'old', { annotations: { [userKeys.upload]: null } })
    await admin.deleteSecret(namespace, 'plain')
    await eventually('all four changes', () => changes.length === 5)
    const present = { kind: 'present', listed: false }
    expect(changes.slice(1)).toEqual([
      { ...present, key: `${namespace}/fresh`, resourceVersion: fresh.metadata.resourceVersion },
      { ...present, key: `${namespace}/plain`, resourceVersion: touched.metadata.resourceVersion },
      { kind: 'gone', key: `${namespace}/old`, optedOut: true },
      { kind: 'gone', key: `${namespace}/plain`, optedOut: false },
    ])
  })

  test('it asks for metadata alone: no list and no watch shows it a private key', async () => {
    const namespace = await admin.newNamespace('metadata')
    await admin.createTlsSecret(namespace, 'a', { annotations: optIn, data: { 'tls.key': 'CANARY' } })
    const client = createKubernetesClient({ kubeconfig: cluster.adminKubeconfig })
    const seen: Buffer[] = []
    const recording: typeof client = {
      server: client.server,
      close: () => client.close(),
      request: (request) => client.request(request),
      async stream(request) {
        const chunks = await client.stream(request)
        return (async function* () {
          for await (const chunk of chunks) {
            seen.push(chunk)
            yield chunk
          }
        })()
      },
    }
    const nothing = () => {}
    const stopping = new AbortController()
    let changes = 0
    const reflector = new Reflector({
      client: recording,
      clock: systemClock,
      log: { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing },
      metrics: { relisted: nothing, watchOpened: nothing },
      namespace,
      onChange: () => {
        changes += 1
      },
    })
    const running = reflector.start(stopping.signal)
    await listed(reflector)
    await admin.updateSecret(namespace, 'a', { annotations: { touched: 'yes' } })
    await eventually('the change', () => changes === 2)
    stopping.abort()
    await running
    client.close()
    const text = Buffer.concat(seen).toString()
    expect(text).toContain('"name":"a"')
    expect(text).not.toContain(Buffer.from('CANARY').toString('base64'))
    expect(text).not.toContain('"data":')
  })

  test('a label selector narrows it; what loses the label is gone', async () => {
    const namespace = await admin.newNamespace('labels')
    await admin.createTlsSecret(namespace, 'mine', { annotations: optIn, labels: { team: 'web' } })
    await admin.createTlsSecret(namespace, 'theirs', { annotations: optIn, labels: { team: 'db' } })
    const { reflector, changes } = follow(cluster.adminKubeconfig, { namespace, labelSelector: 'team=web' })
    await listed(reflector)
    expect(standing(changes)).toEqual([`${namespace}/mine`])
    await admin.patchSecret(namespace, 'mine', { metadata: { labels: { team: null } } })
    await eventually('it is gone', () => standing(changes).length === 0)
  })

  test('the rights of a Role in its namespace suffice; taken away and given back, it goes on by itself', async () => {
    const namespace = await admin.newNamespace('role')
    await admin.createTlsSecret(namespace, 'a', { annotations: optIn })
    const grants = { namespaces: { [namespace]: [readSecrets] } }
    const account = await cluster.serviceAccounts.create(namespace, 'operator', grants)
    await cluster.serviceAccounts.revoke(account, grants)
    const { reflector, changes, failures } = follow(account.kubeconfig, { namespace })
    await eventually('it was refused twice', () => failures.length >= 2)
    expect(failures[0]).toEqual({ status: 403, reason: 'Forbidden' })
    expect(reflector.hasSynced).toBe(false)
    await cluster.serviceAccounts.grant(account, grants)
    await listed(reflector)
    expect(standing(changes)).toEqual([`${namespace}/a`])
  })

  test('a token that is refused until its file is replaced', async () => {
    const namespace = await admin.newNamespace('token')
    const account = await cluster.createServiceAccount({ namespace, name: 'operator', rules: [readSecrets] })
    writeFileSync(account.tokenFile, 'no.such.token')
    const { reflector, failures } = follow(account.kubeconfig, { namespace })
    await eventually('it was refused', () => failures.length >= 1)
    expect(failures[0]).toEqual({ status: 401, reason: 'Unauthorized' })
    await cluster.serviceAccounts.issueToken(account)
    await listed(reflector)
  })
})

describe('on an API server of its own, without WatchList', () => {
  let plane: ControlPlane
  beforeAll(async () => {
    // Older versions have no such feature gate, and no WatchList.
    const off = controlPlaneHas('1.27') ? ['--feature-gates=WatchList=false'] : []
    plane = await startControlPlane({ apiServerArguments: off })
  })
  afterAll(() => plane.stop())

  test('it lists page by page and then follows', async () => {
    const { admin } = plane
    const namespace = await admin.newNamespace('pages')
    const names = Array.from({ length: 8 }, (_, index) => `s${index}`)
    for (const name of names) await admin.createTlsSecret(namespace, name, { annotations: optIn })
    await admin.createTlsSecret(namespace, 'plain')
    const { reflector, changes, relists } = follow(plane.adminKubeconfig, { namespace, pageLimit: 3 })
    await listed(reflector)
    expect(standing(changes)).toEqual(names.map((name) => `${namespace}/${name}`))
    expect(relists).toEqual(['Initial'])
    const lists = await plane.auditEvents({ verb: 'list', resource: 'secrets', namespace })
    expect(lists).toHaveLength(3)
    await admin.deleteSecret(namespace, 's3')
    await eventually('it is gone', () => !standing(changes).includes(`${namespace}/s3`))
  })

  test('an empty namespace is a world that was seen', async () => {
    const namespace = await plane.admin.newNamespace('empty')
    const { reflector, changes } = follow(plane.adminKubeconfig, { namespace })
    await listed(reflector)
    expect(changes).toEqual([])
  })

  test('a cut connection costs nothing: it resumes and learns what was missed, without a list', async () => {
    const { admin } = plane
    const namespace = await admin.newNamespace('cut')
    const relay = await relayBefore(plane)
    const { reflector, changes, relists } = follow(relay.kubeconfig, { namespace })
    await admin.createTlsSecret(namespace, 'a', { annotations: optIn })
    await listed(reflector)
    await eventually('a is known', () => standing(changes).length === 1)
    relay.close()
    for (const touch of ['1', '2', '3']) await admin.updateSecret(namespace, 'a', { annotations: { touch } })
    const last = await admin.createTlsSecret(namespace, 'b', { annotations: optIn })
    relay.open()
    await eventually('b is known', () => standing(changes).includes(`${namespace}/b`))
    expect(changes.at(-1)).toMatchObject({ resourceVersion: last.metadata.resourceVersion, listed: false })
    expect(relists).toEqual(['Initial'])
  })

  test('a resourceVersion that a restart made too old: 410, a new list, and the truth', async () => {
    const { admin } = plane
    const namespace = await admin.newNamespace('expired')
    await admin.createTlsSecret(namespace, 'kept', { annotations: optIn })
    await admin.createTlsSecret(namespace, 'lost', { annotations: optIn })
    const relay = await relayBefore(plane)
    const { reflector, changes, relists, failures } = follow(relay.kubeconfig, { namespace })
    await listed(reflector)
    const heard = changes.length
    relay.close()
    await admin.deleteSecret(namespace, 'lost')
    const fresh = await admin.createTlsSecret(namespace, 'fresh', { annotations: optIn })
    await plane.restart()
    relay.open()
    await eventually('it listed again', () => relists.length === 2, { timeoutMs: 45_000 })
    expect(relists).toEqual(['Initial', 'Expired'])
    expect(failures.some(({ status }) => status === 410)).toBe(true)
    expect(changes.slice(heard)).toEqual([
      {
        kind: 'present',
        key: `${namespace}/fresh`,
        resourceVersion: fresh.metadata.resourceVersion,
        listed: true,
      },
      { kind: 'gone', key: `${namespace}/lost`, optedOut: false },
    ])
    await admin.createTlsSecret(namespace, 'later', { annotations: optIn })
    await eventually('it follows again', () => standing(changes).includes(`${namespace}/later`))
  })

  test('an API server that is killed and comes back: nothing is lost, and the age of the data is seen', async () => {
    const { admin } = plane
    const namespace = await admin.newNamespace('killed')
    const { reflector, changes } = follow(plane.adminKubeconfig, { namespace })
    await listed(reflector)
    await plane.stopApiServer('SIGKILL')
    await eventually('the data grows old', () => reflector.silenceMs() > 1500)
    expect(reflector.attemptAgeMs()).toBeLessThan(reflector.silenceMs())
    await plane.startApiServer()
    await admin.createTlsSecret(namespace, 'a', { annotations: optIn })
    await eventually('a is known', () => standing(changes).includes(`${namespace}/a`), {
      timeoutMs: 45_000,
    })
    expect(reflector.silenceMs()).toBeLessThan(1500)
  })
})
