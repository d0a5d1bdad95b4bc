import { beforeAll, describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/ports/service-error.ts'
import type { ServiceCall } from '../fakes/certificate-service.ts'
import { createMaterial, type TestChain, type TestMaterial } from './material.ts'
import { userAnnotations } from './observed.ts'
import { World } from './world.ts'

const key = 'web/site'
const upload = 'UploadCertificate'

let material: TestMaterial
let world: World

beforeAll(async () => {
  material = await createMaterial()
})

const timeout = () =>
  new ServiceError({ failure: 'outage', action: upload, code: 'Timeout', reached: 'unknown' })

/** A copy is told by the end of its alias, whether it is asked for with Repeatable=true or not. */
const isOfCopy = ({ upload: request }: ServiceCall) => /[0-9a-f]{16}$/.test(request?.alias ?? '')

const scenes: readonly (readonly [
  string,
  (material: TestMaterial) => readonly TestChain[],
  string | undefined,
])[] = [
  ['a copy of its own', ({ first }) => [first], 'true'],
  ['a chain-only change', ({ first, firstAgain }) => [first, firstAgain], undefined],
]

/** Gives a Secret all chains of a scene; the last one is that of the copy. */
async function copy(chains: readonly TestChain[], repeatable: string | undefined): Promise<TestChain> {
  const last = chains.at(-1) as TestChain
  world.start()
  for (const chain of chains.slice(0, -1)) {
    world.store.put(key, userAnnotations({ repeatable }), chain.data)
    await world.settle()
  }
  if (world.store.keys().length === 0) world.store.put(key, userAnnotations({ repeatable }), last.data)
  else world.store.replaceData(key, last.data)
  return last
}

function expectOneCopy({ chainFingerprint }: TestChain): void {
  expect(world.status(key)).toMatchObject({ phase: 'Synced', uploaded: { chainFingerprint } })
  expect(world.service.withChain(chainFingerprint)).toHaveLength(1)
  expect(world.certificateOf(key)?.chain).toBe(chainFingerprint)
}

describe.each(scenes)('%s', (_, chains, repeatable) => {
  it.each([1_000, 15_000, 30_000, 59_000])(
    'whose call timed out is found although it is listed only %d ms later: no second one is made',
    async (lagMs) => {
      world = new World()
      world.service.listingLagMs = lagMs
      let lost = 0
      world.service.lostAnswer = (call) => (isOfCopy(call) && lost++ === 0 ? timeout() : undefined)
      const last = await copy(chains(material), repeatable)
      await world.clock.advance(5 * 60_000)
      expect(lost).toBeGreaterThan(0)
      expectOneCopy(last)
    },
  )

  it.each([2_000, 15_000, 59_000])(
    'after which the process died is found although it is listed only %d ms later',
    async (lagMs) => {
      world = new World()
      world.service.listingLagMs = lagMs
      world.service.lostAnswer = (call) => {
        if (isOfCopy(call)) world.process.kill()
        return undefined
      }
      const last = await copy(chains(material), repeatable)
      await world.until(() => world.process.dead)
      world.service.lostAnswer = undefined
      world.start()
      await world.clock.advance(5 * 60_000)
      expectOneCopy(last)
    },
  )

  it('whose call never arrived is made in the end', async () => {
    world = new World()
    let failed = 0
    world.service.fault = (call) => (isOfCopy(call) && failed++ === 0 ? timeout() : undefined)
    const last = await copy(chains(material), repeatable)
    await world.clock.advance(5 * 60_000)
    expect(failed).toBeGreaterThan(1)
    expectOneCopy(last)
  })
})

describe('a chain-only change that the service stores without a copy', () => {
  it.each([15_000, 59_000])(
    'and whose answer was lost is found although it is listed only %d ms later and nothing names it',
    async (lagMs) => {
      world = new World({ service: { compares: 'chain', duplicates: 'refused', canFindByChain: false } })
      world.service.listingLagMs = lagMs
      const last = material.firstAgain
      let lost = 0
      await copy([material.first], undefined)
      await world.clock.advance(2 * 60_000)
      world.service.lostAnswer = (call) => (call.action === upload && lost++ === 0 ? timeout() : undefined)
      world.store.replaceData(key, last.data)
      await world.clock.advance(5 * 60_000)
      expect(lost).toBeGreaterThan(0)
      expectOneCopy(last)
    },
  )
})

describe('a copy of its own that is gone', () => {
  const lagMs = 30_000

  /** The Secret's own copy is deleted; whatever is stored from now on is listed late. */
  async function gone(): Promise<void> {
    world = new World({ service: { names: 'newest' } })
    world.start()
    world.store.put(key, userAnnotations({ repeatable: 'true' }), material.first.data)
    await world.settle()
    world.service.listingLagMs = lagMs
    world.service.delete(world.ids([key])[0] ?? '')
    world.ask(key)
  }

  it.each(['goes on', 'dies'] as const)(
    'and whose upload was lost is found, whatever the next answer would name, where the process %s',
    async (fate) => {
      await gone()
      let lost = 0
      world.service.lostAnswer = (call) => {
        if (call.action !== upload || lost++ > 0) return undefined
        // Now the service would name this one: the retry proves nothing of the first call.
        world.service.add({ certificate: String(material.first.data['tls.crt']) })
        if (fate === 'dies') world.process.kill()
        return timeout()
      }
      if (fate === 'dies') {
        await world.until(() => world.process.dead)
        world.start()
      }
      await world.clock.advance(5 * 60_000)
      expect(lost).toBeGreaterThan(0)
      expect(world.status(key).phase).toBe('Synced')
      const own = world.service.certificates.filter((it) => it.tags.some(({ value }) => value === key))
      expect(own.map((it) => it.certificateId)).toEqual(world.ids([key]))
    },
  )
})

describe('two copies of their own of one chain', () => {
  it('are one each although the answer to one is lost while the other is answered', async () => {
    world = new World({ service: { serviceMs: 200 } })
    world.service.listingLagMs = 59_000
    let lost = 0
    world.service.lostAnswer = ({ upload: request }) =>
      request?.tags.some(({ value }) => value === key) && lost++ === 0 ? timeout() : undefined
    world.start()
    for (const secret of [key, 'shop/site', 'web/other']) {
      world.store.put(secret, userAnnotations({ repeatable: 'true' }), material.first.data)
    }
    await world.clock.advance(5 * 60_000)
    expect(lost).toBeGreaterThan(0)
    expect(world.service.certificates).toHaveLength(3)
    expect(world.status(key).phase).toBe('Synced')
  })
})
