import { afterAll, describe, expect, test } from 'vitest'
import { rungs } from '../../src/ledger/cosmetics-ladder.ts'
import { sharedCluster } from '../control-plane/shared-cluster.ts'
import {
  bundle,
  chainFingerprint,
  createAuthority,
  createLeaf,
  crossSign,
  type TestCertificate,
} from '../fixtures/certificates.ts'
import { expectEverythingTrue } from '../harness/invariants.ts'
import { Scene } from '../harness/scene.ts'
import { eventually } from '../harness/world.ts'
import { type Profile, profileNames, profiles } from '../simulator/profile.ts'

/*
 * One certificate per chain and type (I1), a true status (I6), and nothing cosmetic in the way (I13): under everything
 * that the service may do with a duplicate, a tag or an alias. Kills under every profile are in killed.test.ts.
 */

const cluster = sharedCluster()
afterAll(() => cluster.close())

const issuer = await createAuthority({ name: 'Issuer' })
const otherRoot = await createAuthority({ name: 'Other root' })
const crossSigned = await crossSign(issuer, otherRoot)

type Chain = readonly [TestCertificate, ...TestCertificate[]]

/** A new leaf, with its issuer, and with the same issuer as another root signed it. */
const newChains = async (): Promise<{ readonly chain: Chain; readonly other: Chain }> => {
  const leaf = await createLeaf({ issuer, commonName: 'shop.example.com' })
  return { chain: [leaf, issuer], other: [leaf, crossSigned, otherRoot] }
}
const newChain = async () => (await newChains()).chain
const chainOf = (chain: Chain) => chainFingerprint('SVR', ...chain)
/** When a chain's leaf begins, s since the epoch. */
const beginning = ([leaf]: Chain) => leaf.notBefore.getTime() / 1_000

/** An operator under one profile. Uploads are counted in calls that every profile needs; a refusal of tags adds some. */
class Stage {
  readonly scene: Scene
  readonly profile: Profile

  constructor(scene: Scene, profile: Profile) {
    this.scene = scene
    this.profile = profile
  }

  get world() {
    return this.scene.world
  }

  get simulator() {
    return this.scene.world.simulator
  }

  create(name: string, chain: Chain, annotations: Parameters<typeof this.world.annotate>[1] = {}) {
    const given = Object.entries(annotations).flatMap(([key, value]) =>
      value === null ? [] : [[key, value]],
    )
    return this.world.createSecret(name, { chain, annotations: Object.fromEntries(given) })
  }

  async change(name: string, chain: Chain) {
    await this.world.renewSecret(name, { chain })
    return this.synced(name, chain)
  }

  /** Lets time pass until the Secret is synced: whatever was lost is tried again. */
  async synced(name: string, chain: Chain) {
    const wanted = chainOf(chain)
    await eventually(`${name} is synced with ${wanted}`, async () => {
      const { phase, uploaded } = await this.world.status(name)
      if (phase === 'Synced' && uploaded?.chainFingerprint === wanted) return true
      this.scene.clock.leap(250)
      return false
    })
    return this.world.status(name)
  }

  /** The chains that the account holds, oldest first. */
  held(): string[] {
    return this.simulator.certificates().map((it) => it.chainFingerprint)
  }

  /** No more calls than `needed` and, where tags are refused, once more a rung for each Secret that has one in them. */
  expectUploads(needed: number, secrets = needed): void {
    const most = this.profile.tags === 'refused' ? needed + secrets * (rungs.length - 1) : needed
    expect(this.world.uploads()).toBeLessThanOrEqual(most)
  }
}

const scenarios: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  async 'first sync'(stage) {
    const chain = await newChain()
    await stage.create('shop', chain)
    const status = await stage.synced('shop', chain)
    expect(status.origin).toBe('Uploaded')
    expect(status.reason).toBe(stage.profile.tags === 'refused' ? 'SettingsRefused' : 'CertificateUploaded')
    expect(stage.held()).toEqual([chainOf(chain)])
    stage.expectUploads(1)
  },

  async renewal(stage) {
    const [first, second] = [await newChain(), await newChain()]
    await stage.create('shop', first)
    const before = await stage.synced('shop', first)
    const after = await stage.change('shop', second)
    expect(after.previous.map((it) => it.certificateId)).toEqual([before.uploaded?.certificateId])
    expect(stage.held()).toEqual([first, second].map(chainOf))
    stage.expectUploads(2)
  },

  async 'a change of the chain alone, and back'(stage) {
    const { chain, other } = await newChains()
    await stage.create('shop', chain)
    const before = await stage.synced('shop', chain)
    const after = await stage.change('shop', other)
    expect(after).toMatchObject({ origin: 'Uploaded', intent: undefined })
    const back = await stage.change('shop', chain)
    expect(back.uploaded?.certificateId).toBe(before.uploaded?.certificateId)
    expect(stage.held()).toEqual([chain, other].map(chainOf))
    stage.expectUploads(3)
  },

  async 'the chain changes while nobody looks, forth and back'(stage) {
    const { chain, other } = await newChains()
    await stage.create('shop', chain)
    await stage.synced('shop', chain)
    for (const next of [other, chain, other]) {
      await stage.scene.startOperator()
      await stage.change('shop', next)
    }
    expect(stage.held()).toEqual([chain, other].map(chainOf))
  },

  async 'roll-back to an earlier certificate, by the same operator and by the next'(stage) {
    const [first, second] = [await newChain(), await newChain()]
    await stage.create('shop', first)
    const before = await stage.synced('shop', first)
    const between = await stage.change('shop', second)
    expect((await stage.change('shop', first)).uploaded).toEqual(before.uploaded)
    await stage.scene.startOperator()
    expect((await stage.change('shop', second)).uploaded).toEqual(between.uploaded)
    expect(stage.held()).toEqual([first, second].map(chainOf))
  },

  async 'two Secrets with one certificate, and a third for the next operator'(stage) {
    const chain = await newChain()
    await Promise.all(['one', 'two'].map((name) => stage.create(name, chain)))
    const [one, two] = [await stage.synced('one', chain), await stage.synced('two', chain)]
    stage.expectUploads(1, 2)
    await stage.scene.startOperator()
    await stage.create('three', chain)
    const three = await stage.synced('three', chain)
    expect([two, three].map((it) => it.uploaded)).toEqual([one.uploaded, one.uploaded])
    expect(stage.held()).toEqual([chainOf(chain)])
  },

  async 'two Secrets change to the same other chain'(stage) {
    const { chain, other } = await newChains()
    await Promise.all(['one', 'two'].map((name) => stage.create(name, chain)))
    for (const name of ['one', 'two']) await stage.synced(name, chain)
    await Promise.all(['one', 'two'].map((name) => stage.change(name, other)))
    expect(stage.held()).toEqual([chain, other].map(chainOf))
  },

  async 'a status that is wiped, with and without an operator that remembers'(stage) {
    const chain = await newChain()
    await stage.create('shop', chain)
    const before = await stage.synced('shop', chain)
    await stage.world.wipeStatus('shop')
    expect((await stage.synced('shop', chain)).uploaded).toEqual(before.uploaded)
    stage.expectUploads(1)
    await stage.world.wipeStatus('shop')
    await stage.scene.startOperator()
    expect((await stage.synced('shop', chain)).uploaded).toEqual(before.uploaded)
    expect(stage.held()).toEqual([chainOf(chain)])
  },

  async 'every answer lost, at the first upload, at a renewal and at a change of the chain'(stage) {
    const first = await newChain()
    const { chain, other } = await newChains()
    const lose = () => stage.simulator.fault({ kind: 'lose-response', action: 'UploadCertificate', times: 3 })
    lose()
    await stage.create('shop', first)
    await stage.synced('shop', first)
    for (const next of [chain, other]) {
      stage.simulator.clearFaults()
      lose()
      await stage.change('shop', next)
    }
    expect(stage.held()).toEqual([first, chain, other].map(chainOf))
  },

  async 'a certificate that somebody else uploaded'(stage) {
    const chain = await newChain()
    const theirs = stage.simulator.addCertificate({ certificate: bundle(...chain), alias: 'theirs' })
    await stage.create('shop', chain)
    const status = await stage.synced('shop', chain)
    expect(status).toMatchObject({
      origin: 'Adopted',
      reason: 'CertificateAdopted',
      settings: undefined,
      uploaded: { certificateId: theirs.id },
    })
    expect(stage.simulator.certificates()).toEqual([theirs])
  },

  async 'long alias, many tags, reserved tags'(stage) {
    const chain = await newChain()
    await stage.create('shop', chain, {
      alias: `{namespace} ${'long '.repeat(40)}`,
      certificateUse: 'CLB',
      tags: `${Array.from({ length: 20 }, (_, n) => `key-${n}=value`).join(',')},qcloud-x=y,projectile=z`,
    })
    const status = await stage.synced('shop', chain)
    expect(status).toMatchObject({ origin: 'Uploaded', reason: 'SettingsRefused' })
    expect(stage.held()).toEqual([chainOf(chain)])
    stage.expectUploads(1)
  },

  async 'a certificate that is gone is uploaded again on request'(stage) {
    const chain = await newChain()
    await stage.create('shop', chain)
    const before = await stage.synced('shop', chain)
    // Until then, a certificate that is not listed may be listed late.
    stage.scene.clock.leap(60_000)
    stage.simulator.removeCertificate(before.uploaded?.certificateId ?? '')
    await stage.world.annotate('shop', { requestedAt: 'now' })
    const after = await stage.world.eventuallyStatus('shop', 'handled', (it) => it.handledRequest === 'now')
    expect(after.previous).toEqual([])
    expect(stage.held()).toEqual([chainOf(chain)])
  },
}

/** Scenarios after which a status may name a chain that its id does not hold, or an account holds copies on purpose. */
const peculiar: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  async "somebody else's upload of the same leaf with another chain"(stage) {
    const { chain, other } = await newChains()
    const theirs = stage.simulator.addCertificate({ certificate: bundle(...other), alias: 'theirs' })
    await stage.create('shop', chain)
    const { uploaded, origin, message } = await stage.synced('shop', chain)
    const certificate = stage.simulator.certificates().find((it) => it.id === uploaded?.certificateId)
    expect(certificate?.leafFingerprint).toBe(uploaded?.fingerprint)
    if (stage.profile.duplicatesBy === 'chain') {
      expect(certificate?.chainFingerprint).toBe(chainOf(chain))
      expect(stage.held()).toEqual([other, chain].map(chainOf))
    } else {
      expect(certificate).toEqual(theirs)
      expect(origin).toBe('Adopted')
      expect(message).toContain('chain')
      expect(stage.held()).toEqual([chainOf(other)])
    }
  },

  async 'repeatable: a copy for each Secret and chain, however often it starts anew'(stage) {
    const { chain, other } = await newChains()
    for (const name of ['one', 'two']) await stage.create(name, chain, { repeatable: 'true' })
    const before = [await stage.synced('one', chain), await stage.synced('two', chain)]
    expect(before[0]?.uploaded?.certificateId).not.toBe(before[1]?.uploaded?.certificateId)
    for (const name of ['one', 'two']) await stage.world.wipeStatus(name)
    await stage.scene.startOperator()
    const after = [await stage.synced('one', chain), await stage.synced('two', chain)]
    expect(after.map((it) => it.uploaded)).toEqual(before.map((it) => it.uploaded))
    stage.simulator.fault({ kind: 'lose-response', action: 'UploadCertificate', times: 2 })
    for (const name of ['one', 'two']) await stage.change(name, other)
    expect(stage.held()).toEqual([chain, chain, other, other].map(chainOf))
  },

  async 'a server certificate and its authority never share an id'(stage) {
    const root = await createAuthority({ name: 'Private root' })
    const leaf = await createLeaf({ issuer: root, commonName: 'shop.example.com' })
    const chain: Chain = [leaf, root]
    for (const [name, annotations] of [
      ['server', {}],
      ['authority', { certificateType: 'CA' }],
    ] as const) {
      await stage.world.createSecret(name, { chain, ca: [root], annotations })
    }
    const server = await stage.synced('server', chain)
    const authority = await stage.world.eventuallySynced('authority', chainFingerprint('CA', root))
    const idOf = (type: string) => stage.simulator.certificates().find((it) => it.type === type)?.id
    expect(server.uploaded?.certificateId).toBe(idOf('SVR'))
    expect(authority.uploaded?.certificateId).toBe(idOf('CA'))
    for (const name of ['server', 'authority']) await stage.world.wipeStatus(name)
    await stage.scene.startOperator()
    expect((await stage.synced('server', chain)).uploaded).toEqual(server.uploaded)
    const again = await stage.world.eventuallySynced('authority', chainFingerprint('CA', root))
    expect(again.uploaded).toEqual(authority.uploaded)
    expect(stage.simulator.certificates()).toHaveLength(2)
  },
}

describe.each(profileNames.map((name) => profiles[name]))('profile $name', (profile) => {
  for (const [name, run] of Object.entries({ ...scenarios, ...peculiar })) {
    test.concurrent(name, async () => {
      await using scene = await Scene.create(cluster, { profile: profile.name, namespaces: 1 })
      await scene.startOperator()
      await run(new Stage(scene, profile))
      if (Object.hasOwn(scenarios, name)) await expectEverythingTrue(scene.world)
      expect(scene.world.simulator.maxInAnySecond('UploadCertificate')).toBeLessThanOrEqual(10)
    })
  }
})

describe('where the service says that it exists, and not where', () => {
  const refused = { kind: 'error', code: 'UnauthorizedOperation.CamNoAuth' } as const

  for (const [what, options] of [
    ['the site lacks the search by chain', { profile: 'international-strict' }],
    ['the search by chain is not allowed', { profile: 'certificate-exists' }],
  ] as const) {
    const lookups = async (run: (stage: Stage) => Promise<void>) => {
      await using scene = await Scene.create(cluster, options)
      const { simulator } = scene.world
      simulator.fault({
        kind: 'error',
        code: 'FailedOperation.CertificateExists',
        action: 'UploadCertificate',
      })
      if (options.profile !== 'international-strict') {
        simulator.fault({ ...refused, action: 'CheckCertificateExist' })
      }
      await scene.startOperator()
      await run(new Stage(scene, profiles[options.profile]))
    }

    test.concurrent(`${what}: it is found by our tags`, () =>
      lookups(async (stage) => {
        const chain = await newChain()
        const { namespace } = stage.world
        const ours = stage.simulator.addCertificate({
          certificate: bundle(...chain),
          tags: [
            { TagKey: 'cert-sync/cluster', TagValue: 'test' },
            { TagKey: 'cert-sync/secret', TagValue: `${namespace}/shop` },
            { TagKey: 'cert-sync/chain', TagValue: `${chainOf(chain)}:${beginning(chain)}` },
          ],
        })
        await stage.create('shop', chain)
        const { uploaded } = await stage.synced('shop', chain)
        expect(uploaded?.certificateId).toBe(ours.id)
        expect(stage.world.uploads()).toBe(1)
        await expectEverythingTrue(stage.world)
      }))

    test.concurrent(`${what}: without our tags it is somewhere else, and tried again`, () =>
      lookups(async (stage) => {
        const chain = await newChain()
        stage.simulator.addCertificate({ certificate: bundle(...chain), alias: 'theirs' })
        await stage.create('shop', chain)
        await stage.world.eventuallyStatus('shop', 'elsewhere', (it) => it.reason === 'ExistsElsewhere')
        stage.scene.clock.leap(600_000)
        await eventually('it is tried again', () => stage.world.uploads() === 2)
        expect((await stage.world.status('shop')).uploaded).toBeUndefined()
      }))
  }
})
