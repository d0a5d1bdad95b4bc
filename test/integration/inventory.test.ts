import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { CertificateService } from '../../src/ports/ssl-service.ts'
import { createCredentials } from '../../src/tencent/credentials.ts'
import { createSslService } from '../../src/tencent/ssl-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from '../heart/material.ts'
import { userAnnotations } from '../heart/observed.ts'
import { World } from '../heart/world.ts'
import { type ProfileName, profileNames, profiles } from '../simulator/profile.ts'
import { type Simulator, startSimulator } from '../simulator/server.ts'

const hour = 3_600_000
const pair = { secretId: 'inventory-test-id', secretKey: 'inventory-test-key' }
const keys = ['a/site', 'b/site', 'c/site']

let material: TestMaterial
let chains: TestChain[]
let simulator: Simulator
let world: World
let calls = 0
const closing: (() => unknown)[] = []

beforeAll(async () => {
  material = await createMaterial()
  chains = await Promise.all(keys.map(() => material.another()))
})

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** The adapter, with its calls counted: time stands still while one is under way. */
function connect(profile: ProfileName): CertificateService {
  const service = createSslService({
    endpoint: { protocol: 'http', host: simulator.host, site: profiles[profile].site },
    credentials: createCredentials({ kind: 'environment', ...pair }, systemClock),
    clock: systemClock,
  })
  closing.push(() => service.close())
  const counted = async <T>(call: Promise<T>): Promise<T> => {
    calls++
    return call.finally(() => calls--)
  }
  return {
    upload: (request, signal) => counted(service.upload(request, signal)),
    describe: (query, signal) => counted(service.describe(query, signal)),
    findByChain: (certificate, signal) => counted(service.findByChain(certificate, signal)),
    canFindByChain: service.canFindByChain,
  }
}

/** Moves time on, until a condition holds where there is one. */
async function advance(ms: number, until: () => boolean = () => false): Promise<void> {
  const end = world.clock.elapsed() + ms
  while (world.clock.elapsed() < end && !until()) {
    while (calls > 0) await sleep(1)
    await world.clock.advance(2_000)
  }
  while (calls > 0) await sleep(1)
  await world.clock.advance(0)
}

/** Three Secrets that are synced with a simulated account that a first inventory has seen. */
async function synced(profile: ProfileName = 'default'): Promise<(string | undefined)[]> {
  simulator = await startSimulator({ credentials: [pair], profile, rateLimit: 1_000 })
  closing.push(() => simulator.close())
  world = new World({ parts: { inventoryMs: hour, service: connect(profile) } })
  for (const [i, chain] of chains.entries()) world.store.put(keys[i] ?? '', userAnnotations(), chain.data)
  world.start()
  const seen = () => world.controller.gauges().certificates()?.current === keys.length
  await advance(hour / 2, seen)
  expect(keys.map((key) => world.status(key).phase)).toEqual(keys.map(() => 'Synced'))
  return world.ids(keys)
}

describe.each(profileNames)('under the profile %s', (profile) => {
  test('a certificate that is deleted in the console is reported missing, and uploaded within two intervals', async () => {
    const [first, second, third] = await synced(profile)
    simulator.removeCertificate(second ?? '')

    await advance(2.5 * hour, () => ![second, undefined].includes(world.ids(keys)[1]))

    expect(world.events.reasons('b/site')).toContain('CertificateMissing')
    expect(world.ids(keys)).toEqual([first, expect.any(String), third])
    expect(
      simulator
        .certificates()
        .map((it) => it.id)
        .sort(),
    ).toEqual(world.ids(keys).sort())
    expect(simulator.certificates().map((it) => it.chainFingerprint)).toContain(chains[1]?.chainFingerprint)
  })
})

test('certificates that a permission hides are not visible, not gone: their ids stay, and there is no second one', async () => {
  const ids = await synced()
  simulator.setTraits({ visibleTag: { key: 'of-somebody-else' } })

  await advance(3 * hour, () => keys.some((key) => world.status(key).reason === 'NotVisible'))
  await advance(hour)

  expect(keys.map((key) => world.status(key).reason)).toContain('NotVisible')
  expect(world.ids(keys)).toEqual(ids)
  expect(simulator.certificates()).toHaveLength(keys.length)
})

test('an owner that is another one than before holds all uploads, and the log says why', async () => {
  await synced()
  simulator.setOwnerUin('200000000002')

  await advance(1.5 * hour, () => world.log.reasons().includes('AccountChanged'))
  world.store.put('new/site', userAnnotations(), material.first.data)
  await advance(60_000)

  expect(world.log.reasons()).toContain('AccountChanged')
  expect(world.status('new/site').reason).toBe('AccountChanged')
  expect(simulator.certificates()).toHaveLength(keys.length)
})

test('a permission that is missing is logged once for listings, once for lookups, and harms nobody', async () => {
  const ids = await synced()
  simulator.fault({ kind: 'error', code: 'UnauthorizedOperation', action: 'DescribeCertificates' })

  await advance(3.5 * hour)
  world.store.put('new/site', userAnnotations(), material.first.data)
  await advance(60_000)

  const refusals = world.log.lines.filter((it) => it.level === 'warn' && it.fields.reason === 'NotAllowed')
  expect(new Set(refusals.map((it) => it.message)).size).toBe(refusals.length)
  expect(refusals).toHaveLength(2)
  expect(world.ids(keys)).toEqual(ids)
  expect(world.status('new/site').phase).toBe('Synced')
})
