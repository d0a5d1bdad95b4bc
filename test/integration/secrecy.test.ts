import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Phase } from '../../src/contract/status.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { controlPlaneHas } from '../control-plane/version.ts'
import { bundle, type TestCertificate } from '../fixtures/certificates.ts'
import { ApiProxy, type ProxiedRequest, statusObject, type Verdict } from '../harness/api-proxy.ts'
import type { OperatorProcess } from '../harness/operator-process.ts'
import { issuer, SecrecyScene } from '../harness/secrecy-scene.ts'
import { eventually } from '../harness/world.ts'
import type { Fault } from '../simulator/faults.ts'

const cluster = sharedCluster()
afterAll(() => cluster.close())

/** A Secret in which something goes wrong, and where it ends all the same. */
interface Mishap {
  readonly ends: Phase
  /** What its data is instead of the pair. */
  readonly data?: (leaf: TestCertificate) => Record<string, string>
  readonly type?: 'CA'
  /** What the service does to its upload, quoting whatever it knows. */
  readonly fault?: (leaf: TestCertificate) => Fault
}

const quoted = ({ keyPem }: TestCertificate) => `${keyPem} ${Buffer.from(keyPem).toString('base64')}`
const error = (code: string, times = 1_000) => {
  return (leaf: TestCertificate): Fault => ({
    kind: 'error',
    code,
    message: `bad key: ${quoted(leaf)}`,
    times,
  })
}

const mishaps: Readonly<Record<string, Mishap>> = {
  none: { ends: 'Synced' },
  'older-form': { ends: 'Synced', data: (it) => ({ 'tls.key': it.keyPemTraditional }) },
  'one-line': { ends: 'Synced', data: (it) => ({ 'tls.key': it.keyPem.replaceAll('\n', ' ') }) },
  authority: { ends: 'Synced', type: 'CA', data: () => ({ 'ca.crt': issuer.certificatePem }) },
  'cut-key': { ends: 'Rejected', data: (it) => ({ 'tls.key': it.keyPem.slice(0, -40) }) },
  'headless-key': { ends: 'Rejected', data: (it) => ({ 'tls.key': it.keyPem.slice(20) }) },
  'damaged-key': {
    ends: 'Rejected',
    data: (it) => ({ 'tls.key': it.keyPem.replace('-----\nM', '-----\nN') }),
  },
  'key-as-certificate': { ends: 'Rejected', data: (it) => ({ 'tls.crt': it.keyPem }) },
  mismatch: { ends: 'Rejected', data: () => ({ 'tls.crt': issuer.certificatePem }) },

  outage: { ends: 'Synced', fault: error('InternalError', 1) },
  throttled: { ends: 'Synced', fault: error('RequestLimitExceeded', 1) },
  rejected: { ends: 'Rejected', fault: error('FailedOperation.CertificateInvalid') },
  cosmetic: { ends: 'Rejected', fault: error('InvalidParameter') },
  'not-allowed': { ends: 'Failed', fault: error('UnauthorizedOperation') },
  quota: { ends: 'Failed', fault: error('LimitExceeded') },
  exists: { ends: 'Failed', fault: error('FailedOperation.CertificateExists') },
  unknown: { ends: 'Failed', fault: error('FailedOperation.NobodyKnows') },
  'key-as-code': { ends: 'Synced', fault: (it) => ({ kind: 'error', code: it.keyPem, times: 1 }) },
  gateway: {
    ends: 'Synced',
    fault: (it) => ({ kind: 'http-status', status: 502, body: quoted(it), times: 1 }),
  },
  'bad-request': { ends: 'Failed', fault: (it) => ({ kind: 'http-status', status: 400, body: quoted(it) }) },
  redirect: {
    ends: 'Failed',
    fault: (it) => ({
      kind: 'redirect',
      status: 307,
      location: `http://127.0.0.1:1/${encodeURI(quoted(it))}`,
    }),
  },
  malformed: { ends: 'Synced', fault: () => ({ kind: 'malformed-json', times: 1 }) },
  lost: { ends: 'Synced', fault: () => ({ kind: 'lose-response', times: 1 }) },
  reset: { ends: 'Synced', fault: () => ({ kind: 'reset', times: 1 }) },

  // The API server's part: see CarelessApiServer.
  'broken-get': { ends: 'Synced' },
  'nonsense-get': { ends: 'Synced' },
  'unauthorized-get': { ends: 'Synced' },
}

/** Secrets whose status the API server refuses with a quotation. */
const refused = ['webhook', 'policy']

/** What stands before the API server quotes what it should not: the Secret, or the token of the request. */
class CarelessApiServer {
  /** Names of Secrets, and `watch`. */
  readonly quotedFor = new Set<string>()
  readonly #scene: SecrecyScene

  constructor(scene: SecrecyScene) {
    this.#scene = scene
  }

  readonly onRequest = async ({ method, path, watch }: ProxiedRequest): Promise<Verdict> => {
    const name = watch ? 'watch' : (path.split('/secrets/')[1] ?? '')
    const { token, world } = this.#scene
    if (method === 'PATCH' && refused.includes(name)) {
      this.quotedFor.add(name)
      const secret = JSON.stringify(await cluster.admin.getSecret(world.namespace, name))
      return name === 'webhook'
        ? failure(400, 'BadRequest', `admission webhook "careless" denied the request: ${secret}`)
        : failure(403, 'Forbidden', `denied: map[data:[${Buffer.from(secret).join(' ')}]]`)
    }
    const first = method === 'GET' && !this.quotedFor.has(name)
    const pem = first && /^(broken|nonsense)-get$/.test(name) ? await this.#keyPem(name) : ''
    const answers: Record<string, Verdict> = {
      watch: failure(500, 'InternalError', `panic serving authorization: Bearer ${token}`),
      'broken-get': failure(500, pem, `cannot encode ${pem}`),
      'nonsense-get': { status: 200, body: pem },
      'unauthorized-get': failure(401, 'Unauthorized', `invalid token: ${token}`),
    }
    if (!first || !Object.hasOwn(answers, name)) return undefined
    this.quotedFor.add(name)
    return answers[name]
  }

  async #keyPem(name: string): Promise<string> {
    const { data } = await cluster.admin.getSecret(this.#scene.world.namespace, name)
    return Buffer.from(data?.['tls.key'] ?? '', 'base64').toString()
  }
}

function failure(status: number, reason: string, message: string): Verdict {
  return { status, body: statusObject(status, reason, message) }
}

/** Fails where `said` has a trace of a secret, and names the place and the secret. */
function expectNoTraces({ canaries }: SecrecyScene, said: Readonly<Record<string, string>>): void {
  for (const [where, text] of Object.entries(said)) {
    expect({ where, traces: canaries.tracesIn(text) }).toEqual({ where, traces: [] })
  }
}

async function said(operator: OperatorProcess): Promise<Record<string, string>> {
  const { stdout, stderr } = operator
  const probes = [await operator.health('/healthz'), await operator.health('/readyz')]
  return { stdout, stderr, metrics: await operator.metrics(), probes: JSON.stringify(probes) }
}

async function createSecrets(scene: SecrecyScene): Promise<void> {
  const { world } = scene
  const pair = (leaf: TestCertificate) => ({ 'tls.crt': bundle(leaf, issuer), 'tls.key': leaf.keyPem })
  const annotations = world.annotationsOf({})
  for (const [name, { data, type = 'SVR', fault }] of Object.entries(mishaps)) {
    const leaf = await scene.leaf(name, name === 'rejected' ? 'rsa' : 'ecdsa')
    if (fault) {
      world.simulator.fault({
        ...fault(leaf),
        action: 'UploadCertificate',
        leafFingerprint: leaf.fingerprint,
      })
    }
    await cluster.admin.createTlsSecret(world.namespace, name, {
      annotations: world.annotationsOf({ annotations: { certificateType: type } }),
      data: { ...pair(leaf), ...data?.(leaf) },
    })
  }
  for (const name of refused) {
    await cluster.admin.createTlsSecret(world.namespace, name, {
      annotations,
      data: pair(await scene.leaf(name)),
    })
  }
  await cluster.admin.createTlsSecret(world.namespace, 'not-opted-in', {
    data: pair(await scene.leaf('not-opted-in')),
  })
  const opaque = { annotations, data: pair(await scene.leaf('opaque')), type: 'Opaque' }
  await cluster.admin.createSecret(world.namespace, 'opaque', opaque)
}

test.concurrent.for(['json', 'pretty'])(
  'nothing of a key or a credential is in a %s log, an Event, an annotation, a metric, a list or a write',
  async (format) => {
    await using proxy = await ApiProxy.start(cluster)
    await using scene = await SecrecyScene.create(cluster)
    const { world, canaries } = scene
    const { simulator, namespace } = world
    const answers = proxy.recordAnswers()
    const careless = new CarelessApiServer(scene)
    proxy.onRequest = careless.onRequest
    await createSecrets(scene)
    const faults = simulator.faults.list()
    simulator.fault({ kind: 'echo-request' })

    const kubeconfig = proxy.kubeconfig(world.account)
    const operator = await scene.startOperator({ kubeconfig, 'log-format': format, resync: '1s' }).ready()
    for (const [name, { ends }] of Object.entries(mishaps)) {
      await world.eventuallyStatus(name, ends, (it) => it.phase === ends)
    }
    for (const name of refused) {
      const events = () => cluster.admin.listEvents(namespace, name)
      await eventually(`an Event on ${name}`, async () => (await events()).length > 0)
    }
    // Last, because it holds the account.
    const held = await scene.leaf('held')
    simulator.fault({ ...error('AuthFailure.SignatureFailure')(held), leafFingerprint: held.fingerprint })
    await world.createSecret('held', { chain: [held, issuer] })
    await world.eventuallyStatus('held', 'Failed', (it) => it.reason === 'CredentialsRefused')

    // It was all said to the operator ...
    expect(faults.filter((it) => it.hits === 0).map((it) => it.fault.kind)).toEqual([])
    const quotations = ['watch', ...refused, 'broken-get', 'nonsense-get', 'unauthorized-get']
    expect([...careless.quotedFor].sort()).toEqual(quotations.sort())
    // ... and none of it was said again.
    const urls = JSON.stringify(proxy.requests.map(({ path, query }) => [path, String(query)]))
    expectNoTraces(scene, { ...(await said(operator)), cluster: await scene.shownInCluster(), urls })
    await operator.stop()
    expectNoTraces(scene, { stdout: operator.stdout, stderr: operator.stderr })

    // Only a GET of a Secret that is opted in brings what it holds. What the proxy itself said is not among the answers.
    const isGet = ({ method, path }: ProxiedRequest) => method === 'GET' && path.includes('/secrets/')
    const kinds = new Set<string>()
    for (const answer of answers.filter(({ request }) => !isGet(request))) {
      const { watch, method, path } = answer.request
      // Without WatchList (before 1.32), Secrets are listed first.
      const isList = method === 'GET' && path.endsWith('/secrets')
      kinds.add(watch ? 'WATCH' : isList ? 'LIST' : method)
      expect(canaries.tracesIn(answer.text())).toEqual([])
    }
    const lists = controlPlaneHas('1.32') ? [] : ['LIST']
    expect(kinds).toEqual(new Set(['WATCH', ...lists, 'PATCH', 'POST']))
    const gets = answers.filter(({ request }) => isGet(request)).map((it) => it.text())
    const read = canaries.namesIn(gets.join('\n'))
    expect(read).toContain('key of none')
    expect(read).not.toContain('key of not-opted-in')
    expect(read).not.toContain('key of opaque')
  },
)

test('an operator that cannot start shows no credential', async () => {
  await using scene = await SecrecyScene.create(cluster)
  const { token, directory } = scene
  const broken = join(directory, 'broken.kubeconfig')
  writeFileSync(broken, `users:\n- name: operator\n  user:\n    token: ${token}\n   bad: [`)
  const elsewhere = `https://operator:${token}@127.0.0.1/`
  const starts: readonly Record<string, string>[] = [
    { 'secret-key': token },
    { 'tencent-endpoint': elsewhere },
    { kubeconfig: broken },
    { kubeconfig: join(directory, 'none'), token },
  ]
  for (const options of starts) {
    const operator = scene.startOperator(options)
    expect(await operator.exited).toBeGreaterThan(0)
    expect(operator.stdout + operator.stderr).not.toBe('')
    expectNoTraces(scene, { stdout: operator.stdout, stderr: operator.stderr })
  }
})
