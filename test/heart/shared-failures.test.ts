import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Fault, noAnswer, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const minute = 60_000
const count = 12
const action = 'UploadCertificate'
/** A certificate that is mirrored: half of the Secrets share a namespace. */
const keys = Array.from({ length: count }, (_, i) => `${i % 2 === 0 ? 'team' : `mirror${i}`}/site${i}`)

let material: TestMaterial
let chains: TestChain[]
let world: World

beforeAll(async () => {
  material = await createMaterial()
  chains = await Promise.all(Array.from({ length: count }, () => material.another()))
})

beforeEach(() => {
  world = createWorld()
})

/** Calls take 300 ms. */
function createWorld(fault?: Fault): World {
  const created = new World({ service: { serviceMs: 300 } })
  created.service.fault = fault
  created.start()
  return created
}

function putAll({ store }: World, chainOf: (i: number) => TestChain | undefined): void {
  for (const [i, key] of keys.entries()) store.put(key, userAnnotations(), chainOf(i)?.data ?? {})
}

/** What all Secrets cost so far. */
function costOf({ store, service }: World): { readonly reads: number; readonly calls: number } {
  return { reads: keys.reduce((sum, key) => sum + store.gets(key), 0), calls: service.calls.length }
}

/** What they cost in the first minutes, and then in as many at rest. */
async function costsOf(of: World) {
  await of.clock.advance(3 * minute)
  const first = costOf(of)
  await of.clock.advance(3 * minute)
  const all = costOf(of)
  return { first, rest: { reads: all.reads - first.reads, calls: all.calls - first.calls } }
}

const rejection = serviceError({ failure: 'rejected', action, code: 'FailedOperation.CertificateInvalid' })

describe('Secrets with one chain whose upload fails', () => {
  it.each<[string, Fault]>([
    ['with InternalError', () => serviceError({ failure: 'outage', action, code: 'InternalError' })],
    ['for reasons of the certificate', () => rejection],
    [
      'because of the rate',
      () => serviceError({ failure: 'throttled', action, code: 'RequestLimitExceeded' }),
    ],
    ['without an answer', () => noAnswer(action)],
  ])('cost hardly more than Secrets with a chain each: %s', async (_, fault) => {
    const [shared, separate] = [createWorld(fault), createWorld(fault)]
    putAll(shared, () => material.first)
    putAll(separate, (i) => chains[i])
    const [cost, usual] = [await costsOf(shared), await costsOf(separate)]
    expect(cost.first.calls).toBeLessThanOrEqual(usual.first.calls * 1.1)
    expect(cost.first.reads).toBeLessThanOrEqual(usual.first.reads * 3)
    expect(cost.rest.calls).toBeLessThanOrEqual(usual.rest.calls * 1.1)
    expect(cost.rest.reads).toBeLessThanOrEqual(usual.rest.reads * 1.5)
  })

  it('each say why, and are read no more often than it takes', async () => {
    world.service.fault = () => rejection
    putAll(world, () => material.first)
    await world.until(() => keys.every((key) => world.status(key).phase === 'Rejected'), minute)
    expect(costOf(world).reads).toBeLessThanOrEqual(5 * count)
  })

  it('for reasons of their own do not keep back one of another namespace', async () => {
    world.service.fault = ({ upload }) => (upload?.projectId === 666 ? rejection : undefined)
    for (let i = 0; i < 100; i++) {
      world.store.put(`evil/${i}`, userAnnotations({ projectId: '666' }), material.first.data)
    }
    await world.until(() => world.service.calls.length > 3)
    world.store.put('web/site', userAnnotations(), material.first.data)
    await world.until(() => world.status('web/site').phase === 'Synced', 3_000, 100)
  })

  it('are uploaded although the one that was being uploaded is deleted', async () => {
    let failing = true
    world.service.fault = () => (failing ? rejection : undefined)
    putAll(world, () => material.first)
    await world.until(() => world.service.calls.length === 1, minute, 10)
    failing = false
    const owners = new Set(world.service.calls[0]?.upload?.tags.map((it) => it.value))
    const uploading = keys.filter((key) => owners.has(key))
    expect(uploading).toHaveLength(1)
    for (const key of uploading) world.store.delete(key)
    const others = keys.filter((key) => !owners.has(key))
    await world.until(() => others.every((key) => world.status(key).phase === 'Synced'), minute)
  })
})

describe('a Secret whose turn comes after a call that failed', () => {
  it('keeps nobody back who waits with it when it cannot be read', async () => {
    const [first, second, third] = ['a/site', 'b/site', 'c/site'] as const
    let failing = true
    world.service.fault = () => (failing ? rejection : undefined)
    await world.clock.advance(2_000)
    for (const key of [first, second, third]) world.store.put(key, userAnnotations(), material.first.data)
    await world.clock.advance(200)
    expect(world.service.calls).toHaveLength(1)
    world.store.unreadable.add(second)
    failing = false
    await world.until(() => world.status(third).phase === 'Synced', minute)
    expect(world.service.calls).toHaveLength(2)
    expect(world.status(second).phase).toBeUndefined()
  })
})

describe('Secrets with one chain', () => {
  it('are synced as soon as one of them is, and read no more often', async () => {
    await world.clock.advance(2_000)
    putAll(world, () => material.first)
    await world.until(() => keys.every((key) => world.status(key).phase === 'Synced'), 500, 100)
    expect(world.service.calls).toHaveLength(1)
    expect(costOf(world).reads).toBeLessThanOrEqual(3 * count)
    for (const key of keys) expect(world.events.reasons(key)).toHaveLength(1)
  })
})
