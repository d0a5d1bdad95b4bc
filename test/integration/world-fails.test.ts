import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { credentialNames } from '../../src/config.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import {
  chainFingerprint,
  createAuthority,
  createLeaf,
  type TestCertificate,
} from '../fixtures/certificates.ts'
import { ApiProxy, isSecretPatch, type ProxiedRequest, statusObject } from '../harness/api-proxy.ts'
import { expectEverythingTrue } from '../harness/invariants.ts'
import type { OperatorProcess } from '../harness/operator-process.ts'
import { credentials, eventually, operatorRules, World } from '../harness/world.ts'
import type { Fault } from '../simulator/faults.ts'

/* The service, the API server and the network fail under the bundle, and all is well afterwards, without a restart. */

const cluster = sharedCluster()
const issuer = createAuthority({ name: 'Issuer' })
afterAll(() => cluster.close())

interface Stage {
  readonly world: World
  readonly proxy: ApiProxy
}

/** Runs a test with a world and a proxy of its own. */
async function staged(run: (stage: Stage) => Promise<void>): Promise<void> {
  await using proxy = await ApiProxy.start(cluster)
  await using world = await World.create(cluster)
  await run({ world, proxy })
}

const through = ({ world, proxy }: Stage) =>
  world.startOperator({ kubeconfig: proxy.kubeconfig(world.account) })

const newLeaf = async (name: string) =>
  createLeaf({ issuer: await issuer, commonName: `${name}.example.com` })

/** Writes a certificate of a new leaf into a Secret, a new one or one that is there. */
async function put(world: World, name: string, how: 'create' | 'renew' = 'create'): Promise<TestCertificate> {
  const leaf = await newLeaf(name)
  const chain = [leaf, await issuer]
  await (how === 'create' ? world.createSecret(name, { chain }) : world.renewSecret(name, { chain }))
  return leaf
}

const synced = async (world: World, name: string, leaf: TestCertificate) =>
  world.eventuallySynced(name, chainFingerprint('SVR', leaf, await issuer), { timeoutMs: 30_000 })

async function putSynced(world: World, name: string): Promise<TestCertificate> {
  const leaf = await put(world, name)
  await synced(world, name, leaf)
  return leaf
}

const putMany = (world: World, count: number) =>
  Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const name = `shop-${index}`
      return { name, leaf: await put(world, name) }
    }),
  )

const leavesSent = (world: World) =>
  world.simulator.calls('UploadCertificate').map(({ leafFingerprint }) => leafFingerprint)

const alive = async (operator: OperatorProcess) =>
  expect(await operator.health('/healthz')).toMatchObject({ status: 200 })

describe('the service', () => {
  const faults: readonly Fault[] = [
    { kind: 'lose-response', times: 1 },
    { kind: 'malformed-json', times: 1 },
    { kind: 'http-status', status: 503, times: 2 },
    { kind: 'reset', times: 2 },
  ]
  test.concurrent.for(faults)('$kind: one certificate in the end', (fault) =>
    staged(async ({ world }) => {
      world.simulator.fault({ ...fault, action: 'UploadCertificate' })
      world.startOperator()
      const leaf = await put(world, 'shop')
      await synced(world, 'shop', leaf)
      await expectEverythingTrue(world)
      expect(world.simulator.certificates()).toHaveLength(1)
      expect(world.uploads()).toBe((fault.times ?? 0) + 1)
    }),
  )

  test.concurrent('a lower limit than ours: slots go down, everything is synced, nothing is called failed', () =>
    staged(async (stage) => {
      const { world, proxy } = stage
      world.simulator.setRateLimit(3)
      const secrets = await putMany(world, 18)
      const operator = through(stage)
      await eventually(
        'there are fewer slots',
        async () => {
          const slots = await operator.metric('tencent_cert_sync_upload_slots')
          return slots > 0 && slots < 10
        },
        { timeoutMs: 20_000 },
      )
      for (const { name, leaf } of secrets) await synced(world, name, leaf)
      await expectEverythingTrue(world)
      expect(operator.log().filter(({ decision }) => decision === 'Failed')).toEqual([])
      expect(proxy.requests.filter(isSecretPatch)).toHaveLength(secrets.length)
    }))

  test.concurrent('wrong credentials, corrected in the mounted file', () =>
    staged(async ({ world }) => {
      const folder = join(cluster.connection.folder, `${world.namespace}.credentials`)
      const write = (name: string, value: string) => {
        // As the kubelet does: readers see the old file or the new one.
        writeFileSync(join(folder, `${name}.new`), `${value}\n`)
        renameSync(join(folder, `${name}.new`), join(folder, name))
      }
      mkdirSync(folder)
      write(credentialNames.secretId, credentials.secretId)
      write(credentialNames.secretKey, 'a-key-of-somebody-else')
      const secrets = await putMany(world, 20)
      const operator = world.startOperator({ 'credentials-directory': folder })
      const isHeld = async () => (await operator.metric('tencent_cert_sync_account_held')) === 1
      await eventually('the account is held', isHeld, { timeoutMs: 20_000 })
      const isTold = async () => {
        const statuses = await Promise.all(secrets.map(({ name }) => world.status(name)))
        const told = statuses.filter(({ reason }) => reason === 'CredentialsRefused')
        expect(told.length).toBeLessThanOrEqual(world.uploads())
        return told.length > 0 && told.every(({ phase }) => phase === 'Failed')
      }
      await eventually('a Secret says so', isTold)

      write(credentialNames.secretKey, credentials.secretKey)
      for (const { name, leaf } of secrets) await synced(world, name, leaf)

      await expectEverythingTrue(world)
      const refused = world.simulator.calls().filter(({ result }) => result.startsWith('AuthFailure'))
      // Those that were under way when the first was refused, and none more: nobody tries on with what was refused.
      expect(refused.length).toBeLessThanOrEqual(10)
      expect(await isHeld()).toBe(false)
      await alive(operator)
    }))
})

const isResumedWatch = ({ watch, query }: ProxiedRequest) => watch && query.get('sendInitialEvents') === null
const isListOrWatch = ({ method, path }: ProxiedRequest) => method === 'GET' && path.endsWith('/secrets')
const isSecretGet = ({ method, path }: ProxiedRequest) => method === 'GET' && path.includes('/secrets/')
const forbidden = ({ method }: ProxiedRequest) =>
  statusObject(403, 'Forbidden', `secrets is forbidden: User "operator" cannot ${method} resource "secrets"`)

describe('the watch', () => {
  test.concurrent('is cut while a certificate is renewed three times: the last one is uploaded', () =>
    staged(async (stage) => {
      const { world, proxy } = stage
      through(stage)
      const first = await putSynced(world, 'shop')
      proxy.onRequest = (request) => (isListOrWatch(request) ? 'cut' : undefined)
      proxy.cutWatches()
      await put(world, 'shop', 'renew')
      await put(world, 'shop', 'renew')
      const last = await put(world, 'shop', 'renew')
      proxy.onRequest = () => undefined

      await synced(world, 'shop', last)
      await expectEverythingTrue(world)
      expect(leavesSent(world)).toEqual([first.fingerprint, last.fingerprint])
    }))

  const expired = statusObject(410, 'Expired', 'too old resource version: 1 (2)')
  test.concurrent.for([
    { form: 'an HTTP status', answer: { status: 410, body: expired } },
    { form: 'an event in the stream', answer: { status: 200, body: { type: 'ERROR', object: expired } } },
  ])('is too old (410 as $form): the Secrets are listed anew', ({ answer }) =>
    staged(async (stage) => {
      const { world, proxy } = stage
      const operator = through(stage)
      await putSynced(world, 'old')
      let answered = 0
      proxy.onRequest = (request) => {
        if (!isResumedWatch(request)) return undefined
        answered += 1
        return answered === 1 ? answer : undefined
      }
      // Nobody tells of this one but the new list.
      proxy.cutWatches()
      const leaf = await put(world, 'new')

      await synced(world, 'new', leaf)
      const relists = 'tencent_cert_sync_relists_total'
      expect(await operator.metric(relists, { reason: 'Expired' })).toBe(1)
      expect(await operator.metric(relists, { reason: 'Initial' })).toBe(1)
      await expectEverythingTrue(world)
      expect(world.uploads()).toBe(2)
      expect(proxy.requests.filter(isSecretPatch)).toHaveLength(2)
    }),
  )
})

describe('the API server', () => {
  const patch = { verb: 'patch' }

  test.concurrent('does the status write, and its answer is lost: no second upload', () =>
    staged(async (stage) => {
      const { world, proxy } = stage
      through(stage)
      let lost = 0
      proxy.onAnswer = (request) => (isSecretPatch(request) && lost++ === 0 ? 'cut' : undefined)
      await putSynced(world, 'shop')
      await eventually('the answer was lost', () => lost > 0)
      const renewed = await put(world, 'shop', 'renew')
      await synced(world, 'shop', renewed)
      await expectEverythingTrue(world)
      expect(world.uploads()).toBe(2)
    }))

  test.concurrent.for(['the same one is accepted again', 'it is replaced in its file'])(
    'rejects the token until %s',
    (remedy) =>
      staged(async (stage) => {
        const { world, proxy } = stage
        const operator = through(stage)
        await putSynced(world, 'before')
        const token = readFileSync(world.account.tokenFile, 'utf8')
        let rejected = 0
        proxy.onRequest = (request) => {
          if (request.token !== token) return undefined
          rejected += 1
          return { status: 401, body: statusObject(401, 'Unauthorized') }
        }
        proxy.cutWatches()
        const leaf = await put(world, 'meanwhile')
        await eventually('the token is rejected again and again', () => rejected >= 4)
        await alive(operator)
        expect(world.uploads()).toBe(1)

        if (remedy === 'it is replaced in its file') await cluster.serviceAccounts.issueToken(world.account)
        else proxy.onRequest = () => undefined
        await synced(world, 'meanwhile', leaf)
        await expectEverythingTrue(world)
        expect(world.uploads()).toBe(2)
      }),
  )

  test.concurrent('takes all rights away and gives them back', () =>
    staged(async (stage) => {
      const { world, proxy } = stage
      const operator = through(stage)
      await putSynced(world, 'before')
      const rights = { namespaces: { [world.namespace]: operatorRules } }
      await cluster.serviceAccounts.revoke(world.account, rights)
      // An open watch is not asked for its rights again: a change comes through, and cannot be read.
      const renewed = await put(world, 'before', 'renew')
      const isRefused = (verb: string) => async () =>
        (await world.requests({ verb })).some(({ responseStatus }) => responseStatus?.code === 403)
      await eventually('reading is refused', isRefused('get'))
      proxy.cutWatches()
      await eventually('watching is refused', isRefused('watch'))
      const leaf = await put(world, 'meanwhile')
      await alive(operator)
      expect(world.uploads()).toBe(1)

      await cluster.serviceAccounts.grant(world.account, rights)
      await synced(world, 'meanwhile', leaf)
      await synced(world, 'before', renewed)
      await expectEverythingTrue(world)
      expect(world.uploads()).toBe(3)
    }))

  test.concurrent('takes the right to write away: the certificate is uploaded once, the id comes later', () =>
    staged(async ({ world }) => {
      world.startOperator()
      await putSynced(world, 'before')
      const readOnly = [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] }]
      await cluster.serviceAccounts.grant(world.account, { namespaces: { [world.namespace]: readOnly } })
      await eventually('writing is forbidden', async () => !(await mayPatch(world)))
      const leaf = await put(world, 'meanwhile')
      const refused = async () =>
        (await world.requests(patch)).filter(({ responseStatus }) => responseStatus?.code === 403).length
      await eventually('writes are refused', async () => (await refused()) >= 3)
      expect((await world.status('meanwhile')).phase).toBeUndefined()

      await cluster.serviceAccounts.grant(world.account, { namespaces: { [world.namespace]: operatorRules } })
      await synced(world, 'meanwhile', leaf)
      await expectEverythingTrue(world)
      expect(world.uploads()).toBe(2)
    }))

  test.concurrent('answers 403 right after its start, to whatever is asked', () =>
    staged(async (stage) => {
      const { world, proxy } = stage
      const leaf = await put(world, 'shop')
      const kinds = [isListOrWatch, isSecretGet, isSecretPatch]
      const left = new Map(kinds.map((kind) => [kind, 3]))
      proxy.onRequest = (request) => {
        const kind = kinds.find((it) => it(request))
        const times = kind === undefined ? 0 : (left.get(kind) ?? 0)
        if (kind === undefined || times === 0) return undefined
        left.set(kind, times - 1)
        return { status: 403, body: forbidden(request) }
      }
      const operator = through(stage)
      await synced(world, 'shop', leaf)
      await operator.ready()
      await expectEverythingTrue(world)
      expect(world.uploads()).toBe(1)
      expect([...left.values()]).toEqual([0, 0, 0])
    }))
})

async function mayPatch(world: World): Promise<boolean> {
  const { user, namespace } = world.account
  const spec = { user, resourceAttributes: { namespace, verb: 'patch', resource: 'secrets' } }
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec }
  const review = await cluster.admin.request<{ status: { allowed: boolean } }>(
    'POST',
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    { body },
  )
  return review.status.allowed
}
