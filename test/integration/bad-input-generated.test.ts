import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { statusKeys, userKeys } from '../../src/contract/annotation-keys.ts'
import { readStatus } from '../../src/contract/status.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import {
  bundle,
  chainFingerprint,
  createAuthority,
  createLeaf,
  type TestCertificate,
} from '../fixtures/certificates.ts'
import { Canaries } from '../harness/canary.ts'
import { expectHealthyNeighbour } from '../harness/healthy-neighbour.ts'
import type { OperatorProcess } from '../harness/operator-process.ts'
import { eventually, World } from '../harness/world.ts'

const cluster = sharedCluster()
afterAll(() => cluster.close())

const issuer = await createAuthority({ name: 'Issuer' })
const batch = 50

/** One run with a batch of Secrets, each with a certificate of its own: with an API server, a run takes seconds. */
function property<T>(
  name: string,
  input: fc.Arbitrary<T>,
  run: (
    world: World,
    secrets: readonly { name: string; leaf: TestCertificate; input: T }[],
  ) => Promise<OperatorProcess>,
): void {
  const runOnce = async (inputs: readonly T[]) => {
    await using world = await World.create(cluster, { namespaces: 2 })
    const secrets = await Promise.all(
      inputs.map(async (input, i) => {
        const leaf = await createLeaf({ issuer, commonName: `${i}.example.com` })
        return { name: `secret-${i}`, leaf, input }
      }),
    )
    await expectHealthyNeighbour(world, await run(world, secrets))
  }
  const inputs = fc.array(input, { minLength: batch, maxLength: batch })
  test.concurrent(name, () =>
    fc.assert(fc.asyncProperty(inputs, runOnce), { numRuns: 1, endOnFailure: true }),
  )
}

/** Resolves when every Secret was looked at about three times more, and nothing was written meanwhile. */
async function expectNoFurtherWrites(world: World, operator: OperatorProcess): Promise<void> {
  const looks = () => operator.metric('tencent_cert_sync_reconcile_total')
  const [seen, before] = [await looks(), await world.requests({ verb: 'patch' })]
  await eventually('three resyncs', async () => (await looks()) >= seen + 3 * batch)
  expect(await world.requests({ verb: 'patch' })).toHaveLength(before.length)
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', minLength: 100, maxLength: 400 }),
  fc.string({ unit: 'binary', minLength: 1_000, maxLength: 3_000 }),
  fc.stringMatching(/^[a-z]{1,9}=[ -~]{0,300}(,[a-z]{1,9}=[ -~]{0,300}){0,9}$/),
)
const orAnyText = (...usual: string[]) =>
  fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: anyText })
/** Mostly in order, or few Secrets would get past all of their annotations. */
const mostly = (valid: readonly string[], invalid: readonly string[]) =>
  fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...valid) },
    { weight: 1, arbitrary: orAnyText(...invalid) },
  )

const userAnnotations = fc.record(
  {
    upload: mostly(['true', ' true\n'], ['false', 'yes', 'TRUE', '']),
    paused: mostly(['false', 'false\t'], ['true', 'constructor']),
    certificateType: mostly(['SVR', 'CA', ' SVR '], ['__proto__', 'svr']),
    repeatable: mostly(['true', 'false'], ['', 'yes']),
    projectId: mostly(['0', '42', ' 7 ', '9'.repeat(15)], ['-1', '1e3', '9'.repeat(16)]),
    alias: fc.oneof(fc.constantFrom('{name}', '{x}', '{', '{{domain}}', '{constructor}', ''), anyText),
    certificateUse: fc.oneof(fc.constantFrom('CLB', 'CDN,WAF', '\u0000'), anyText),
    tags: fc.oneof(fc.constantFrom('=', 'a', ',,,', 'a=b,a=c', '__proto__=1', 'qcloud=1'), anyText),
    requestedAt: fc.oneof(fc.constantFrom('2026-01-01', '\n', '\u2028'), anyText),
  } satisfies Record<keyof typeof userKeys, fc.Arbitrary<string>>,
  { requiredKeys: ['upload'] },
)
type UserAnnotations = Partial<Record<keyof typeof userKeys, string>>

/** What somebody may have put where the operator writes: nonsense, and half the truth. */
const statusAnnotations = fc.dictionary(
  fc.constantFrom(...(Object.keys(statusKeys) as (keyof typeof statusKeys)[])),
  orAnyText(
    ...['Synced', 'Rejected', 'RefusedByService', 'Adopted', 'abcd1234', 'a@b', '2026-01-01T00:00:00Z'],
    ...[`SVR:${'0'.repeat(64)}`, 'f'.repeat(64), `v1:${'0'.repeat(64)}`, 'abcd1234@0123456789ab,,@'],
  ),
  { maxKeys: 8 },
)

/** The contract, read without the operator's code. */
function expectedOf(annotations: UserAnnotations): 'nothing' | 'rejected' | 'synced' {
  const { upload, paused, certificateType, repeatable, projectId } = Object.fromEntries(
    Object.entries(annotations).map(([key, value]) => [key, value.trim()]),
  ) as UserAnnotations
  if (upload === 'false' || paused === 'true') return 'nothing'
  const inOrder =
    upload === 'true' &&
    ['false', undefined].includes(paused) &&
    ['SVR', 'CA', undefined].includes(certificateType) &&
    ['true', 'false', undefined].includes(repeatable) &&
    /^\d{1,15}$/.test(projectId ?? '0')
  return inOrder ? 'synced' : 'rejected'
}

function named(keys: Readonly<Record<string, string>>, values: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [keys[key] as string, value]))
}

property(
  'annotations of any text are obeyed, or refused by name, and never changed',
  fc.tuple(userAnnotations, statusAnnotations),
  async (world, secrets) => {
    const authorities = await Promise.all(secrets.map(({ name }) => createAuthority({ name })))
    for (const [i, { name, leaf, input }] of secrets.entries()) {
      const ca = authorities[i]?.certificatePem ?? ''
      await cluster.admin.createTlsSecret(world.namespace, name, {
        annotations: { ...named(userKeys, input[0]), ...named(statusKeys, input[1]) },
        data: { 'tls.crt': bundle(leaf, issuer), 'tls.key': leaf.keyPem, 'ca.crt': ca },
      })
    }
    const operator = world.startOperator({ resync: '1s' })

    for (const [i, { name, leaf, input }] of secrets.entries()) {
      const [user] = input
      const expected = expectedOf(user)
      if (expected === 'rejected') {
        const isRefused = (text: string | undefined) => text?.startsWith('tencent-cert-sync.io/') ?? false
        const { message } = await world.eventuallyStatus(name, 'InvalidAnnotation', (it) => {
          return it.phase === 'Rejected' && it.reason === 'InvalidAnnotation' && isRefused(it.message)
        })
        expect(message).toMatch(
          /^tencent-cert-sync\.io\/(upload|paused|certificate-type|repeatable|project-id) must be /,
        )
        expect(message?.length).toBeLessThanOrEqual(500)
      }
      if (expected === 'synced') {
        const isCa = user.certificateType?.trim() === 'CA'
        const chain = isCa
          ? chainFingerprint('CA', authorities[i] as TestCertificate)
          : chainFingerprint('SVR', leaf, issuer)
        const status = await world.eventuallySynced(name, chain)
        const held = world.simulator.certificates().find((it) => it.chainFingerprint === chain)
        expect({ name, id: status.uploaded?.certificateId }).toEqual({ name, id: held?.id })
        expect([...(held?.alias ?? '')].length).toBeLessThanOrEqual(64)
        expect(status.message?.length).toBeLessThanOrEqual(500)
      }
    }
    await expectNoFurtherWrites(world, operator)

    for (const { name, input } of secrets) {
      const [user, status] = input
      const after = await cluster.admin.annotations(world.namespace, name)
      const expected = expectedOf(user)
      const before = { ...named(userKeys, user), ...(expected === 'nothing' && named(statusKeys, status)) }
      expect(after).toMatchObject(before)
      if (expected === 'nothing') expect(after).toEqual(before)
      // An intent is put on record before a copy of its own is made.
      const writes = { nothing: 0, rejected: 1, synced: user.repeatable?.trim() === 'true' ? 2 : 1 }[expected]
      expect({ name, writes: (await world.requests({ verb: 'patch', name })).length }).toEqual({
        name,
        writes,
      })
    }
    return operator
  },
)

/** Damage to a text: at a place (a share of its length), so many bytes are replaced. */
const damage = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 400 })),
  inserted: fc.oneof(
    fc.uint8Array({ maxLength: 3 }),
    fc.uint8Array({ minLength: 100, maxLength: 2_000 }),
    fc
      .constantFrom('\n', '\u0000', '-----END CERTIFICATE-----', '-----BEGIN PRIVATE KEY-----\n', 'A')
      .map((it) => Buffer.from(it)),
  ),
})

function damaged(
  text: string,
  damages: readonly (typeof damage extends fc.Arbitrary<infer D> ? D : never)[],
): Buffer {
  return damages.reduce((bytes, { at, removed, inserted }) => {
    const place = Math.floor(at * bytes.length)
    return Buffer.concat([bytes.subarray(0, place), inserted, bytes.subarray(place + removed)])
  }, Buffer.from(text))
}

property(
  'a certificate and a key with any damage end in a true status or in a reason that shows nothing of the key',
  fc.oneof(
    fc.record({ crt: fc.array(damage, { minLength: 1, maxLength: 3 }), key: fc.constant([]) }),
    fc.record({ crt: fc.constant([]), key: fc.array(damage, { minLength: 1, maxLength: 3 }) }),
  ),
  async (world, secrets) => {
    const canaries = new Canaries()
    for (const { name, leaf, input } of secrets) {
      canaries.addKey(name, leaf.key)
      const crt = damaged(bundle(leaf, issuer), input.crt)
      const key = damaged(leaf.keyPem, input.key)
      await cluster.admin.createTlsSecret(world.namespace, name, {
        annotations: world.annotationsOf({}),
        data: { 'tls.crt': crt, 'tls.key': key },
      })
    }
    const operator = world.startOperator({ resync: '1s' })

    for (const { name } of secrets) {
      const { phase, message, uploaded } = await world.eventuallyStatus(
        name,
        'decided',
        (it) => it.phase !== undefined,
      )
      expect(phase).toMatch(/^(Synced|Rejected)$/)
      expect(message?.length).toBeLessThanOrEqual(500)
      const held = world.simulator.certificates().find((it) => it.id === uploaded?.certificateId)
      expect(held?.chainFingerprint).toBe(uploaded?.chainFingerprint)
    }
    await expectNoFurtherWrites(world, operator)

    const shown = await cluster.admin.listSecrets(world.namespace)
    const annotations = JSON.stringify(shown.map((it) => it.metadata))
    expect(canaries.tracesIn(annotations + operator.stdout + (await operator.metrics()))).toEqual([])
    for (const { metadata } of shown) expect(readStatus(metadata.annotations ?? {}).reason).toBeDefined()
    return operator
  },
)
