import { afterAll, expect, onTestFinished, test } from 'vitest'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { chainFingerprint, createAuthority, createLeaf } from '../fixtures/certificates.ts'
import { OperatorProcess } from '../harness/operator-process.ts'
import { credentials, eventually, operatorRules, World } from '../harness/world.ts'

const cluster = sharedCluster()
afterAll(() => cluster.close())

const issuer = await createAuthority({ name: 'Issuer' })

/** A world of two namespaces whose operator may read these. */
async function worldWithRightsIn(...indices: number[]): Promise<World> {
  const world = await World.create(cluster, { namespaces: 2 })
  for (const [index, namespace] of world.namespaces.entries()) {
    if (indices.includes(index)) continue
    await cluster.serviceAccounts.revoke(world.account, { namespaces: { [namespace]: operatorRules } })
  }
  return world
}

/** Puts a Secret with a new certificate into the namespace; returns the chain's fingerprint. */
async function putSecret(world: World, namespace: string): Promise<string> {
  const leaf = await createLeaf({ issuer, commonName: `${namespace}.example.com` })
  await world.createSecret('shop', { chain: [leaf, issuer] }, namespace)
  return chainFingerprint('SVR', leaf, issuer)
}

/** The namespaces that the metric names. */
async function unreadable(operator: OperatorProcess): Promise<string[]> {
  const series = /^tencent_cert_sync_namespace_unreadable\{namespace="([^"]+)"\} 1$/gm
  return [...(await operator.metrics()).matchAll(series)].map(([, namespace]) => namespace ?? '')
}

test.concurrent('a namespace without rights is named; the others are synced, and it follows when the rights come', async () => {
  await using world = await worldWithRightsIn(0)
  const [open, closed] = world.namespaces as [string, string]
  const chains = [await putSecret(world, open), await putSecret(world, closed)] as const
  const operator = await world.startOperator().ready()
  await world.eventuallySynced('shop', chains[0], { namespace: open })
  expect(await unreadable(operator)).toEqual([closed])
  const linesOf = (namespace: string) =>
    operator.log().filter((line) => line['namespace'] === namespace && line.level !== 'debug')
  await eventually('it was tried again', () =>
    operator.log().some((line) => line['namespace'] === closed && line['attempt'] === 4),
  )
  const said = linesOf(closed).filter(({ msg }) => msg.startsWith('failed to read'))
  expect(said).toMatchObject([
    { level: 'warn', error: expect.stringContaining('is forbidden: User "system:serviceaccount:') },
  ])
  expect(linesOf(open).filter(({ level }) => level !== 'info')).toEqual([])

  await cluster.serviceAccounts.grant(world.account, { namespaces: { [closed]: operatorRules } })
  await world.eventuallySynced('shop', chains[1], { namespace: closed })
  expect(await unreadable(operator)).toEqual([])
  expect((await operator.health('/readyz')).status).toBe(200)
  expect(linesOf(closed).map(({ msg }) => msg)).toContain('the Secrets of the namespace can be read again')
})

test.concurrent('without rights in any namespace the operator lives, is not ready and names all of them', async () => {
  await using world = await worldWithRightsIn()
  const operator = world.startOperator()
  await eventually('both are named', async () => (await unreadable(operator)).length === 2)
  expect((await unreadable(operator)).sort()).toEqual([...world.namespaces].sort())
  const readiness = await operator.health('/readyz')
  expect(readiness).toMatchObject({ status: 503, text: expect.stringContaining('is forbidden: User') })
  expect((await operator.health('/healthz')).status).toBe(200)
})

test('where the list of the cluster is refused, the operator is not ready and names no namespace', async () => {
  await using world = await worldWithRightsIn(0, 1)
  const args = world.arguments()
  args.splice(args.indexOf('--namespaces'), 2)
  const { secretId, secretKey } = credentials
  const env = { TENCENTCLOUD_SECRET_ID: secretId, TENCENTCLOUD_SECRET_KEY: secretKey }
  const operator = OperatorProcess.start({ args, env })
  onTestFinished(() => operator.kill())
  const problem = async () => (await operator.health('/readyz')).text
  await eventually('it was refused', async () => (await problem()).includes('at the cluster scope'))
  expect((await operator.health('/readyz')).status).toBe(503)
  expect(await unreadable(operator)).toEqual([])
})
