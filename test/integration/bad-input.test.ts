import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { statusPrefix } from '../../src/contract/annotation-keys.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import { badMaterial } from '../fixtures/bad-material.ts'
import {
  bundle,
  chainFingerprint,
  createAuthority,
  createLeaf,
  crossSign,
  type TestCertificate,
} from '../fixtures/certificates.ts'
import { Canaries } from '../harness/canary.ts'
import { expectHealthyNeighbour } from '../harness/healthy-neighbour.ts'
import type { OperatorProcess } from '../harness/operator-process.ts'
import { eventually, World } from '../harness/world.ts'

const cluster = sharedCluster()
afterAll(() => cluster.close())

const issuer = await createAuthority({ name: 'Issuer' })
const leafFor = (commonName: string) => createLeaf({ issuer, commonName })

/** A test with a world of its own; afterwards the operator must be alive and serve a neighbour in good time. */
function scenario(name: string, run: (world: World) => Promise<OperatorProcess>): void {
  test.concurrent(name, async () => {
    await using world = await World.create(cluster, { namespaces: 2 })
    await expectHealthyNeighbour(world, await run(world))
  })
}

/** The id under which the cloud holds exactly this chain. */
function idOf(world: World, chain: string | undefined): string | undefined {
  return world.simulator.certificates().find((it) => it.chainFingerprint === chain)?.id
}

/** The most memory that the process ever had resident, MiB. */
function peakMemory(operator: OperatorProcess): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${operator.pid}/status`, 'utf8'))?.[1]) / 1024
}

scenario('every damaged Secret says once which data key to mend, and how', async (world) => {
  const good = await leafFor('shop.example.com')
  const table = await badMaterial(good, issuer)
  const canaries = new Canaries().addKey('the good key', good.key)
  for (const { name, type, data } of table) {
    await cluster.admin.createTlsSecret(world.namespace, name, {
      annotations: world.annotationsOf({ annotations: { certificateType: type } }),
      data: { ...data },
    })
  }
  const operator = world.startOperator({ resync: '1s' })

  for (const { name, reason, says } of table) {
    const status = await world.eventuallyStatus(name, 'Rejected', (it) => it.phase === 'Rejected')
    const message = status.message ?? ''
    expect({ name, reason: status.reason, begins: message.slice(0, says.length) }).toEqual({
      name,
      reason,
      begins: says,
    })
    // What is wrong, and what to do about it.
    expect(message).toMatch(/^(tls\.crt|tls\.key|ca\.crt|The certificate in tls\.crt) .*\. [A-Z].*\.$/)
    expect(message.length).toBeLessThan(250)
    expect(canaries.tracesIn(JSON.stringify(await cluster.admin.annotations(world.namespace, name)))).toEqual(
      [],
    )
  }

  await eventually('four resyncs', async () => {
    return (
      (await operator.metric('tencent_cert_sync_reconcile_total', { step: 'Rejected' })) >= 5 * table.length
    )
  })
  for (const { name, reason, says } of table) {
    expect(await world.requests({ verb: 'patch', name })).toHaveLength(1)
    const events = await cluster.admin.listEvents(world.namespace, name)
    expect(events).toMatchObject([{ type: 'Warning', reason, note: expect.stringContaining(says) }])
  }
  expect(world.uploads()).toBe(0)
  // Nine of them are a megabyte large, and eight are looked at at a time.
  expect(peakMemory(operator)).toBeLessThan(256)
  return operator
})

scenario('sound certificates in an unusual form are uploaded, clean and in order', async (world) => {
  const [root, otherRoot] = [
    await createAuthority({ name: 'Root' }),
    await createAuthority({ name: 'Other root' }),
  ]
  const intermediate = await createAuthority({ name: 'Intermediate', issuer: root })
  const crossSigned = await crossSign(intermediate, otherRoot)
  const names = [
    'reordered',
    'cross-signed',
    'doubled',
    'windows',
    'comments',
    'parameters',
    'emoji',
    'immutable',
  ]
  const leaves = await Promise.all(
    names.map((name) =>
      createLeaf({
        issuer: intermediate,
        // Half an emoji at every even place: no text may be cut there.
        commonName: name === 'emoji' ? `x${'\u{1f512}'.repeat(70)}` : `${name}.example.com`,
        dnsNames: [`${name}.example.com`],
      }),
    ),
  )
  const leaf = (name: string) => leaves[names.indexOf(name)] as TestCertificate
  const plain = (name: string) => bundle(leaf(name), intermediate)
  const forms: Record<string, { crt: string; key?: string; chain?: TestCertificate[] }> = {
    reordered: { crt: bundle(intermediate, root, leaf('reordered')), chain: [intermediate, root] },
    'cross-signed': {
      crt: bundle(leaf('cross-signed'), crossSigned, root, intermediate),
      chain: [intermediate, root, crossSigned],
    },
    doubled: { crt: plain('doubled').repeat(700) },
    windows: {
      crt: `\ufeff${plain('windows').replaceAll('\n', '\r\n')}`,
      key: leaf('windows').keyPemTraditional,
    },
    comments: { crt: `${'# \u00e9t\u00e9\n'.repeat(110_000)}${plain('comments')}` },
    parameters: {
      crt: plain('parameters').trimEnd(),
      key: `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${leaf('parameters').keyPemTraditional}`,
    },
    emoji: { crt: plain('emoji') },
    immutable: { crt: plain('immutable') },
  }
  for (const [name, { crt, key = leaf(name).keyPem }] of Object.entries(forms)) {
    await cluster.admin.createTlsSecret(world.namespace, name, {
      annotations: world.annotationsOf({ annotations: { alias: '{name} {domain}' } }),
      data: { 'tls.crt': crt, 'tls.key': key },
    })
  }
  await cluster.admin.patchSecret(world.namespace, 'immutable', { immutable: true })
  const operator = world.startOperator({ resync: '500ms' })

  for (const [name, { chain = [intermediate] }] of Object.entries(forms)) {
    const status = await world.eventuallySynced(name, chainFingerprint('SVR', leaf(name), ...chain))
    expect(status.uploaded?.certificateId).toBe(idOf(world, status.uploaded?.chainFingerprint))
  }
  await eventually('four resyncs', async () => {
    return (
      (await operator.metric('tencent_cert_sync_reconcile_total', { step: 'Synced' })) >= 4 * names.length
    )
  })

  for (const name of names) {
    expect({ name, writes: (await world.requests({ verb: 'patch', name })).length }).toEqual({
      name,
      writes: 1,
    })
    expect(await cluster.admin.listEvents(world.namespace, name)).toHaveLength(1)
  }
  expect(world.uploads()).toBe(names.length)
  return operator
})

scenario(
  'what is not opted in is not even read, and an opt-in that is unclear is reported once',
  async (world) => {
    const leaf = await leafFor('shop.example.com')
    const data = { 'tls.crt': bundle(leaf, issuer), 'tls.key': leaf.keyPem }
    const optedIn = world.annotationsOf({})
    await cluster.admin.createTlsSecret(world.namespace, 'absent', { data })
    await cluster.admin.createTlsSecret(world.namespace, 'other-key', {
      data,
      annotations: { upload: 'true' },
    })
    await cluster.admin.createSecret(world.namespace, 'opaque', {
      data,
      annotations: optedIn,
      type: 'Opaque',
    })
    const foreign = ['absent', 'other-key', 'opaque']
    const unclear = { yes: 'yes', upper: 'TRUE', one: '1', nothing: '', long: 't'.repeat(10_000) }
    for (const [name, upload] of Object.entries({ ...unclear, no: 'false' })) {
      await world.createSecret(name, { chain: [leaf, issuer], annotations: { upload } })
    }
    const before = await Promise.all(
      [...foreign, 'no'].map((name) => cluster.admin.getSecret(world.namespace, name)),
    )
    const operator = world.startOperator({ resync: '200ms' })

    for (const name of Object.keys(unclear)) {
      const { reason, message } = await world.eventuallyStatus(
        name,
        'Rejected',
        (it) => it.phase === 'Rejected',
      )
      expect(reason).toBe('InvalidAnnotation')
      expect(message).toMatch(
        /^tencent-cert-sync\.io\/upload must be "true" or "false", not (".*"|a text of \d+ characters)\. Correct the annotation/,
      )
      expect(message?.length).toBeLessThan(250)
    }
    await eventually('five resyncs', async () => {
      return (await operator.metric('tencent_cert_sync_reconcile_total', { step: 'Rejected' })) >= 25
    })

    for (const name of Object.keys(unclear)) {
      expect(await world.requests({ verb: 'patch', name })).toHaveLength(1)
      expect(await cluster.admin.listEvents(world.namespace, name)).toHaveLength(1)
    }
    for (const name of foreign) expect(await world.requests({ name })).toEqual([])
    expect(await world.requests({ verb: 'patch', name: 'no' })).toEqual([])
    const after = await Promise.all(
      [...foreign, 'no'].map((name) => cluster.admin.getSecret(world.namespace, name)),
    )
    expect(after).toEqual(before)
    expect(world.uploads()).toBe(0)
    return operator
  },
)

scenario(
  'status annotations that do not fit cost one Event and one upload, and are written once they fit',
  async (world) => {
    const leaf = await leafFor('shop.example.com')
    const chain = chainFingerprint('SVR', leaf, issuer)
    // The API server takes 256 KiB of annotations.
    const filler = 'x'.repeat(256 * 1024 - 200)
    await cluster.admin.createTlsSecret(world.namespace, 'shop', {
      annotations: { ...world.annotationsOf({}), 'example.com/notes': filler },
      data: { 'tls.crt': bundle(leaf, issuer), 'tls.key': leaf.keyPem },
    })
    const operator = await world.startOperator({ resync: '200ms' }).ready()
    await eventually('an Event says so', async () => {
      return (await cluster.admin.listEvents(world.namespace, 'shop')).length > 0
    })
    const looks = async () => operator.metric('tencent_cert_sync_reconcile_total', { step: 'Synced' })
    const seen = await looks()
    await eventually('20 more looks', async () => (await looks()) >= seen + 20)

    expect(await cluster.admin.listEvents(world.namespace, 'shop')).toMatchObject([
      {
        type: 'Warning',
        reason: 'StatusNotWritable',
        note: expect.stringContaining('annotations: Too long'),
      },
    ])
    expect(await world.requests({ verb: 'patch' })).toHaveLength(1)
    expect(world.uploads()).toBe(1)

    // As many bytes, other ones: a foreign touch, and still no room.
    await cluster.admin.updateSecret(world.namespace, 'shop', {
      annotations: { 'example.com/notes': filler.replaceAll('x', 'y') },
    })
    const touched = await looks()
    await eventually('10 more looks', async () => (await looks()) >= touched + 10)
    expect((await world.requests({ verb: 'patch' })).length).toBeLessThanOrEqual(2)
    expect(await cluster.admin.listEvents(world.namespace, 'shop')).toHaveLength(1)

    await cluster.admin.updateSecret(world.namespace, 'shop', { annotations: { 'example.com/notes': null } })
    const status = await world.eventuallySynced('shop', chain)
    expect(status.uploaded?.certificateId).toBe(idOf(world, chain))
    expect(world.uploads()).toBe(1)
    return operator
  },
)

scenario(
  'a Secret that is deleted, replaced or opted out in the middle of its upload is left alone',
  async (world) => {
    const { admin } = cluster
    const { namespace, simulator } = world
    const names = [
      'deleted',
      'recreated',
      'replaced',
      'not-ours',
      'opaque',
      'opted-out',
      'terminating',
      'damaged',
    ]
    const pairs = await Promise.all(
      names.map(async (name) => [name, await leafFor(`${name}.example.com`)] as const),
    )
    const leaves = Object.fromEntries(pairs) as Record<string, TestCertificate>
    const leaf = (name: string) => leaves[name] as TestCertificate
    const chain = (name: string) => chainFingerprint('SVR', leaf(name), issuer)
    const next = await leafFor('next.example.com')
    // Until a call for a namespace was answered, it leaves some slots to others.
    const operator = await world.startOperator().ready()
    await world.createSecret('first', { chain: [await leafFor('first.example.com'), issuer] })
    await world.eventuallyStatus('first', 'Synced', (it) => it.phase === 'Synced')
    const hold = simulator.fault({ kind: 'hold', at: 'before-answer' })
    for (const name of names) await world.createSecret(name, { chain: [leaf(name), issuer] })
    await admin.patchSecret(namespace, 'terminating', { metadata: { finalizers: ['example.com/wait'] } })
    await eventually('all uploads wait for their answer', () => hold.holding === names.length)

    for (const name of ['deleted', 'recreated', 'replaced', 'not-ours', 'opaque', 'terminating']) {
      await admin.deleteSecret(namespace, name)
    }
    await world.createSecret('recreated', { chain: [leaf('recreated'), issuer] })
    await world.createSecret('replaced', { chain: [next, issuer] })
    await world.createSecret('not-ours', { chain: [leaf('not-ours'), issuer], optedIn: false })
    await admin.createSecret(namespace, 'opaque', {
      type: 'Opaque',
      annotations: world.annotationsOf({}),
      data: { 'tls.crt': bundle(leaf('opaque'), issuer), 'tls.key': leaf('opaque').keyPem },
    })
    await world.annotate('opted-out', { upload: null })
    await admin.updateSecret(namespace, 'damaged', { data: { 'tls.crt': 'no longer a certificate' } })
    hold.remove()

    const recreated = await world.eventuallySynced('recreated', chain('recreated'))
    expect(recreated.uploaded?.certificateId).toBe(idOf(world, chain('recreated')))
    const replaced = await world.eventuallySynced('replaced', chainFingerprint('SVR', next, issuer))
    expect(replaced).toMatchObject({ origin: 'Uploaded', previous: [] })
    const damaged = await world.eventuallyStatus('damaged', 'Rejected', (it) => it.phase === 'Rejected')
    expect(damaged).toMatchObject({ reason: 'CertificateUnreadable', uploaded: undefined })
    // What was uploaded in vain is found again, and not uploaded twice.
    await world.createSecret('deleted', { chain: [leaf('deleted'), issuer] })
    const again = await world.eventuallySynced('deleted', chain('deleted'))
    expect(again.uploaded?.certificateId).toBe(idOf(world, chain('deleted')))

    await eventually('nothing is under way', async () => {
      return (await operator.metric('tencent_cert_sync_queue_depth')) === 0
    })
    for (const name of ['not-ours', 'opaque', 'opted-out', 'terminating']) {
      const annotations = Object.keys(await admin.annotations(namespace, name))
      expect({ name, ours: annotations.filter((key) => key.startsWith(statusPrefix)) }).toEqual({
        name,
        ours: [],
      })
    }
    expect(world.uploads()).toBe(names.length + 2)
    return operator
  },
)
