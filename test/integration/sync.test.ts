import { afterAll, expect, test } from 'vitest'
import { statusKeys } from '../../src/contract/annotation-keys.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { chainFingerprint, createAuthority, createLeaf, crossSign } from '../fixtures/certificates.ts'
import { eventually, World, type WorldOptions } from '../harness/world.ts'

const cluster = sharedCluster()
afterAll(() => cluster.close())

const issuer = await createAuthority({ name: 'Issuer' })
const otherRoot = await createAuthority({ name: 'Other root' })
const crossSigned = await crossSign(issuer, otherRoot)
const leafFor = (commonName: string) => createLeaf({ issuer, commonName })

/** A test with a world of its own, side by side with the others of the file. */
function scenario(name: string, run: (world: World) => Promise<void>, options?: WorldOptions): void {
  test.concurrent(name, async () => {
    await using world = await World.create(cluster, options)
    await run(world)
    // Whatever a test does, no certificate may exist twice and no second may see more than ten calls.
    const chains = world.simulator.certificates().map((it) => it.chainFingerprint)
    expect(new Set(chains).size).toBe(chains.length)
    expect(world.simulator.maxInAnySecond('UploadCertificate')).toBeLessThanOrEqual(10)
  })
}

/** The id under which the cloud holds exactly this chain. */
function idOf(world: World, chain: string): string | undefined {
  return world.simulator.certificates().find((it) => it.chainFingerprint === chain)?.id
}

scenario('a new TLS Secret gets the CertificateId of its certificate, and Events say so', async (world) => {
  const leaf = await leafFor('shop.example.com')
  const chain = chainFingerprint('SVR', leaf, issuer)
  const operator = await world.startOperator().ready()
  await world.createSecret('shop', { chain: [leaf, issuer] })

  const status = await world.eventuallySynced('shop', chain)

  expect(status.uploaded).toEqual({
    certificateId: idOf(world, chain),
    account: `default@${world.simulator.host}`,
    fingerprint: leaf.fingerprint,
    chainFingerprint: chain,
  })
  expect(status).toMatchObject({ reason: 'CertificateUploaded', origin: 'Uploaded', previous: [] })
  expect(status.notAfter).toBe(leaf.notAfter.toISOString().replace('.000Z', 'Z'))
  expect(world.simulator.certificates()).toMatchObject([
    {
      alias: `${world.namespace}/shop`,
      tags: [
        { TagKey: 'cert-sync/cluster', TagValue: 'test' },
        { TagKey: 'cert-sync/secret', TagValue: `${world.namespace}/shop` },
        { TagKey: 'cert-sync/chain', TagValue: `${chain}:${leaf.notBefore.getTime() / 1_000}` },
      ],
    },
  ])
  await eventually('an Event names the id', async () => {
    const events = await cluster.admin.listEvents(world.namespace, 'shop')
    return events.some(
      (it) => it.reason === 'CertificateUploaded' && it.note?.includes(`${idOf(world, chain)}`),
    )
  })
  expect(await operator.stop()).toBe(0)
  expect(operator.stderr).toBe('')
})

scenario('every parameter of UploadCertificate can be set by annotation', async (world) => {
  const leaf = await leafFor('shop.example.com')
  await world.createSecret('shop', {
    chain: [leaf, issuer],
    annotations: {
      alias: 'web {name} for {domain}',
      certificateUse: 'CLB',
      projectId: '1634827',
      tags: 'team=payments,tier=1',
    },
  })
  world.startOperator()

  await world.eventuallySynced('shop', chainFingerprint('SVR', leaf, issuer))

  expect(world.simulator.certificates()).toMatchObject([
    { alias: 'web shop for shop.example.com', projectId: 1634827, use: 'CLB', type: 'SVR' },
  ])
  expect(world.simulator.certificates()[0]?.tags).toContainEqual({ TagKey: 'team', TagValue: 'payments' })
  expect(world.simulator.calls('UploadCertificate')[0]?.repeatable).toBe(false)
})

scenario('a renewal gets a new id, and the old one is remembered', async (world) => {
  const [first, second] = [await leafFor('shop.example.com'), await leafFor('shop.example.com')]
  await world.createSecret('shop', { chain: [first, issuer] })
  world.startOperator()
  const before = await world.eventuallySynced('shop', chainFingerprint('SVR', first, issuer))

  await world.renewSecret('shop', { chain: [second, issuer] })
  const after = await world.eventuallySynced('shop', chainFingerprint('SVR', second, issuer))

  expect(after.uploaded?.certificateId).not.toBe(before.uploaded?.certificateId)
  expect(after.previous.map((it) => it.certificateId)).toEqual([before.uploaded?.certificateId])
  expect(world.uploads()).toBe(2)
})

scenario(
  'a new intermediate for the same leaf gets a copy of its own, and going back finds the old',
  async (world) => {
    const leaf = await leafFor('shop.example.com')
    const [oldChain, newChain] = [
      chainFingerprint('SVR', leaf, issuer),
      chainFingerprint('SVR', leaf, crossSigned, otherRoot),
    ]
    await world.createSecret('shop', { chain: [leaf, issuer] })
    world.startOperator()
    const before = await world.eventuallySynced('shop', oldChain)

    await world.renewSecret('shop', { chain: [leaf, crossSigned, otherRoot] })
    const after = await world.eventuallySynced('shop', newChain)
    expect(after.uploaded?.certificateId).toBe(idOf(world, newChain))
    expect(after.intent).toBeUndefined()

    await world.renewSecret('shop', { chain: [leaf, issuer] })
    const back = await world.eventuallySynced('shop', oldChain)
    expect(back.uploaded?.certificateId).toBe(before.uploaded?.certificateId)
    expect(world.simulator.certificates()).toHaveLength(2)
  },
)

scenario('rolling back to an earlier certificate takes its id over again', async (world) => {
  const [first, second] = [await leafFor('shop.example.com'), await leafFor('shop.example.com')]
  const chain = chainFingerprint('SVR', first, issuer)
  await world.createSecret('shop', { chain: [first, issuer] })
  const operator = world.startOperator()
  const before = await world.eventuallySynced('shop', chain)
  await world.renewSecret('shop', { chain: [second, issuer] })
  await world.eventuallySynced('shop', chainFingerprint('SVR', second, issuer))
  await operator.kill()

  await world.renewSecret('shop', { chain: [first, issuer] })
  world.startOperator()

  const back = await world.eventuallySynced('shop', chain)
  expect(back.uploaded?.certificateId).toBe(before.uploaded?.certificateId)
  expect(world.simulator.certificates()).toHaveLength(2)
})

scenario('two Secrets with one certificate share its id', async (world) => {
  const leaf = await leafFor('shop.example.com')
  const chain = chainFingerprint('SVR', leaf, issuer)
  await Promise.all(
    ['one', 'two', 'three'].map((name) => world.createSecret(name, { chain: [leaf, issuer] })),
  )
  world.startOperator()

  const statuses = await Promise.all(
    ['one', 'two', 'three'].map((name) => world.eventuallySynced(name, chain)),
  )

  expect(new Set(statuses.map((it) => it.uploaded?.certificateId))).toEqual(new Set([idOf(world, chain)]))
  expect(world.uploads()).toBe(1)
})

scenario('a server certificate and a CA certificate never share an id', async (world) => {
  const root = await createAuthority({ name: 'Private root' })
  const leaf = await createLeaf({ issuer: root, commonName: 'shop.example.com' })
  await world.createSecret('server', { chain: [leaf, root], ca: [root] })
  await world.createSecret('authority', {
    chain: [leaf, root],
    ca: [root],
    annotations: { certificateType: 'CA' },
  })
  world.startOperator()

  const server = await world.eventuallySynced('server', chainFingerprint('SVR', leaf, root))
  const authority = await world.eventuallySynced('authority', chainFingerprint('CA', root))

  expect(authority.uploaded?.certificateId).not.toBe(server.uploaded?.certificateId)
  expect(
    world.simulator
      .certificates()
      .map((it) => it.type)
      .sort(),
  ).toEqual(['CA', 'SVR'])
})

scenario('opting out and in again changes nothing in the account', async (world) => {
  const leaf = await leafFor('shop.example.com')
  const chain = chainFingerprint('SVR', leaf, issuer)
  await world.createSecret('shop', { chain: [leaf, issuer] })
  const operator = await world.startOperator().ready()
  const before = await world.eventuallySynced('shop', chain)

  await world.annotate('shop', { upload: null })
  await eventually('its series are gone', async () => !(await operator.metrics()).includes('name="shop"'))
  await world.annotate('shop', { upload: 'true' })
  await eventually('its series are back', async () => (await operator.metrics()).includes('name="shop"'))

  expect((await world.status('shop')).uploaded).toEqual(before.uploaded)
  expect(world.uploads()).toBe(1)
  expect(await world.requests({ verb: 'patch' })).toHaveLength(1)
})

scenario(
  'a stripped status comes back, key by key and whole, without a second certificate',
  async (world) => {
    const leaf = await leafFor('shop.example.com')
    const chain = chainFingerprint('SVR', leaf, issuer)
    await world.createSecret('shop', { chain: [leaf, issuer], annotations: { requestedAt: 'once' } })
    let operator = world.startOperator()
    await world.eventuallyStatus('shop', 'request handled', (it) => it.handledRequest === 'once')
    const whole = await cluster.admin.annotations(world.namespace, 'shop')
    const present = Object.values(statusKeys).filter((key) => whole[key] !== undefined)
    expect(present.length).toBeGreaterThanOrEqual(11)

    for (const key of present) {
      // An id that was taken over has no settings on record.
      if ((await cluster.admin.annotations(world.namespace, 'shop'))[key] === undefined) continue
      await cluster.admin.updateSecret(world.namespace, 'shop', { annotations: { [key]: null } })
      await cluster.admin.eventually(world.namespace, 'shop', `${key} is back`, (secret) => {
        return secret?.metadata.annotations?.[key] !== undefined
      })
      expect((await world.status('shop')).uploaded?.certificateId).toBe(whole[statusKeys.certificateId])
      // A new process: neither the memory of ids nor the write budget helps.
      if (key === present.at(-1)) break
      await operator.kill()
      operator = world.startOperator()
      await operator.ready()
    }
    await world.wipeStatus('shop')
    const back = await world.eventuallySynced('shop', chain)

    expect(back.uploaded?.certificateId).toBe(whole[statusKeys.certificateId])
    expect(world.simulator.certificates()).toHaveLength(1)
  },
)

scenario('changed settings are said once and never upload', async (world) => {
  const leaf = await leafFor('shop.example.com')
  const chain = chainFingerprint('SVR', leaf, issuer)
  await world.createSecret('shop', { chain: [leaf, issuer] })
  world.startOperator()
  await world.eventuallySynced('shop', chain)

  await world.annotate('shop', { alias: 'another', tags: 'a=b' })
  await world.eventuallyStatus('shop', 'SettingsNotApplied', (it) => it.reason === 'SettingsNotApplied')
  await world.annotate('shop', { alias: null, tags: null })
  await world.eventuallyStatus('shop', 'CertificateUploaded', (it) => it.reason === 'CertificateUploaded')

  expect(world.uploads()).toBe(1)
})

scenario('another account gets the certificate once, and the first keeps its own', async (world) => {
  const leaf = await leafFor('shop.example.com')
  const chain = chainFingerprint('SVR', leaf, issuer)
  await world.createSecret('shop', { chain: [leaf, issuer] })
  const operator = world.startOperator()
  await world.eventuallySynced('shop', chain)
  await operator.kill()

  world.startOperator({ account: 'second' })
  const after = await world.eventuallyStatus('shop', 'the account is the second', (it) => {
    return it.uploaded?.account.startsWith('second@') ?? false
  })

  expect(after.phase).toBe('Synced')
  expect(after.previous).toEqual([])
  expect(world.uploads()).toBe(2)
})

scenario('twenty resyncs after one change are one upload and one PATCH', async (world) => {
  const leaf = await leafFor('shop.example.com')
  await world.createSecret('shop', { chain: [leaf, issuer] })
  const operator = await world.startOperator({ resync: '100ms' }).ready()
  await world.eventuallySynced('shop', chainFingerprint('SVR', leaf, issuer))

  await eventually('20 resyncs', async () => {
    return (await operator.metric('tencent_cert_sync_reconcile_total', { step: 'Synced' })) >= 20
  })

  expect(world.uploads()).toBe(1)
  expect(await world.requests({ verb: 'patch' })).toHaveLength(1)
})

scenario('twenty resyncs of a Secret that the service refuses are one call and one PATCH', async (world) => {
  world.simulator.fault({ kind: 'error', code: 'FailedOperation.CertificateInvalid' })
  const leaf = await leafFor('shop.example.com')
  await world.createSecret('shop', { chain: [leaf, issuer] })
  const operator = await world.startOperator({ resync: '100ms' }).ready()
  await world.eventuallyStatus('shop', 'Rejected', (it) => it.phase === 'Rejected')

  await eventually('20 resyncs', async () => {
    return (await operator.metric('tencent_cert_sync_reconcile_total', { step: 'StillRejected' })) >= 20
  })

  expect(world.uploads()).toBe(1)
  expect(await world.requests({ verb: 'patch' })).toHaveLength(1)
})

scenario(
  'resyncs of a failing Secret are one PATCH, and calls only as the back-off allows',
  async (world) => {
    world.simulator.fault({ kind: 'http-status', status: 503 })
    const leaf = await leafFor('shop.example.com')
    await world.createSecret('shop', { chain: [leaf, issuer] })
    const operator = await world.startOperator({ resync: '100ms' }).ready()
    await world.eventuallyStatus('shop', 'Failed', (it) => it.reason === 'ServiceUnavailable')

    await eventually('30 looks', async () => {
      return (await operator.metric('tencent_cert_sync_reconcile_total', { step: 'BackOff' })) >= 30
    })

    const starts = world.simulator.calls('UploadCertificate').map((it) => it.arrivedMs)
    const gaps = starts.slice(1).map((at, index) => at - (starts[index] ?? 0))
    // 1 s, 2 s, 4 s, ... less up to a fifth.
    for (const [index, gap] of gaps.entries()) expect(gap).toBeGreaterThan(0.79 * 1_000 * 2 ** index)
    expect(await world.requests({ verb: 'patch' })).toHaveLength(1)
  },
)

scenario('a restart with everything synced uploads nothing and writes nothing', async (world) => {
  const names = Array.from({ length: 12 }, (_, index) => `shop-${index}`)
  const leaves = await Promise.all(names.map((name) => leafFor(`${name}.example.com`)))
  await Promise.all(
    names.map((name, i) => world.createSecret(name, { chain: [leaves[i] ?? issuer, issuer] })),
  )
  const first = await world.startOperator().ready()
  await Promise.all(
    names.map((name, i) =>
      world.eventuallySynced(name, chainFingerprint('SVR', leaves[i] ?? issuer, issuer)),
    ),
  )
  await first.stop()
  const writes = (await world.requests({ verb: 'patch' })).length
  const calls = world.simulator.calls().length

  const second = await world.startOperator().ready()
  await eventually('all are looked at', async () => {
    return (await second.metric('tencent_cert_sync_reconcile_total', { step: 'Synced' })) >= names.length
  })

  expect(world.simulator.calls()).toHaveLength(calls)
  expect(await world.requests({ verb: 'patch' })).toHaveLength(writes)
})

scenario('requested-at asks for the id, and uploads again when it is gone', async (world) => {
  const leaf = await leafFor('shop.example.com')
  const chain = chainFingerprint('SVR', leaf, issuer)
  await world.createSecret('shop', { chain: [leaf, issuer] })
  world.startOperator()
  const before = await world.eventuallySynced('shop', chain)

  await world.annotate('shop', { requestedAt: '2026-01-01T00:00:00Z' })
  await world.eventuallyStatus('shop', 'handled', (it) => it.handledRequest === '2026-01-01T00:00:00Z')
  expect(world.uploads()).toBe(1)

  world.simulator.removeCertificate(before.uploaded?.certificateId ?? '')
  await world.annotate('shop', { requestedAt: 'again' })
  const after = await world.eventuallyStatus('shop', 'handled', (it) => it.handledRequest === 'again')
  expect(after.uploaded?.certificateId).toBe(idOf(world, chain))
  expect(after.uploaded?.certificateId).not.toBe(before.uploaded?.certificateId)
  expect(world.uploads()).toBe(2)
})

scenario('repeatable gives each Secret a copy of its own, at most one a chain', async (world) => {
  const leaf = await leafFor('shop.example.com')
  const chain = chainFingerprint('SVR', leaf, issuer)
  for (const name of ['one', 'two']) {
    await world.createSecret(name, { chain: [leaf, issuer], annotations: { repeatable: 'true' } })
  }
  world.startOperator()
  const one = await world.eventuallySynced('one', chain)
  const two = await world.eventuallySynced('two', chain)
  expect(one.uploaded?.certificateId).not.toBe(two.uploaded?.certificateId)

  await world.wipeStatus('one')
  const back = await world.eventuallySynced('one', chain)
  expect(back.uploaded?.certificateId).toBe(one.uploaded?.certificateId)
  expect(world.simulator.certificates()).toHaveLength(2)
  for (const { id } of world.simulator.certificates().slice(1)) world.simulator.removeCertificate(id)
})

scenario('dry run writes nothing and sends nothing', async (world) => {
  const leaf = await leafFor('shop.example.com')
  await world.createSecret('shop', { chain: [leaf, issuer] })
  await world.createSecret('broken', { chain: [leaf, issuer], key: (await leafFor('x')).keyPem })
  const operator = await world
    .startOperator({ resync: '200ms' }, { TENCENT_CERT_SYNC_DRY_RUN: 'true' })
    .ready()
  await eventually('it says what it would do', async () => {
    return (await operator.metric('tencent_cert_sync_dry_run_total', { step: 'UploadCertificate' })) >= 3
  })

  expect(world.simulator.calls()).toEqual([])
  expect(await world.requests({ verb: ['patch', 'create', 'update', 'delete'] })).toEqual([])
  expect(await world.status('broken')).toMatchObject({ phase: undefined })
})
