import { beforeAll, describe, expect, it } from 'vitest'
import type { Tag } from '../../src/ports/ssl-service.ts'
import { noAnswer, serviceError } from '../fakes/certificate-service.ts'
import { createLeaf } from '../fixtures/certificates.ts'
import {
  chainOf,
  createMaterial,
  notAfter,
  notBefore,
  type TestChain,
  type TestMaterial,
} from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const victim = 'web/site'
const tenant = 'evil/site'

let material: TestMaterial
/** A certificate of the tenant's, valid exactly as long as the victim's. */
let twin: TestChain
let world: World

beforeAll(async () => {
  material = await createMaterial()
  twin = await material.another()
})

/** What the victim does: it comes to hold a chain of which a copy is made. */
interface Scene {
  readonly chain: (material: TestMaterial) => TestChain
  /** The victim's Secret just before; nothing of it yet where it wants a copy of its own. */
  readonly begin: (world: World) => Promise<void>
  readonly end: (world: World) => Promise<void>
}

const scenes: Readonly<Record<string, Scene>> = {
  'a copy of its own': {
    chain: ({ first }) => first,
    begin: async () => {},
    end: async (world) => {
      world.store.put(victim, userAnnotations({ repeatable: 'true' }), material.first.data)
      await world.clock.advance(60_000)
    },
  },
  'a chain-only change': {
    chain: ({ firstAgain }) => firstAgain,
    begin: async (world) => {
      world.store.put(victim, userAnnotations(), material.first.data)
      await world.settle()
    },
    end: async (world) => {
      world.store.replaceData(victim, material.firstAgain.data)
      await world.clock.advance(60_000)
    },
  },
}

/** The suffix that the operator gives to the copy in a scene: everybody who can read the Secret can compute it. */
async function suffixIn({ begin, end }: Scene): Promise<string> {
  const rehearsal = new World()
  rehearsal.start()
  await begin(rehearsal)
  await end(rehearsal)
  const endsInSuffix = /[0-9a-f]{16}$/
  const copy = rehearsal.service.calls.find(({ upload }) => endsInSuffix.test(upload?.alias ?? ''))?.upload
  const suffix = endsInSuffix.exec(copy?.alias ?? '')?.[0]
  if (suffix === undefined) throw new Error('no copy was made')
  return suffix
}

function expectOwn({ chain }: Scene): void {
  expect(world.status(victim).phase).toBe('Synced')
  expect(world.certificateOf(victim)?.chain).toBe(chain(material).chainFingerprint)
  expect(world.service.withChain(chain(material).chainFingerprint)).toHaveLength(1)
}

const pem = ({ data }: TestChain) => String(data['tls.crt'])

describe.each(Object.entries(scenes))('a forged alias, with %s', (_, scene) => {
  const cluster = { key: 'cert-sync/cluster', value: 'test' }
  const secret = { key: 'cert-sync/secret', value: victim }
  const foreign: Readonly<Record<string, (chain: TestChain) => readonly Tag[]>> = {
    'no tag': () => [],
    "the tenant's tags": () => [cluster, { key: 'cert-sync/secret', value: tenant }],
    "another cluster's tags": () => [{ key: 'cert-sync/cluster', value: 'other' }, secret],
    'tags of no operator': () => [{ key: 'team', value: 'shop' }],
    'our tags and no chain': () => [cluster, secret],
    'our tags and another chain': ({ chainFingerprint }) => [
      cluster,
      secret,
      { key: 'cert-sync/chain', value: `${chainFingerprint}:${notBefore.getTime() / 1_000}` },
    ],
  }

  it.each(Object.entries(foreign))('of a certificate with %s deceives nobody', async (_, tags) => {
    const suffix = await suffixIn(scene)
    world = new World()
    world.start()
    await scene.begin(world)
    const forged = world.service.add({
      certificate: pem(twin),
      alias: `${victim} ${suffix}`,
      tags: tags(twin),
    })
    await scene.end(world)
    expect(world.ids([victim])).not.toContain(forged)
    expectOwn(scene)
  })

  it.each<[string, (suffix: string) => readonly [string, string | undefined]]>([
    ['that is the suffix', (suffix) => [tenant, suffix]],
    ['that ends in it', (suffix) => [tenant, `${victim} ${suffix}`]],
    ['that ends in it without a space', (suffix) => [tenant, `site-${suffix}`]],
    ['that has it in the middle', (suffix) => [tenant, `site ${suffix} x`]],
    ['that is the name of the Secret', (suffix) => [`evil/${suffix}`, '{name}']],
    ['that is the default', (suffix) => [`evil/${suffix}`, undefined]],
  ])('cannot be made by another Secret of this operator with an alias %s', async (_, forge) => {
    const [secret, alias] = forge(await suffixIn(scene))
    world = new World()
    world.start()
    await scene.begin(world)
    world.store.put(secret, userAnnotations({ alias }), twin.data)
    await world.settle()
    await scene.end(world)
    expect(world.certificateOf(secret)?.chain).toBe(twin.chainFingerprint)
    expect(world.ids([victim])).not.toEqual(world.ids([secret]))
    expectOwn(scene)
  })
})

describe("an alias that has the form of the operator's suffix", () => {
  const suffix = '0123456789abcdef'

  it.each<[string, string, string]>([
    ['as it is', tenant, suffix],
    ['at its end', tenant, `site ${suffix}`],
    ['by the name of the certificate', tenant, '{domain}'],
  ])('is left out and named: %s', async (_, key, alias) => {
    const certificate = await createLeaf({ commonName: `site ${suffix}`, dnsNames: [], notBefore, notAfter })
    world = new World()
    world.start()
    world.store.put(key, userAnnotations({ alias }), chainOf(certificate).data)
    await world.settle()
    expect(world.status(key)).toMatchObject({ phase: 'Synced', reason: 'SettingsRefused' })
    expect(world.status(key).message).toContain('alias')
    expect(world.certificateOf(key)?.alias).not.toMatch(/(^| )[0-9a-f]{16}$/)
    expect(world.service.calls).toHaveLength(1)
  })
})

describe('a copy whose answer is lost', () => {
  /** Three Secrets of two namespaces learn that the account takes no tags. */
  async function accountWithoutTags(): Promise<void> {
    world = new World()
    world.service.fault = ({ upload }) =>
      upload?.tags.length
        ? serviceError({ failure: 'cosmetic', action: 'UploadCertificate', code: 'InvalidParameter' })
        : undefined
    world.start()
    for (const key of ['a/one', 'a/two', 'b/one', 'b/two']) {
      world.store.put(key, userAnnotations(), (await material.another()).data)
      await world.settle()
    }
  }

  function loseOneCopy(): void {
    let lost = 0
    world.service.lostAnswer = ({ upload }) =>
      upload?.repeatable && lost++ === 0 ? noAnswer('UploadCertificate') : undefined
  }

  it.each(Object.entries(scenes))('is found by its alias and tags: %s', async (_, scene) => {
    world = new World()
    world.start()
    await scene.begin(world)
    loseOneCopy()
    await scene.end(world)
    expectOwn(scene)
  })

  it.each(Object.entries(scenes))(
    'is found by its alias alone where the account takes no tags: %s',
    async (_, scene) => {
      await accountWithoutTags()
      await scene.begin(world)
      loseOneCopy()
      await scene.end(world)
      expectOwn(scene)
      expect(world.certificateOf(victim)?.tags).toEqual([])
    },
  )
})

describe('an account that takes no tags', () => {
  it('has one copy of each chain although a new process knows nothing of that', async () => {
    world = new World()
    world.service.fault = ({ upload }) =>
      upload?.tags.length
        ? serviceError({ failure: 'cosmetic', action: 'UploadCertificate', code: 'InvalidParameter' })
        : undefined
    world.start()
    world.store.put(victim, userAnnotations(), material.first.data)
    await world.clock.advance(60_000)
    for (const chain of [material.firstAgain, material.first, material.firstAgain]) {
      world.store.replaceData(victim, chain.data)
      world.start()
      await world.clock.advance(60_000)
      expect(world.status(victim).phase).toBe('Synced')
      expect(world.certificateOf(victim)?.chain).toBe(chain.chainFingerprint)
    }
    expect(world.service.certificates).toHaveLength(2)
  })
})
