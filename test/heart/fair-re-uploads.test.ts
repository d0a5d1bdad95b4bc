import { beforeAll, describe, expect, it } from 'vitest'
import { userKeys } from '../../src/contract/annotation-keys.ts'
import { NotLeadingError } from '../../src/ports/not-leading-error.ts'
import { noAnswer, serviceError } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { uploadedStatus, userAnnotations } from './observed.ts'
import { World, type WorldOptions } from './world.ts'

let material: TestMaterial
let chains: TestChain[]

beforeAll(async () => {
  material = await createMaterial()
  chains = await Promise.all(Array.from({ length: 30 }, () => material.another()))
})

/** A Secret of a namespace has a certificate in the account, for longer than it may be listed late. */
async function victim(options: WorldOptions = {}): Promise<World> {
  const world = new World(options)
  world.start()
  world.store.put('web/site', userAnnotations(), material.first.data)
  await world.clock.advance(70_000)
  return world
}

/** Secrets that name ids that never existed, and ask for them: each of them is uploaded again. */
function putGone(world: World, keys: readonly string[]): void {
  for (const [i, key] of keys.entries()) {
    const chain = chains[i] as TestChain
    const status = uploadedStatus(chain, `gone${i}`)
    world.store.put(key, { ...userAnnotations({ requestedAt: 'now' }), ...status }, chain.data)
  }
}

/** The certificate is deleted, and somebody asks for it. */
function loseCertificate(world: World): void {
  world.service.delete(world.status('web/site').uploaded?.certificateId ?? '')
  world.ask('web/site', 'please')
}

function poison(world: World, namespace: string): void {
  world.service.fault = ({ action, upload }) =>
    upload?.tags.some((it) => it.value.startsWith(`${namespace}/`))
      ? serviceError({ failure: 'outage', action, code: 'InternalError' })
      : undefined
}

const isBack = (world: World) => () => world.certificateOf('web/site') !== undefined

describe('a certificate that is gone', () => {
  it('is uploaded again soon beside thirty of another namespace that fail, whatever is asked for there', async () => {
    const world = await victim({ service: { serviceMs: 2_000 } })
    poison(world, 'evil')
    const evil = chains.map((_, i) => `evil/${i}`)
    putGone(world, evil)
    // This process has not seen these ids: they count as gone after a second lookup.
    await world.clock.advance(70_000)
    expect(world.status('evil/0').uploaded).toBeUndefined()
    let requests = 0
    const tick = async () => {
      for (const key of evil) {
        if (requests++ % 3 === 0) world.store.edit(key, { [userKeys.requestedAt]: String(requests) })
      }
      for (let i = 0; i < 10; i++) await world.clock.advance(100)
    }
    for (let i = 0; i < 30; i++) await tick()
    loseCertificate(world)
    const from = world.clock.elapsed()
    while (!isBack(world)()) {
      await tick()
      // Two lookups, the call of another one, its own.
      expect(world.clock.elapsed() - from).toBeLessThan(20_000)
    }
  })

  it('is uploaded again as soon as the one before has ended: nobody waits for a poll', async () => {
    const world = await victim({ service: { serviceMs: 100 } })
    poison(world, 'evil')
    putGone(world, ['evil/0', 'evil/1', 'evil/2', 'evil/3'])
    await world.clock.advance(70_000)
    await world.until(() => world.status('evil/0').phase === 'Failed')
    loseCertificate(world)
    await world.until(isBack(world), 3_000, 100)
  })

  /** A re-upload is under way for two more seconds, and these wait for their turn, in this order. */
  async function waiting(keys: readonly string[], options: WorldOptions = {}): Promise<World> {
    const world = await victim({ service: { serviceMs: 2_000 }, ...options })
    poison(world, 'web')
    putGone(world, keys)
    // Their second lookup is under way.
    await world.clock.advance(61_500)
    loseCertificate(world)
    await world.until(() => world.service.count('UploadCertificate') === 2, 10_000, 100)
    await world.until(
      () => keys.every((key) => world.status(key).reason === 'CertificateMissing'),
      1_000,
      100,
    )
    expect(world.service.count('UploadCertificate')).toBe(2)
    return world
  }

  it.each<[string, (world: World) => void]>([
    ['deleted', (world) => world.store.delete('evil/site')],
    ['paused', (world) => world.store.edit('evil/site', { [userKeys.paused]: 'true' })],
    ['opted out', (world) => world.store.edit('evil/site', { [userKeys.upload]: null })],
    ['impossible to read', (world) => world.store.unreadable.add('evil/site')],
  ])('does not wait for one that was %s before its turn', async (_, happens) => {
    const world = await waiting(['evil/site', 'shop/site'])
    happens(world)
    await world.until(() => world.certificateOf('shop/site') !== undefined, 10_000, 100)
  })

  it('does not ask the API server again and again for its turn while the service does not answer', async () => {
    const world = new World({ service: { serviceMs: 100 } })
    world.start()
    world.service.fault = ({ action }) => (action === 'UploadCertificate' ? noAnswer(action) : undefined)
    const keys = chains.map((_, i) => `web/${i}`)
    putGone(world, keys)
    await world.clock.advance(10 * 60_000)
    const gets = () => keys.reduce((sum, key) => sum + world.store.gets(key), 0)
    const [getsBefore, uploadsBefore] = [gets(), world.service.count('UploadCertificate')]
    await world.clock.advance(20 * 60_000)
    const uploads = world.service.count('UploadCertificate') - uploadsBefore
    expect(uploads).toBeGreaterThan(60)
    // When its back-off ends, when its turn comes, and with the permit.
    expect(gets() - getsBefore).toBeLessThan(3.5 * uploads)
    world.service.fault = undefined
    await world.until(() => keys.every((key) => world.certificateOf(key) !== undefined), 20 * 60_000)
  })

  it('does not wait for one whose call was given up because this process did not lead', async () => {
    let isLost = false
    const fence = {
      check: () => {
        if (!isLost) return
        isLost = false
        throw new NotLeadingError()
      },
    }
    const world = await waiting(['evil/site', 'shop/site'], { parts: { fence } })
    isLost = true
    await world.until(() => world.certificateOf('shop/site') !== undefined, 10_000, 100)
    expect(isLost).toBe(false)
    expect(world.status('web/site').phase).not.toBe('Synced')
  })
})
