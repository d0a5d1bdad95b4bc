import { beforeAll, describe, expect, it } from 'vitest'
import { ServiceError } from '../../src/ports/service-error.ts'
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
  it.each([1_000, 2_000, 4_000])(
    'whose call timed out is found although it is listed only %d ms later: no second one is made',
    async (lagMs) => {
      world = new World()
      world.service.listingLagMs = lagMs
      let lost = 0
      world.service.lostAnswer = (call) => (call.upload?.repeatable && lost++ === 0 ? timeout() : undefined)
      const last = await copy(chains(material), repeatable)
      await world.clock.advance(2 * 60_000)
      expect(lost).toBeGreaterThan(0)
      expectOneCopy(last)
    },
  )

  it.each([2_000, 4_000])(
    'after which the process died is found although it is listed only %d ms later',
    async (lagMs) => {
      world = new World()
      world.service.listingLagMs = lagMs
      world.service.lostAnswer = (call) => {
        if (call.upload?.repeatable) world.process.kill()
        return undefined
      }
      const last = await copy(chains(material), repeatable)
      await world.until(() => world.process.dead)
      world.service.lostAnswer = undefined
      world.start()
      await world.clock.advance(2 * 60_000)
      expectOneCopy(last)
    },
  )

  it('whose call never arrived is made in the end', async () => {
    world = new World()
    let failed = 0
    world.service.fault = (call) => (call.upload?.repeatable && failed++ === 0 ? timeout() : undefined)
    const last = await copy(chains(material), repeatable)
    await world.clock.advance(2 * 60_000)
    expect(failed).toBeGreaterThan(1)
    expectOneCopy(last)
  })
})
